"""The first hour: the steps from nothing to texts that flow, each done or not, with the form that does it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import StrIndex
from django.urls import reverse
from django.utils.translation import gettext as _

from sms.models import ChangeState, Configuration, Trunk, TwilioNumber
from sms.setup import numbers
from tenants import clock
from tenants.models import Tenant
from tenants.models.members import SendingRight
from tenants.roles import Permission

# Where a form that was opened from the checklist leads when it is saved or left.
FROM_DASHBOARD = "?from=dashboard"
_AT_TWILIO = (ChangeState.BEGUN, ChangeState.DONE)


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `url` is empty for people who cannot do it; then `waits_for` says who can."""

    title: str
    text: str
    done: bool
    url: str = ""
    action: str = ""
    waits_for: str = ""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at the steps: what the person may, whether trunks may be made, and which trunks' pools changed."""

    may: Callable[[Permission], bool]
    adds_trunks: bool = False
    is_system: bool = False


EVERYTHING = Visitor(lambda permission: True, adds_trunks=True, is_system=True)


def checklist(
    tenant: Tenant, configurations: Sequence[Configuration] | None = None, visitor: Visitor = EVERYTHING
) -> list[Step]:
    """Return the steps in the order in which a new administrator needs them."""
    given = tenant.configurations.filter(deleted_at=None).select_related("account")
    found = list(given) if configurations is None else configurations
    there = _present(tenant)
    arrived = any(row.last_in_at or row.signed_at for row in found)
    passed = any(row.last_in_at for row in found) and any(row.last_out_at for row in found)
    webhook = bool(found) and (arrived or there["webhook_set"] or there["webhook_stands"])
    first = found[0] if found else None
    steps = [
        _trunk(tenant, there, visitor),
        _number(tenant, there, visitor),
        _configuration(tenant, first),
        _webhook(tenant, first, done=webhook),
        _rules(tenant, there),
        _right(tenant, there),
        _test(tenant, first, done=passed),
    ]
    return [_for_visitor(step, needs, visitor) for step, needs in zip(steps, _NEEDS, strict=True)]


_NEEDS = (
    Permission.TRUNKS_EDIT,
    Permission.TRUNKS_EDIT,
    Permission.CONFIGURATIONS_EDIT,
    Permission.CONFIGURATIONS_EDIT,
    Permission.RULES_EDIT,
    Permission.MEMBERS_MANAGE,
    Permission.CONFIGURATIONS_EDIT,
)


def _for_visitor(step: Step, needs: Permission, visitor: Visitor) -> Step:
    if step.waits_for or visitor.may(needs):
        return step
    return replace(step, url="", action="", waits_for=_("An administrator of your company does this."))


def _to(tenant: Tenant, name: str, *args: object) -> str:
    return reverse(name, args=[tenant.slug, *args]) + FROM_DASHBOARD


def _trunk(tenant: Tenant, there: dict[str, bool], visitor: Visitor) -> Step:
    title, text = _("Trunk"), _("The record of your Twilio trunk here; it carries your numbers.")
    if there["trunk"]:
        return Step(title, text, done=True, url=_to(tenant, "sms:trunk_list"))
    if not visitor.adds_trunks:
        return Step(title, text, done=False, waits_for=_("Your system administrator shares one with you: ask there."))
    return Step(title, text, done=False, url=_to(tenant, "sms:trunk_new"), action=_("Add trunk"))


def _number(tenant: Tenant, there: dict[str, bool], visitor: Visitor) -> Step:
    title = _("Phone number")
    text = _("Buy one with SMS in the Twilio console, then add it to the trunk's pool.")
    if there["number"]:
        return Step(title, text, done=True, url=_to(tenant, "sms:trunk_list"))
    if not there["trunk"]:
        return Step(title, text, done=False, url=_to(tenant, "sms:guide"))
    trunk = _trunk_with_pool(tenant, visitor)
    if trunk is None:
        return Step(title, text, done=False, waits_for=_("Your system administrator gives you numbers: ask there."))
    return Step(title, text, done=False, url=_to(tenant, "sms:pool_edit", trunk.pk), action=_("Add numbers"))


