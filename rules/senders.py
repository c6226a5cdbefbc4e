"""Choose the sender a text goes out with, step by step and explained; PURE.

The order is written for people in the README; change both together. The third step, the route's sender, has up to three
parts: the number this person knows, if the rule keeps to it; the sender that the route names; and, if it names none and
the rule asks, a number of the same area.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from rules.e164 import AddressKind, area_of, classify_address, country_of, format_for_people

# Twilio: no alphanumeric senders to the United States, with its territories, and Canada. Other countries
# that do not take them answer with an error of their own, which names the way out.
NO_SENDER_ID = frozenset({"US", "CA", "PR", "VI", "GU", "AS", "MP"})

_SENDER_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ]{0,9}[A-Za-z0-9])?\Z")
_LONGEST_SENDER_ID = 11
_PERSON_CANNOT_WRITE_TO = frozenset({AddressKind.ALPHANUMERIC, AddressKind.OTHER})


class SenderIdError(ValueError):
    """A text cannot be a Sender ID; the message says what to do."""


@dataclass(frozen=True, slots=True)
class SenderFacts:
    """What is known when a text needs a sender.

    `owned` are the numbers and short codes that the configuration's account owns and the tenant holds;
    `choosable` is what the writer may choose from. `known` is the number that this person last had texts with, "" for
    none; `near` are numbers like theirs. Both are None when the rule does not ask for them.
    """

    to: str
    owned: frozenset[str]
    replying_as: str = ""
    chosen: str = ""
    choosable: frozenset[str] = frozenset()
    route_sender: str = ""
    sender_id: str = ""
    may_use_sender_id: bool = False
    preferred: str = ""
    company_default: str = ""
    messaging_service: str = ""
    num_media: int = 0
    known: str | None = None
    near: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class SenderStep:
    """One step of the order, and why it gave the sender or did not; parts of a step have the same number."""

    number: int
    name: str
    taken: bool
    reason: str


@dataclass(frozen=True, slots=True)
class SenderChoice:
    """The sender, what it is, and the steps that led to it."""

    address: str
    kind: AddressKind
    step: int
    steps: tuple[SenderStep, ...]


@dataclass(frozen=True, slots=True)
class SenderRefusal:
    """No sender: `code` is "reply_number", "choice" or "none"; the message says what is missing."""

    code: str
    message: str
    steps: tuple[SenderStep, ...]


@dataclass(frozen=True, slots=True)
class _Try:
    """What one step offers: a sender, or the reason to go on, or the reason to stop."""

    reason: str
    address: str = ""
    refusal: tuple[str, str] | None = None


def choose_sender(facts: SenderFacts) -> SenderChoice | SenderRefusal:
    """Go through the order; the first step that has a usable sender gives it."""
    steps: list[SenderStep] = []
    for number, name, step in _ORDER:
        tried = step(facts)
        if tried is None:
            continue
        steps.append(SenderStep(number, name, bool(tried.address), tried.reason))
        if tried.address:
            return SenderChoice(tried.address, classify_address(tried.address), number, tuple(steps))
        if tried.refusal:
            return SenderRefusal(*tried.refusal, tuple(steps))
    return SenderRefusal("none", _what_is_missing(facts), (*steps, _last_step()))


def is_one_way(address: str) -> bool:
    """Say whether nobody can write to an address, so that a text in its thread is no reply."""
    return classify_address(address) in _PERSON_CANNOT_WRITE_TO


def takes_sender_id(country: str) -> bool:
    """Say whether texts to a country may come from a Sender ID; a country not known is given the chance."""
    return country not in NO_SENDER_ID


def check_sender_id(text: str) -> str:
    """Return a Sender ID without blanks around it, or say what to change."""
    name = text.strip()
    if not name:
        raise SenderIdError("Enter a Sender ID, or leave the field empty to send from a number.")
    if len(name) > _LONGEST_SENDER_ID:
        raise SenderIdError(f"A Sender ID has at most 11 characters: this one has {len(name)}.")
    if not _SENDER_ID.match(name):
        raise SenderIdError("A Sender ID has only the letters A–Z and a–z, digits and spaces.")
    if name.replace(" ", "").isdigit():
        raise SenderIdError("A Sender ID has at least one letter. To send from a number, leave the field empty.")
    return name


def _reply(facts: SenderFacts) -> _Try:
    address = facts.replying_as
    if not address:
        return _Try("it is not a reply")
    if is_one_way(address):
        return _Try(f"nobody can write to {address}, so there is nothing to reply from")
    return _from_conversation(facts, address)


def _from_conversation(facts: SenderFacts, address: str) -> _Try:
    problem = _problem(facts, address)
    if not problem:
        return _Try("a reply goes from the address that was written to", address)
    advice = "Start a new message to send from another number."
    return _Try(problem, refusal=("reply_number", f"{_sentence(problem)} {advice}"))


def _choice(facts: SenderFacts) -> _Try:
    if not facts.chosen:
        return _Try("the writer chose none")
    shown = format_for_people(facts.chosen)
    problem = "" if facts.chosen in facts.choosable else f"the writer may not send from {shown}"
    problem = problem or _problem(facts, facts.chosen)
    if not problem:
        return _Try("the writer chose it", facts.chosen)
    return _Try(problem, refusal=("choice", f"{_sentence(problem)} Choose another sender, or none."))


def _known(facts: SenderFacts) -> _Try | None:
    if facts.known is None:
        return None
    why = "the rule keeps to the number that this person knows"
    return _given(facts, facts.known, why, "this person has had no texts with a number of this route")


def _route(facts: SenderFacts) -> _Try:
    return _given(facts, facts.route_sender, "the route names it", "the route names none")


def _near(facts: SenderFacts) -> _Try | None:
    if facts.near is None or facts.route_sender:
        return None
    area = area_of(facts.to)
    if not area:
        return _Try("the recipient's number has no area")
    alike = [one for one in facts.near if one.startswith(area) and country_of(one) == country_of(facts.to)]
    nearest = max(sorted(alike), key=lambda one: _shared(one, facts.to), default="")
    return _given(facts, nearest, "it is nearest to the recipient's number", "no number of this route is in their area")


def _shared(one: str, other: str) -> int:
    """Count the digits that two numbers begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _own_sender_id(facts: SenderFacts) -> _Try:
    if facts.sender_id and not facts.may_use_sender_id:
        return _Try("the writer may not send under the Sender ID")
    return _given(facts, facts.sender_id, "the configuration sends under it", "the configuration has none")


