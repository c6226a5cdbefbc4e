"""What the people of the demo have texted: a week of reminders with answers, and threads of the last hours."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from portal.demo_cast import ACME, GLOBEX, Company
from portal.demo_history import Past

OPENING_HOURS = "We are open Monday to Friday from 8 to 6. In an emergency call +1 202 555 0110."
OPTED_OUT = "+14155550119"
PROGRAM = "Appointment system"
_DAYS = 7
_FIRST_HOUR, _LAST_HOUR = 8, 19
_FATES = ["delivered"] * 46 + ["sent", "sent", "phone_off", "no_such_phone", "filtered"]

# A phone, one of our numbers, a text: played in turn while the demo runs.
LIVE = (
    ("+14155550161", ACME.pool[0], "Hello, do you still have something free this week?"),
    ("+447700900161", GLOBEX.pool[0], "The driver rang but nobody was in. Can he come again?"),
    ("+14155550162", ACME.pool[2], "What are your opening hours?"),
    ("+14155550163", ACME.pool[1], "I got the invoice twice, which one counts?"),
    ("+447700900162", GLOBEX.pool[0], "Thanks, parcel arrived"),
    ("+14155550164", ACME.pool[0], "Running ten minutes late, sorry!"),
    ("+447700900163", GLOBEX.pool[1], "Is there a collection point near Camden?"),
    ("+14155550161", ACME.pool[0], "Thursday would be perfect 👍"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One text of a thread: from which side, how long after the one before, and by whom when it is ours."""

    way: str
    body: str
    minutes: float = 3
    author: str = ""
    fate: str = "delivered"
    picture: bool = False
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """A thread that ended so many minutes ago."""

    theirs: str
    name: str
    ours: str
    ended: int
    lines: tuple[Line, ...]


def _in(body: str, minutes: float = 4, *, unread: bool = False, picture: bool = False, fate: str = "delivered") -> Line:
    return Line("in", body, minutes, unread=unread, picture=picture, fate=fate)


def _out(body: str, minutes: float = 4, author: str = "", fate: str = "delivered") -> Line:
    return Line("out", body, minutes, author, fate)


_BOB, _ALICE, _SAM = "bob@acme.example", "alice@acme.example", "sam@acme.example"
_OMAR, _MALLORY = "omar@globex.example", "mallory@globex.example"

_SCRIPTS = {
    ACME.slug: (
        Script(
            "+14155550134",
            "Maria Ortega",
            ACME.pool[0],
            6,
            (
                _out("Hello Maria, your check-up is tomorrow at 9:30. Reply C to confirm. Acme Dental", 0),
                _in("C", 21),
                _out("Thank you, see you tomorrow!", 2, _BOB),
                _in("Can my son come along? He has a wobbly tooth", 35),
                _out("Of course, we will have a look. Please bring his insurance card.", 5, _BOB),
                _in("Will do, thank you 🙂", 3, unread=True),
            ),
        ),
        Script(
            "+14155550135",
            "James Whitlock",
            ACME.pool[0],
            18,
            (
                _in("My crown came off during lunch. What should I do?", 0),
                _in("This is how it looks", 1, picture=True),
                _out("Keep it safe and dry. Dr. Moreau can see you at 4 pm today, does that work?", 4, _ALICE),
                _in("Yes please!", 2, unread=True),
            ),
        ),
        Script(
            "+14155550136",
            "",
            ACME.pool[2],
            41,
            (_in("What are your hours on Friday?", 0), _out(OPENING_HOURS, 0.05), _in("Great, thanks", 6, unread=True)),
        ),
        Script(
            "+14155550137",
            "Priya Raman",
            ACME.pool[1],
            95,
            (
                _in("I think I was billed for two fillings instead of one", 0),
                _out("Thank you for telling us, I am looking into it.", 11, _SAM),
                _out("You are right. The corrected invoice is on its way, nothing to pay until then.", 38, _SAM),
                _in("Thank you for the quick answer", 7),
            ),
        ),
        Script(
            "+14155550138",
            "Tom Becker",
            ACME.pool[0],
            160,
            (
                _out("Hello Tom, we have an earlier slot: today at 5 pm. Do you want it?", 0, _BOB, "phone_off"),
                _out("Hello Tom, the 5 pm slot is still free.", 45, _BOB, "sent"),
            ),
        ),
        Script(
            "+14155550139",
            "Lena Hoffmann",
            ACME.pool[0],
            300,
            (
                _out("Hello Lena, did everything heal well?", 0, _ALICE),
                _in("Yes, no pain at all any more. You were great!", 64),
                _out("Wonderful to hear. Until the next check-up!", 8, _ALICE),
            ),
        ),
        Script(
            "+14155550143",
            "",
            ACME.pool[3],
            430,
            (_in("Is this the number of the orthodontist?", 0, fate="unrouted"),),
        ),
        Script(
            "+14155550144",
            "Noah Fischer",
            ACME.pool[0],
            520,
            (_out("Hello Noah, please call us about your X-ray.", 0, _BOB, "unknown"),),
        ),
        Script(OPTED_OUT, "", ACME.pool[0], 2900, (_out("Hello Ruth, it is time for a check-up.", 0), _in("STOP", 9))),
    ),
    GLOBEX.slug: (
        Script(
            "+447700900134",
            "Harriet Cole",
            GLOBEX.pool[0],
            9,
            (
                _out("Globex: parcel 7741 arrives today between 2 and 4 pm. Reply LATER for another day.", 0),
                _in("LATER please, I am at work until six", 12),
                _out("No problem. Tomorrow between 6 and 8 pm?", 5, _OMAR),
                _in("Perfect", 2, unread=True),
            ),
        ),
        Script(
            "+447700900135",
            "Baker & Sons",
            GLOBEX.pool[1],
            52,
            (
                _in("Two of the twelve crates are damaged, photo attached", 0, picture=True),
                _out("Sorry about that. A replacement leaves the depot this afternoon.", 9, _MALLORY),
                _in("Thanks for sorting it", 15),
            ),
        ),
        Script(
            "+447700900136",
            "",
            GLOBEX.pool[0],
            140,
            (_in("Where is my parcel? It should have been here yesterday", 0, unread=True),),
        ),
        Script(
            "+447700900137",
            "Amir Patel",
            GLOBEX.pool[0],
            380,
            (_out("Globex: we missed you. Your parcel waits at the depot, Unit 4.", 0, _OMAR, "no_such_phone"),),
        ),
    ),
}

