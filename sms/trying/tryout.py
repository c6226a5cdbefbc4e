"""Try rules out: what would become of a text, by the functions that real texts go through. Writes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from rules import routing
from rules.changing import versions
from rules.changing.saying import route_in_words
from rules.documents import OutboundRule, Route
from rules.e164 import E164, NumberError, format_for_people, parse_number
from rules.engine import Action, Decision
from rules.facts import InboundFacts
from rules.models.versions import RuleKind
from rules.schedule import Calendar
from rules.senders import SenderStep
from sms import conversations, delivering, inbound, optouts, segments
from sms.composing import choosing, drafting, registration
from sms.composing.choosing import NoWay, Way, Writer
from sms.composing.matching import Matching
from sms.composing.writing import hindrance
from sms.models import Conversation, Direction, Message
from sms.segments import SegmentCount
from sms.trying import explaining
from sms.trying.explaining import Hours, Trace
from tenants import clock
from tenants.models import Member, Tenant


@dataclass(frozen=True, slots=True)
class InboundAnswer:
    """What would become of a text that comes in."""

    action: str
    sentence: str
    rule: str
    destinations: tuple[str, ...]
    foreseen: tuple[str, ...]
    hours: Hours
    trace: Trace
    warnings: tuple[str, ...]

    @property
    def tone(self) -> str:
        """The colour of the answer."""
        return {Action.DELIVER.value: "good", Action.DROP.value: "warn"}.get(self.action, "bad")


@dataclass(frozen=True, slots=True)
class RouteLine:
    """One route of the rule that decided, in order: taken, or why not, or that it would be next."""

    words: str
    taken: bool
    reason: str


@dataclass(frozen=True, slots=True)
class OutboundAnswer:
    """What would become of a text that is written."""

    action: str
    sentence: str
    rule: str
    dialled: str
    sender: str
    routes: tuple[RouteLine, ...]
    is_drawn: bool
    steps: tuple[SenderStep, ...]
    hours: Hours
    trace: Trace
    warnings: tuple[str, ...]
    segments: SegmentCount

    @property
    def tone(self) -> str:
        """The colour of the answer."""
        tones = {Action.SEND.value: "good", Action.WAIT.value: "warn", Action.HOLD.value: "warn"}
        return tones.get(self.action, "bad")

    @property
    def is_refused(self) -> bool:
        """Whether a rule takes the text, but no way carries it."""
        return not self.dialled


def address_of(text: str, country: str) -> str:
    """Return what a person typed as an address: a number in its international form, else as it stands."""
    try:
        return parse_number(text, country)
    except NumberError:
        return text.strip()


def try_inbound(
    tenant: Tenant,
    *,
    our_address: str,
    their_address: str,
    body: str,
    media: str = "",
    conversation: str | None = None,
    at: datetime | None = None,
    everything: bool = False,
) -> InboundAnswer:
    """Say where a text would go.

    `media` is a content type, "" for none; `conversation` as InboundFacts has it, None for how it is now; `at` in UTC,
    None for now; `everything` lists all rules.
    """
    message = Message(
        tenant=tenant,
        direction=Direction.IN,
        our_address=our_address,
        their_address=their_address,
        body=body,
        media=[{"url": "", "content_type": media}] if media else [],
    )
    number = inbound.number_of(message)
    known = tenant.conversations.filter(our_address=our_address, their_address=their_address).first()
    if conversation is None:
        conversation = conversations.hold_on(known) if known else ""
    facts = replace(inbound.facts_of(message, number, conversation), at=at or clock.now())
    decision, _rule_set = routing.route_inbound(tenant, facts, explain=True)
    ends = tuple(target.describe() for target in decision.targets)
    rule = decision.rule.name if decision.rule else ""
    return InboundAnswer(
        action=decision.action.value,
        sentence=explaining.said_inbound(decision.action, rule, ends),
        rule=rule,
        destinations=tuple(map(explaining.sentence, ends)),
        foreseen=tuple(_foreseen(tenant, decision, known if conversation == "assigned" else None)),
        hours=_hours(tenant, decision, facts.at),
        trace=explaining.trace(tenant, RuleKind.INBOUND, decision.trace, everything=everything),
        warnings=tuple(_inbound_warnings(message, number is not None)),
    )


def _foreseen(tenant: Tenant, decision: Decision, known: Conversation | None) -> Iterator[str]:
    """Say who would get the text where only the moment of it tells, by the modules that deliver."""
    facts = decision.facts
    if not isinstance(facts, InboundFacts):
        return
    conversation = known or Conversation(
        tenant=tenant, our_address=facts.our_address, their_address=facts.their_address
    )
    for target in decision.targets:
        foresee = getattr(delivering.DESTINATIONS[target.kind], "foresee", None)
        if foresee:
            yield foresee(conversation, target, facts.at)


def _hours(tenant: Tenant, decision: Decision, at: datetime) -> Hours:
    """Say what the time is for the rule that decided, else for the tenant."""
    calendar = decision.rule.calendar if decision.rule else Calendar.from_json(versions.calendar_json(tenant))
    return explaining.hours(calendar, at)


def _inbound_warnings(message: Message, is_ours: bool) -> list[str]:
    found = []
    if not is_ours:
        text = _("%s is not one of your numbers: Twilio would not bring its texts here.")
        found.append(text % format_for_people(message.our_address))
    if optouts.is_word(message):
        found.append(_("This word starts or ends an opt-out, whatever the rules say; Twilio answers it."))
    return found


def try_outbound(
    tenant: Tenant,
    *,
    to: E164,
    body: str,
    member: Member | None,
    chosen: str = "",
    media: str = "",
    at: datetime | None = None,
    everything: bool = False,
) -> OutboundAnswer:
    """Say how a text would leave, and from which sender; the arguments are those of `try_inbound`."""
    facts = replace(drafting.facts_of(to, body, member, 1 if media else 0), at=at or clock.now())
    decision, _rule_set = routing.route_outbound(tenant, facts, explain=True)
    way, refusal, steps = _way(tenant, Writer(member, chosen), decision, to, bool(media))
    rule = decision.rule.name if decision.rule else ""
    hours = _hours(tenant, decision, facts.at)
    return OutboundAnswer(
        action=(Action.REFUSE if refusal else decision.action).value,
        sentence=_outbound_sentence(decision, rule, refusal, hours),
        rule=rule,
        dialled=way.to if way else "",
        sender=way.choice.address if way else "",
        routes=_routes(decision, way, refusal),
        is_drawn=isinstance(decision.rule, OutboundRule) and decision.rule.strategy == "random",
        steps=steps,
        hours=hours,
        trace=explaining.trace(tenant, RuleKind.OUTBOUND, decision.trace, everything=everything),
        warnings=tuple(_outbound_warnings(tenant, member, way)),
        segments=segments.count(body),
    )


def _outbound_sentence(decision: Decision, rule: str, refusal: str, hours: Hours) -> str:
    if refusal:
        return _("Rule “%(rule)s” fits, but the text is refused: %(why)s") % {"rule": rule, "why": refusal}
    return explaining.said_outbound(decision.action, rule, why=decision.reason, until=hours.opens)


def _way(
    tenant: Tenant, writer: Writer, decision: Decision, to: E164, has_media: bool
) -> tuple[Way | None, str, tuple[SenderStep, ...]]:
    """Return the way that a text would take, or why it has none, and the steps to its sender."""
    if not decision.routes:
        return None, "", ()
    try:
        wanted = Matching.of(decision.rule)
        way = choosing.choose(tenant, writer, decision.routes, to, num_media=int(has_media), wanted=wanted)
    except NoWay as error:
        return None, str(error), error.steps
    return way, "", way.choice.steps


def _routes(decision: Decision, way: Way | None, refusal: str) -> tuple[RouteLine, ...]:
    """Say of each route whether it is taken; those after it would be tried if Twilio refused this one."""
    found: list[RouteLine] = []
    taken = False
    for route in decision.routes:
        is_way = way is not None and route.id == way.route.id and not taken
        taken = taken or is_way
        found.append(RouteLine(route_in_words(route), is_way, _about(route, is_way, taken, refusal)))
    return tuple(found)


def _about(route: Route, is_way: bool, taken: bool, refusal: str) -> str:
    if is_way:
        return _("Taken.")
    if not route.enabled:
        return _("Switched off.")
    if taken:
        return _("Tried only if Twilio says that the one before cannot send.")
    return refusal or _("It cannot send this text.")


def _outbound_warnings(tenant: Tenant, member: Member | None, way: Way | None) -> list[str]:
    found = []
    hindered = hindrance(tenant, member)
    if hindered:
        found.append(_("The text would be refused: %s") % hindered.text)
    if way and optouts.is_opted_out(tenant, way.choice.address, way.to):
        found.append(_("The text would be refused: they have opted out of texts from this sender."))
    concern = registration.of_way(way.configuration, way.choice.address, way.to) if way else None
    if concern and tenant.registered_us_only:
        found.append(_("The text would be refused: %s") % concern.text)
    elif concern:
        found.append(str(concern.text))
    return found