def _trunk_with_pool(tenant: Tenant, visitor: Visitor) -> Trunk | None:
    """Return a trunk whose pool the visitor may change; those on shared trunks are the system's."""
    found = numbers.trunks_of(tenant)
    return (found if visitor.is_system else found.filter(tenant=tenant)).order_by("name").first()


def _configuration(tenant: Tenant, first: Configuration | None) -> Step:
    title, text = _("SMS configuration"), _("Join the trunk with your Twilio account: Account SID and Auth Token.")
    if first is not None:
        return Step(title, text, done=True, url=_to(tenant, "sms:configuration_detail", first.pk))
    return Step(title, text, done=False, url=_to(tenant, "sms:configuration_new"), action=_("Add configuration"))


def _webhook(tenant: Tenant, first: Configuration | None, *, done: bool) -> Step:
    title, text = _("Webhook"), _("Tell Twilio where to bring texts. The portal sets it for you, or you copy it.")
    if first is None:
        return Step(title, text, done=False, url=_to(tenant, "sms:guide"))
    url = _to(tenant, "sms:configuration_webhook" if done else "sms:pointing_preview", first.pk)
    return Step(title, text, done=done, url=url, action=_("Set the webhook"))


def _rules(tenant: Tenant, there: dict[str, bool]) -> Step:
    title, text = _("Rules"), _("Who gets received texts, and how texts leave.")
    if there["inbound"] and there["outbound"]:
        return Step(title, text, done=True, url=_to(tenant, "rules:inbound_rule_list"))
    if there["inbound"]:
        url, action = _to(tenant, "rules:outbound_rule_new"), _("Add outbound rule")
    else:
        url, action = _to(tenant, "rules:inbound_rule_new"), _("Add inbound rule")
    return Step(title, text, done=False, url=url, action=action)


def _right(tenant: Tenant, there: dict[str, bool]) -> Step:
    title, text = _("Right to send"), _("At least one member may send: open a member, and allow it.")
    return Step(
        title, text, done=there["right"], url=_to(tenant, "tenants:member_list"), action=_("Choose who may send")
    )


def _test(tenant: Tenant, first: Configuration | None, *, done: bool) -> Step:
    title, text = _("Test"), _("Text your number from a phone and send a text back.")
    if first is None:
        return Step(title, text, done=False, url=_to(tenant, "sms:guide"))
    url = _to(tenant, "sms:configuration_verify", first.pk)
    return Step(title, text, done=done, url=url, action=_("Test it now"))


def _present(tenant: Tenant) -> dict[str, bool]:
    """Look which of a tenant's things exist, all in one query: the dashboard asks this often."""
    found = Tenant.objects.filter(pk=tenant.pk).values(
        trunk=Exists(numbers.trunks_of(tenant)),
        number=Exists(numbers.live_numbers(tenant)),
        webhook_set=Exists(tenant.webhook_changes.filter(state__in=_AT_TWILIO, undone_at=None)),
        webhook_stands=Exists(standing_here(tenant)),
        inbound=Exists(tenant.inbound_rules.filter(enabled=True)),
        outbound=Exists(tenant.outbound_rules.filter(enabled=True)),
        right=Exists(tenant.members.filter(enabled=True).exclude(sending_right=SendingRight.NONE)),
    )
    return {name: bool(value) for name, value in found[0].items()}


def standing_here(tenant: Tenant) -> QuerySet[TwilioNumber]:
    """Return the numbers of the pool that, as last read at Twilio, bring their texts here: set by hand, most often.

    `sms.pointing.judging` says the same of one number (`arrives`); a test holds the two together.
    """
    live = Q(retires_at=None) | Q(retires_at__gt=clock.now())
    keys = tenant.webhook_keys.filter(live, configuration__account=OuterRef("account"), configuration__deleted_at=None)
    decides = Q(service__use_inbound_webhook_on_number=False)
    in_service = keys.annotate(place=StrIndex(OuterRef("service__inbound_request_url"), F("key")))
    at_number = keys.annotate(place=StrIndex(OuterRef("sms_url"), F("key")))
    here = (decides & Q(Exists(in_service.filter(place__gt=0)))) | (
        (Q(service=None) | ~decides) & Q(sms_application_sid="") & Q(Exists(at_number.filter(place__gt=0)))
    )
    return TwilioNumber.objects.filter(here, e164__in=numbers.live_numbers(tenant).values("e164"), gone_at=None)