def _preferred(facts: SenderFacts) -> _Try:
    return _given(facts, facts.preferred, "the writer prefers it", "the writer prefers none")


def _company(facts: SenderFacts) -> _Try:
    return _given(facts, facts.company_default, "it is the company's default", "the company has none")


def _service(facts: SenderFacts) -> _Try:
    service = facts.messaging_service
    return _given(facts, service, "the service chooses the sender", "the configuration has none")


# None from a part says that nobody asked for it.
_ORDER: tuple[tuple[int, str, Callable[[SenderFacts], _Try | None]], ...] = (
    (1, "the number that was written to", _reply),
    (2, "the writer's choice", _choice),
    (3, "the number this person knows", _known),
    (3, "the route's sender", _route),
    (3, "a number of the same area", _near),
    (4, "the configuration's Sender ID", _own_sender_id),
    (5, "the writer's preferred number", _preferred),
    (6, "the company's default number", _company),
    (7, "the Messaging Service", _service),
)
_REFUSED = 8


def _given(facts: SenderFacts, address: str, why: str, why_not: str) -> _Try:
    if not address:
        return _Try(why_not)
    problem = _problem(facts, address)
    return _Try(problem) if problem else _Try(why, address)


def _problem(facts: SenderFacts, address: str) -> str:
    """Say why an address cannot send this text; "" when it can."""
    return next(_problems(facts, address, classify_address(address)), "")


def _problems(facts: SenderFacts, address: str, kind: AddressKind) -> Iterator[str]:
    shown = format_for_people(address)
    if kind in (AddressKind.E164, AddressKind.SHORT_CODE):
        if address not in facts.owned:
            yield f"this configuration's account does not own {shown}"
        if address == facts.to:
            yield f"{shown} is the recipient"
    elif kind is AddressKind.MESSAGING_SERVICE:
        if address != facts.messaging_service:
            yield f"this configuration does not have the Messaging Service {shown}"
    elif kind is AddressKind.ALPHANUMERIC:
        country = country_of(facts.to)
        if not takes_sender_id(country):
            yield f"{country} does not take Sender IDs such as {shown}"
        if facts.num_media:
            yield f"a Sender ID such as {shown} cannot send media"
    else:
        yield f"{shown} is no sender of texts"


def _last_step() -> SenderStep:
    return SenderStep(_REFUSED, "refused", True, "no step gave a sender")


def _what_is_missing(facts: SenderFacts) -> str:
    if not facts.owned:
        return "No sender: no phone number of this configuration's account is here. Add one to its trunk's pool."
    return "No sender: choose a number, or set a preferred number or the company's default number."


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
