"""Look at a text before it is stored: may this person send it, to whom, by which way; refuse in words that help."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from rules import routing
from rules.documents import OutboundRule
from rules.e164 import E164, NumberError, parse_number
from rules.engine import Action, Decision
from rules.facts import OutboundFacts
from sms import optouts
from sms.composing import choosing, registration
from sms.composing.choosing import NoWay, Way, Writer
from sms.composing.matching import Matching
from sms.composing.registration import Concern
from tenants import clock
from tenants.models import Member, Tenant
from tenants.models.members import SendingRight
from tenants.quotas import QuotaReached

LONGEST_BODY = 1600
_dice = random.SystemRandom()


class SendRefused(Exception):
    """A text was not accepted: a short code, a sentence that says what to do, and the steps that led to it."""

    def __init__(self, code: str, message: str, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.details = tuple(details)


class IdempotencyConflict(SendRefused):
    """The key was used before, for another text."""

    def __init__(self) -> None:
        super().__init__(
            "idempotency_conflict", _("This Idempotency-Key was used for another text. Use a new key for each text.")
        )


class OverLimit(SendRefused):
    """The tenant has sent as many texts as it may, until `window` ends."""

    def __init__(self, reached: QuotaReached) -> None:
        super().__init__(f"limit_{reached.window.kind}", str(reached))
        self.window = reached.window


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that has been looked at and may be stored; one that a rule refuses has no way."""

    to: E164
    body: str
    way: Way | None
    decision: Decision
    rule_set: str
    writer: Writer


class NotRegistered(SendRefused):
    """US networks may not carry the text; `may_go`: the tenant lets it go all the same, once somebody says so."""

    def __init__(self, concern: Concern, *, may_go: bool) -> None:
        super().__init__("not_registered", f"{concern.text} {concern.advice}")
        self.concern = concern
        self.may_go = may_go


class RuleDenied(SendRefused):
    """An outbound rule refuses the text; `rule` is its name, `draft` what was looked at."""

    def __init__(self, draft: Draft) -> None:
        super().__init__("rule_denied", _denial(draft.decision))
        self.rule = _rule_name(draft.decision)
        self.draft = draft


def check(tenant: Tenant, writer: Writer, to: str, body: str, *, asks_first: bool = False) -> Draft:
    """Look at everything that can refuse a text, cheapest first.

    With `asks_first` a sender of which Twilio says that US networks do not know it is a refusal, too, whatever the
    tenant has chosen.

    Raises:
        SendRefused: the text must not be stored. RuleDenied and NotRegistered are of these.
    """
    _check_rights(tenant, writer.member)
    number = _number(tenant, to)
    text = _text(body)
    facts = facts_of(number, text, writer.member)
    decision, rule_set = routing.route_outbound(tenant, facts)
    if decision.action == Action.REFUSE:
        raise _no_rule(tenant, facts)
    if decision.action == Action.DENY:
        raise RuleDenied(Draft(number, text, None, decision, rule_set, writer))
    try:
        way = choosing.choose(tenant, writer, decision.routes, number, wanted=Matching.of(decision.rule))
    except NoWay as error:
        raise SendRefused(error.code, str(error), [step.reason for step in error.steps]) from error
    if optouts.is_opted_out(tenant, way.choice.address, way.to):
        raise SendRefused(
            "opted_out", _("They have opted out of texts from this sender. They can text START to come back.")
        )
    if tenant.registered_us_only or asks_first:
        concern = registration.of_way(way.configuration, way.choice.address, way.to)
        if concern is not None and (tenant.registered_us_only or concern.is_known):
            raise NotRegistered(concern, may_go=not tenant.registered_us_only)
    return Draft(number, text, way, decision, rule_set, writer)


def _check_rights(tenant: Tenant, member: Member | None) -> None:
    if not tenant.is_open:
        raise SendRefused("tenant", _("This tenant is disabled. Ask your system administrator."))
    if not tenant.sms_enabled:
        raise SendRefused("sms_off", _("SMS/MMS is switched off for this tenant. Ask your system administrator."))
    if member is not None and (not member.enabled or member.sending_right == SendingRight.NONE):
        raise SendRefused("right", _("You may not send texts. Ask an administrator for the sending right."))


def _number(tenant: Tenant, to: str) -> E164:
    try:
        return parse_number(to, tenant.country)
    except NumberError as error:
        raise SendRefused("number", str(error)) from error


def _text(body: str) -> str:
    """Return the text as it will be sent; what no database or carrier can carry is dropped."""
    text = body.replace("\r\n", "\n").replace("\0", "").encode("utf-8", "replace").decode()
    if not text.strip():
        raise SendRefused("body", _("The text is empty. Write something."))
    if len(text) > LONGEST_BODY:
        raise SendRefused("body", _("The text has more than 1600 characters. Shorten it, or send it in parts."))
    return text


def facts_of(to: E164, body: str, member: Member | None, num_media: int = 0) -> OutboundFacts:
    """Return what outbound rules may ask about a text, written now; each call draws anew for random routes."""
    facts = OutboundFacts(to=to, body=body, num_media=num_media, at=clock.now(), draw=_dice.random())
    if member is None:
        return facts
    groups = member.group_members.values_list("group_id", flat=True)
    return replace(facts, extension=member.extension, member=member.id.hex, groups=tuple(group.hex for group in groups))


def _no_rule(tenant: Tenant, facts: OutboundFacts) -> SendRefused:
    explained, _rule_set = routing.route_outbound(tenant, facts, explain=True)
    return SendRefused(
        "no_rule",
        _("No outbound rule fits this text. Add one under Outbound rules, or a last rule for all destinations."),
        [step.describe() for step in explained.trace],
    )


def _denial(decision: Decision) -> str:
    """Say why a rule refuses a text: by the reason that it gives, or because it is closed."""
    words = {"rule": _rule_name(decision), "reason": decision.reason.rstrip(".")}
    if not decision.reason:
        return _("The rule “%(rule)s” refuses texts such as this one. Ask an administrator.") % words
    if isinstance(decision.rule, OutboundRule) and decision.rule.action == "send":
        return _("The rule “%(rule)s” sends nothing now: %(reason)s. Send the text in office hours.") % words
    return _("The rule “%(rule)s” refuses this text: %(reason)s.") % words


def _rule_name(decision: Decision) -> str:
    return decision.rule.name if decision.rule else ""