_FIRST_NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gina", "Hugo", "Ines", "Jack", "Kira", "Leo", "Mona")
_OUTGOING = {
    ACME.slug: "Hello {name}, your appointment at Acme Dental is tomorrow at {hour}. Reply C to confirm.",
    GLOBEX.slug: "Globex: parcel {parcel} for {name} arrives today, about {hour}. Reply LATER for another day.",
}
_ANSWERS = {
    ACME.slug: ("C", "C", "Confirmed, thanks", "Can I come an hour later?", "Thank you", "I am ill, can we move it?"),
    GLOBEX.slug: ("LATER", "Leave it with the neighbour at 12", "Thanks", "Great", "I will be in", "Ring twice please"),
}
_PER_DAY = {ACME.slug: 26, GLOBEX.slug: 15}
_PHONES = {ACME.slug: "+141555501{:02}", GLOBEX.slug: "+4477009001{:02}"}


def week(company: Company, now: datetime) -> list[Past]:
    """Return the texts of the last seven days, up to now."""
    threads = [text for script in _SCRIPTS[company.slug] for text in _played(script, now)]
    return [*threads, *(text for text in _reminders(company, now) if text.at < now)]


def _played(script: Script, now: datetime) -> Iterator[Past]:
    at = now - timedelta(minutes=script.ended + sum(line.minutes for line in script.lines[1:]))
    for position, line in enumerate(script.lines):
        at += timedelta(minutes=line.minutes if position else 0)
        yield Past(
            at=at,
            way=line.way,
            ours=script.ours,
            theirs=script.theirs,
            body=line.body,
            author=line.author,
            fate=line.fate,
            name=script.name,
            picture=line.picture,
            unread=line.unread,
        )


def _reminders(company: Company, now: datetime) -> Iterator[Past]:
    """Yield what the company's program sends every day, and what people answer; the same in every demo."""
    dice = random.Random(company.slug)  # noqa: S311  a demo needs no secrets
    zone = ZoneInfo(company.time_zone)
    for days_ago in range(_DAYS - 1, -1, -1):
        day = (now.astimezone(zone) - timedelta(days=days_ago)).date()
        midnight = datetime.combine(day, time(), tzinfo=zone)
        weekend = day.weekday() >= 5
        for _number in range(_PER_DAY[company.slug] // (3 if weekend else 1) + dice.randrange(5)):
            at = midnight + timedelta(minutes=dice.randrange(_FIRST_HOUR * 60, _LAST_HOUR * 60))
            yield from _reminder(company, at, dice)


def _reminder(company: Company, at: datetime, dice: random.Random) -> Iterator[Past]:
    person = dice.randrange(len(_FIRST_NAMES))
    body = _OUTGOING[company.slug].format(
        name=_FIRST_NAMES[person],
        hour=f"{dice.randrange(8, 18)}:{dice.choice(('00', '15', '30'))}",
        parcel=at.day * 371,
    )
    # From 70 on: below stand the people of the threads, and the endings that the sandbox lets fail.
    phone = _PHONES[company.slug].format(70 + person)
    ours = company.pool[0]
    sent = Past(at=at, way="out", ours=ours, theirs=phone, body=body, fate=dice.choice(_FATES))
    yield sent
    if sent.fate == "delivered" and dice.random() < 0.55:
        answered = at + timedelta(minutes=dice.randrange(1, 90))
        yield replace(sent, at=answered, way="in", body=dice.choice(_ANSWERS[company.slug]))
