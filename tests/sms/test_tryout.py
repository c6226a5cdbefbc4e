"""The try-out answers what real texts would meet, and writes nothing."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from rules.changing import editing
from rules.changing.editing import InboundDraft, OutboundDraft, RouteDraft, TargetDraft
from rules.e164 import E164
from rules.models import Holiday, OfficeHours, RuleSet
from sms.models import Message, OptOut, TwilioNumber
from sms.trying import tryout
from tenants import audit
from tenants.models.members import Assignment
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, THEIR_NUMBER, Cast, make_conversation, make_group
from tests.test_access import fingerprint

THEIRS = E164(THEIR_NUMBER)


def add_inbound(cast: Cast, name: str, *conditions: dict[str, object], kind: str = "drop") -> None:
    target = TargetDraft(kind, cast.bob.id if kind == "member" else None)
    draft = InboundDraft(name, True, None, [], list(conditions), [target])
    editing.save_inbound(audit.PORTAL, cast.acme, draft)


def add_outbound(cast: Cast, *conditions: dict[str, object], **route: Any) -> None:
    routes = [RouteDraft(cast.configuration.id, **route)]
    editing.save_outbound(audit.PORTAL, cast.acme, OutboundDraft("Out", True, 1000, list(conditions), routes))


def test_every_rule_says_why_it_took_the_text_or_not(cast: Cast) -> None:
    add_inbound(cast, "Orders", {"kind": "keyword", "words": ["order"]})
    add_inbound(cast, "Bob", kind="member")
    add_inbound(cast, "Never")
    answer = tryout.try_inbound(cast.acme, our_address=OUR_NUMBER, their_address=THEIR_NUMBER, body="Hello")
    assert (answer.action, answer.rule, answer.destinations) == ("deliver", "Bob", ("The inbox of Bob",))
    assert answer.sentence == "Rule “Bob” takes it: to the inbox of Bob."
    trace = answer.trace
    assert trace.matched
    lines = [*trace.before.shown, trace.matched, *trace.after.shown]
    assert [(line.number, line.name, line.state) for line in lines] == [
        (1, "Orders", "skipped"),
        (2, "Bob", "matched"),
        (3, "Never", "later"),
    ]
    assert [line.tone for line in lines] == ["neutral", "good", "warn"]
    assert [line.icon for line in lines] == ["minus", "check", "circle-dot"]
    assert "“order”" in lines[0].words
    assert lines[2].words.startswith("Would fit, too")
    assert all(line.exists for line in lines)


def test_media_and_the_trunk_of_the_number_count(cast: Cast) -> None:
    add_inbound(cast, "Pictures", {"kind": "has_media", "value": True})
    asked = {"our_address": OUR_NUMBER, "their_address": THEIR_NUMBER, "body": ""}
    assert tryout.try_inbound(cast.acme, **asked, media="image/jpeg").action == "drop"
    assert tryout.try_inbound(cast.acme, **asked).action == "unrouted"


def test_a_foreign_number_and_an_opt_out_word_are_mentioned(cast: Cast) -> None:
    answer = tryout.try_inbound(cast.acme, our_address=THEIR_NUMBER, their_address=OUR_NUMBER, body="stop")
    assert len(answer.warnings) == 2


def register(cast: Cast, e164: str) -> None:
    """Let US networks know a number, so that nobody is warned."""
    TwilioNumber.objects.create(account=cast.account, e164=e164, sid="PN" + "1" * 32, registration="registered")


def test_a_text_to_send_shows_number_route_sender_steps_and_segments(cast: Cast) -> None:
    register(cast, OUR_SECOND_NUMBER)
    cast.acme.default_number = OUR_SECOND_NUMBER
    cast.acme.save()
    add_outbound(cast, {"kind": "all"}, strip=1, prepend="1")
    answer = tryout.try_outbound(cast.acme, to=THEIRS, body="ő" * 80, member=cast.alice)
    assert (answer.action, answer.rule, answer.dialled, answer.sender) == (
        "send",
        "Out",
        THEIR_NUMBER,
        OUR_SECOND_NUMBER,
    )
    assert [(route.taken, route.reason) for route in answer.routes] == [(True, "Taken.")]
    assert "strip 1" in answer.routes[0].words
    assert [step.number for step in answer.steps] == [1, 2, 3, 4, 5, 6]
    assert (answer.segments.segments, answer.segments.encoding) == (2, "UCS-2")
    assert answer.warnings == ()


def test_groups_of_the_writer_decide(cast: Cast) -> None:
    sales = make_group(cast.acme, "Sales", cast.bob)
    add_outbound(cast, {"kind": "groups", "ids": [sales.id.hex]}, sender=OUR_NUMBER)
    asked: dict[str, Any] = {"to": THEIRS, "body": "Hi", "media": ""}
    assert tryout.try_outbound(cast.acme, **asked, member=cast.bob).sender == OUR_NUMBER
    refused = tryout.try_outbound(cast.acme, **asked, member=cast.alice)
    assert (refused.action, refused.rule) == ("refuse", "")
    assert refused.sentence == "No outbound rule fits: it is refused."


def test_no_sender_is_refused_with_the_steps(cast: Cast) -> None:
    add_outbound(cast, {"kind": "all"})
    answer = tryout.try_outbound(cast.acme, to=THEIRS, body="Hi", member=cast.bob, chosen=OUR_NUMBER)
    assert (answer.action, answer.rule, answer.sender) == ("refuse", "Out", "")
    assert answer.steps
    assert answer.sentence.startswith("Rule “Out” fits, but the text is refused: ")
    assert answer.is_refused
    assert [route.taken for route in answer.routes] == [False]


def test_a_missing_right_and_an_opt_out_are_mentioned(cast: Cast) -> None:
    register(cast, OUR_NUMBER)
    add_outbound(cast, {"kind": "all"}, sender=OUR_NUMBER)
    OptOut.objects.create(tenant=cast.acme, our_address=OUR_NUMBER, their_address=THEIR_NUMBER, source="text")
    answer = tryout.try_outbound(cast.acme, to=THEIRS, body="Hi", member=cast.vera)
    assert len(answer.warnings) == 2


@pytest.fixture
def alice(client: Client, cast: Cast) -> Client:
    client.force_login(cast.alice.user)
    return client


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        ("tryout_inbound", {"sender": "2025550199", "number": "2025550101", "text": "hi"}, "drops it"),
        ("tryout_inbound", {"sender": "GOOGLE", "number": "2025550101", "attachment": "video/mp4"}, "drops it"),
        ("tryout_outbound", {"recipient": "2025550199", "chosen": "2025550101", "text": "hi"}, "sends it"),
        ("tryout_outbound", {"recipient": "12"}, "is a short code or incomplete"),
        ("tryout_inbound", {"sender": "2025550199"}, "This field is required."),
        ("tryout_outbound", {}, "Nothing is sent or stored."),
    ],
)
def test_the_page_answers_and_writes_nothing(
    alice: Client, cast: Cast, name: str, asked: dict[str, str], expected: str
) -> None:
    add_inbound(cast, "All")
    add_outbound(cast, {"kind": "all"})
    with CaptureQueriesContext(connection) as queries:
        response = alice.get(reverse(f"sms:{name}", args=["acme"]), asked)
    assert expected in response.content.decode()
    assert not [one for one in queries if one["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_a_member_without_the_right_to_see_rules_cannot_try_them(client: Client, cast: Cast) -> None:
    client.force_login(cast.bob.user)
    assert client.get(reverse("sms:tryout_inbound", args=["acme"])).status_code == 403


# The 23rd of November 2026 is a Monday; the 24th is a holiday. UTC, as Acme's clock has it.
MONDAY_NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MONDAY_NIGHT = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
HOLIDAY_NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def open_office(cast: Cast) -> None:
    """Open Acme from Monday to Friday, 9 to 17, but for the 24th."""
    week = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    OfficeHours.objects.create(tenant=cast.acme, week=week)
    day = date(2026, 11, 24)
    Holiday.objects.create(tenant=cast.acme, name="Founders’ Day", starts_on=day, ends_on=day)


def add_timed(cast: Cast) -> None:
    targets = [
        TargetDraft("member", cast.alice.id, when="open"),
        TargetDraft("auto_reply", settings={"text": "We are closed."}, when="closed"),
        TargetDraft("member", cast.bob.id, when="holiday"),
    ]
    editing.save_inbound(audit.PORTAL, cast.acme, InboundDraft("Desk", True, None, [], [], targets))


@pytest.mark.parametrize(
    ("at", "goes_to", "why", "opening"),
    [
        (MONDAY_NOON, "The inbox of Alice", "it is Monday 12:00, within office hours", ""),
        (
            MONDAY_NIGHT,
            "An automatic reply, “We are closed.”",
            "it is Monday 22:00, outside office hours",
            "Wednesday 25 November 2026, 09:00",
        ),
        (
            HOLIDAY_NOON,
            "The inbox of Bob",
            "it is Tuesday 12:00, a holiday (Founders’ Day)",
            "Wednesday 25 November 2026, 09:00",
        ),
    ],
)
def test_any_time_can_be_tried(cast: Cast, at: datetime, goes_to: str, why: str, opening: str) -> None:
    open_office(cast)
    add_timed(cast)
    answer = tryout.try_inbound(cast.acme, our_address=OUR_NUMBER, their_address=THEIR_NUMBER, body="Hi", at=at)
    assert answer.destinations == (goes_to,)
    assert (answer.hours.reason, answer.hours.opening) == (why, opening)
    assert answer.trace.matched
    assert why in answer.trace.matched.reason


def test_the_page_reads_the_time_by_the_clock_of_the_tenant(alice: Client, cast: Cast) -> None:
    cast.acme.time_zone = "America/New_York"
    cast.acme.save()
    open_office(cast)
    add_timed(cast)
    asked = {"sender": THEIR_NUMBER, "number": OUR_NUMBER, "at": "2026-11-23T16:59"}
    page = alice.get(reverse("sms:tryout_inbound", args=["acme"]), asked).content.decode()
    assert "To the inbox of Alice" in page.replace("takes it: to the", "takes it: To the")
    assert "Monday 23 November 2026, 16:59" in page
    assert 'value="2026-11-23T16:59"' in page
    later = alice.get(reverse("sms:tryout_inbound", args=["acme"]), asked | {"at": "2026-11-23T17:00"})
    assert "an automatic reply" in later.content.decode()


@pytest.mark.parametrize(
    ("there", "asked", "expected"),
    [
        ("nothing", None, "deliver"),
        ("open", None, "drop"),
        ("assigned", None, "unrouted"),
        ("assigned", "", "deliver"),
        ("nothing", "open", "drop"),
        ("nothing", "assigned", "unrouted"),
    ],
)
def test_the_state_of_the_conversation_is_the_real_one_unless_it_is_chosen(
    cast: Cast, there: str, asked: str | None, expected: str
) -> None:
    if there != "nothing":
        holder = cast.bob if there == "assigned" else None
        make_conversation(cast.acme, OUR_NUMBER, THEIR_NUMBER, assigned_to=holder)
    add_inbound(cast, "New", {"kind": "conversation", "state": "first"}, kind="member")
    add_inbound(cast, "Nobody’s", {"kind": "conversation", "state": "unassigned"})
    answer = tryout.try_inbound(
        cast.acme, our_address=OUR_NUMBER, their_address=THEIR_NUMBER, body="Hi", conversation=asked
    )
    assert answer.action == expected


def test_who_of_a_group_would_get_it_is_said_and_nobody_is_given_it(cast: Cast) -> None:
    group = make_group(cast.acme, "Desk", cast.bob, cast.sam)
    group.assignment = Assignment.ROUND_ROBIN
    group.save()
    draft = InboundDraft("Desk", True, None, [], [], [TargetDraft("group", group.id)])
    editing.save_inbound(audit.PORTAL, cast.acme, draft)
    asked: dict[str, Any] = {"our_address": OUR_NUMBER, "their_address": THEIR_NUMBER, "body": "Hi"}
    before = fingerprint(cast.acme)
    for _ in range(2):
        [said] = tryout.try_inbound(cast.acme, **asked).foreseen
        assert said == "Desk → Bob (one after the other) would get it."
    assert fingerprint(cast.acme) == before
    cast.bob.available = False
    cast.bob.save()
    [said] = tryout.try_inbound(cast.acme, **asked).foreseen
    assert said == "Desk → Sam (one after the other) would get it."


@pytest.mark.parametrize(
    ("fields", "at", "action", "sentence"),
    [
        ({"action": "deny", "reason": "Premium numbers"}, MONDAY_NOON, "deny", "refuses it: Premium numbers."),
        ({"action": "deny"}, MONDAY_NOON, "deny", "refuses it."),
        ({"action": "hold", "reason": "Ask Sam"}, MONDAY_NOON, "hold", "holds it: Ask Sam."),
        (
            {"when_closed": "hold"},
            MONDAY_NIGHT,
            "wait",
            "keeps it until opening, Wednesday 25 November 2026, 09:00: it is Monday 22:00, outside office hours.",
        ),
        ({"when_closed": "block"}, MONDAY_NIGHT, "deny", "refuses it: it is Monday 22:00, outside office hours."),
        ({"when_closed": "block"}, MONDAY_NOON, "send", "sends it."),
    ],
)
def test_what_is_refused_held_or_kept_until_opening_is_said(
    cast: Cast, fields: dict[str, Any], at: datetime, action: str, sentence: str
) -> None:
    open_office(cast)
    routes = [RouteDraft(cast.configuration.id, sender=OUR_NUMBER)]
    draft = OutboundDraft("Out", True, 1000, [{"kind": "all"}], routes, **fields)
    editing.save_outbound(audit.PORTAL, cast.acme, draft)
    answer = tryout.try_outbound(cast.acme, to=THEIRS, body="Hi", member=cast.alice, at=at)
    assert (answer.action, answer.sentence) == (action, f"Rule “Out” {sentence}")


def test_a_wrong_time_gets_words(alice: Client) -> None:
    asked = {"sender": THEIR_NUMBER, "number": OUR_NUMBER, "at": "tomorrow"}
    page = alice.get(reverse("sms:tryout_inbound", args=["acme"]), asked).content.decode()
    assert "Enter a day and a time such as 2026-12-24 22:00, or nothing for now." in page
    assert 'value="tomorrow"' in page


def test_a_thousand_rules_stay_readable(alice: Client, cast: Cast) -> None:
    entries = [
        {
            "name": f"Rule {number}",
            "conditions": [{"kind": "all_numbers"}, {"kind": "keyword", "words": [f"word{number}"]}],
            "targets": [{"kind": "drop"}],
        }
        for number in range(1, 1001)
    ]
    RuleSet.objects.create(tenant=cast.acme, kind="inbound", version=1, document={"rules": entries})
    url, asked = reverse("sms:tryout_inbound", args=["acme"]), {"sender": THEIR_NUMBER, "number": OUR_NUMBER}
    with CaptureQueriesContext(connection) as queries:
        page = alice.get(url, asked | {"text": "word900"}).content.decode()
    assert len(queries) <= 12
    assert "899 rules before it did not fit" in page
    assert "100 rules after it" in page
    assert page.count('class="event ') == 1 + 25 + 25
    everything = alice.get(url, asked | {"text": "word900", "rules": "all"}).content.decode()
    assert everything.count('class="event ') == 1000


def test_a_rule_that_draws_its_routes_says_so(alice: Client, cast: Cast) -> None:
    routes = [RouteDraft(cast.configuration.id, sender=number) for number in (OUR_NUMBER, OUR_SECOND_NUMBER)]
    draft = OutboundDraft("Out", True, 1000, [{"kind": "all"}], routes, strategy="random")
    editing.save_outbound(audit.PORTAL, cast.acme, draft)
    answer = tryout.try_outbound(cast.acme, to=THEIRS, body="Hi", member=cast.alice)
    assert answer.is_drawn
    assert sorted(route.reason for route in answer.routes) == [
        "Taken.",
        "Tried only if Twilio says that the one before cannot send.",
    ]
    page = alice.get(reverse("sms:tryout_outbound", args=["acme"]), {"recipient": THEIR_NUMBER})
    assert "the next one may go another way" in page.content.decode()


def test_the_number_that_a_person_knows_is_the_sender_tried(cast: Cast) -> None:
    draft = OutboundDraft("Out", True, 1000, [{"kind": "all"}], [RouteDraft(cast.configuration.id)], sticky=True)
    editing.save_outbound(audit.PORTAL, cast.acme, draft)
    Message.objects.create(
        tenant=cast.acme,
        direction="out",
        configuration=cast.configuration,
        our_address=OUR_SECOND_NUMBER,
        their_address=THEIR_NUMBER,
        body="Hello",
        state="accepted",
    )
    assert tryout.try_outbound(cast.acme, to=THEIRS, body="Hi", member=cast.alice).sender == OUR_SECOND_NUMBER
