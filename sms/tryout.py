"""Try rules out: what would become of a text, by the functions that real texts go through. Writes nothing."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from rules import routing
from rules.e164 import E164, NumberError, format_for_people, parse_number
from rules.engine import Action, Decision
from rules.models.versions import RuleKind
from rules.presenting import route_in_words
from rules.senders import SenderStep
from sms import choosing, drafting, inbound, optouts, segments
from sms.choosing import NoWay, Way, Writer
from sms.models import Direction, Message
from sms.segments import SegmentCount
from sms.writing import hindrance
from tenants.models import Member, Tenant

_MEDIA = {"url": "", "content_type": "image/jpeg"}


@dataclass(frozen=True, slots=True)
class Line:
    """One rule and what it said: `matched`, `skipped`, or `unasked` because a rule before it had decided."""

    rule_id: str
    name: str
    state: str
    reason: str

    @property
    def tone(self) -> str:
        """The colour of the line."""
        return "good" if self.state == "matched" else "neutral"

    @property
    def icon(self) -> str:
        """The mark of the line."""
        return {"matched": "check", "skipped": "minus"}.get(self.state, "ellipsis")


@dataclass(frozen=True, slots=True)
class InboundAnswer:
    """What would become of a text that comes in."""

    action: str
    rule: str
    destinations: tuple[str, ...]
    lines: tuple[Line, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutboundAnswer:
    """What would become of a text that is written."""

    action: str
    rule: str
    dialled: str
    route: str
    sender: str
    steps: tuple[SenderStep, ...]
    refusal: str
    lines: tuple[Line, ...]
    warnings: tuple[str, ...]
    segments: SegmentCount


def address_of(text: str, country: str) -> str:
    """Return what a person typed as an address: a number in its international form, else as it stands."""
    try:
        return parse_number(text, country)
    except NumberError:
        return text.strip()


def try_inbound(tenant: Tenant, *, our_address: str, their_address: str, body: str, has_media: bool) -> InboundAnswer:
    """Say where a text would go."""
    message = Message(
        tenant=tenant,
        direction=Direction.IN,
        our_address=our_address,
        their_address=their_address,
        body=body,
        media=[_MEDIA] if has_media else [],
    )
    number = inbound.number_of(message)
    decision, _rule_set = routing.route_inbound(tenant, inbound.facts_of(message, number), explain=True)
    return InboundAnswer(
        action=decision.action.value,
        rule=decision.rule.name if decision.rule else "",
        destinations=tuple(_sentence(target.describe()) for target in decision.targets),
        lines=_lines(tenant, RuleKind.INBOUND, decision),
        warnings=tuple(_inbound_warnings(message, number is not None)),
    )


def _inbound_warnings(message: Message, is_ours: bool) -> list[str]:
    found = []
    if not is_ours:
        text = _("%s is not one of your numbers: Twilio would not bring its texts here.")
        found.append(text % format_for_people(message.our_address))
    if optouts.is_word(message):
        found.append(_("This word starts or ends an opt-out, whatever the rules say; Twilio answers it."))
    return found


def try_outbound(
    tenant: Tenant, *, to: E164, body: str, has_media: bool, member: Member | None, chosen: str = ""
) -> OutboundAnswer:
    """Say how a text would leave, and from which sender."""
    facts = drafting.facts_of(to, body, member)
    decision, _rule_set = routing.route_outbound(tenant, facts, explain=True)
    way, refusal, steps = _way(tenant, Writer(member, chosen), decision, to, has_media)
    return OutboundAnswer(
        action=(Action.SEND if way else Action.REFUSE).value,
        rule=decision.rule.name if decision.rule else "",
        dialled=way.to if way else "",
        route=route_in_words(way.route) if way else "",
        sender=way.choice.address if way else "",
        steps=steps,
        refusal=refusal,
        lines=_lines(tenant, RuleKind.OUTBOUND, decision),
        warnings=tuple(_outbound_warnings(tenant, member, way)),
        segments=segments.count(body),
    )


def _way(
    tenant: Tenant, writer: Writer, decision: Decision, to: E164, has_media: bool
) -> tuple[Way | None, str, tuple[SenderStep, ...]]:
    if decision.action != Action.SEND:
        return None, _("No outbound rule fits this text. Add one, or a last rule for all destinations."), ()
    try:
        way = choosing.choose(tenant, writer, decision.routes, to, num_media=int(has_media))
    except NoWay as error:
        return None, str(error), error.steps
    return way, "", way.choice.steps


def _outbound_warnings(tenant: Tenant, member: Member | None, way: Way | None) -> list[str]:
    found = []
    hindered = hindrance(tenant, member)
    if hindered:
        found.append(_("The text would be refused: %s") % hindered.text)
    if way and optouts.is_opted_out(tenant, way.choice.address, way.to):
        found.append(_("The text would be refused: they have opted out of texts from this sender."))
    return found


def _lines(tenant: Tenant, kind: str, decision: Decision) -> tuple[Line, ...]:
    """Return every rule in order, also those that nobody came to."""
    asked = [Line(step.rule_id, step.rule_name, step.state, _sentence(step.reason)) for step in decision.trace]
    rest = routing.live_rules(tenant, kind)[len(asked) :]
    return (*asked, *(Line(rule.id, rule.name, "unasked", _("A rule above it had decided.")) for rule in rest))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
