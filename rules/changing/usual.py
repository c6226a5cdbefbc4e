"""The usual rules: what most companies want with their first SMS configuration, in one step."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from rules.changing import versions
from rules.changing.ordering import last_position
from rules.models import InboundRule, InboundTarget, OutboundRoute, OutboundRule, TargetKind
from rules.models.versions import RuleKind
from tenants import audit
from tenants.audit import Actor
from tenants.models import Group, GroupMember, Member, Tenant
from tenants.models.members import SendingRight
from tenants.roles import Role

if TYPE_CHECKING:
    from sms.models import Configuration

ALL_DESTINATIONS = {"kind": "all"}


@dataclass(frozen=True, slots=True)
class UsualRules:
    """What was added; None where the tenant had such a rule already, or did not want it."""

    inbound: InboundRule | None = None
    outbound: OutboundRule | None = None


@transaction.atomic
def usual_rules(
    actor: Actor,
    tenant: Tenant,
    configuration: "Configuration",
    member: Member | None,
    *,
    inbound: bool = True,
    outbound: bool = True,
) -> UsualRules:
    """Lead all texts of the configuration's trunk to the administrators, all texts to send to the configuration.

    `member` is given the right to send. What is there already is left alone, so doing it twice does no harm.
    """
    versions.lock(tenant)
    added = UsualRules(
        inbound=_receive(actor, tenant, configuration) if inbound else None,
        outbound=_send(actor, tenant, configuration) if outbound else None,
    )
    if outbound:
        _let_send(actor, tenant, member)
        _choose_default_number(actor, tenant, configuration)
    return added


def _receive(actor: Actor, tenant: Tenant, configuration: "Configuration") -> InboundRule | None:
    trunk = configuration.trunk
    if any(not rule.conditions and rule.enabled for rule in tenant.inbound_rules.filter(trunk=trunk, numbers=None)):
        return None
    name = _("All texts of %(trunk)s") % {"trunk": trunk.name}
    position = last_position(tenant.inbound_rules)
    rule = InboundRule.objects.create(tenant=tenant, name=name[:64], trunk=trunk, position=position)
    administrators = _administrators(actor, tenant)
    InboundTarget.objects.create(tenant=tenant, rule=rule, kind=TargetKind.GROUP, group=administrators)
    versions.save(actor, tenant, RuleKind.INBOUND, action="rules.inbound_rule.created", target=rule)
    return rule


def _administrators(actor: Actor, tenant: Tenant) -> Group:
    """Return the administrators' shared inbox: a group, so that it outlives any one of them."""
    group, made = Group.objects.get_or_create(tenant=tenant, name=_("Administrators"))
    if made:
        audit.record(actor, "tenants.group.created", group, tenant=tenant)
    missing = tenant.members.filter(role=Role.ADMIN, enabled=True).exclude(groups=group)
    GroupMember.objects.bulk_create(GroupMember(tenant=tenant, group=group, member=member) for member in missing)
    return group


def _send(actor: Actor, tenant: Tenant, configuration: "Configuration") -> OutboundRule | None:
    if any(rule.conditions == [ALL_DESTINATIONS] and rule.enabled for rule in tenant.outbound_rules.all()):
        return None
    rule = OutboundRule.objects.create(
        tenant=tenant,
        name=_("All destinations"),
        position=last_position(tenant.outbound_rules),
        conditions=[dict(ALL_DESTINATIONS)],
    )
    OutboundRoute.objects.create(tenant=tenant, rule=rule, configuration=configuration)
    versions.save(actor, tenant, RuleKind.OUTBOUND, action="rules.outbound_rule.created", target=rule)
    return rule


def _let_send(actor: Actor, tenant: Tenant, member: Member | None) -> None:
    if member is None or member.sending_right != SendingRight.NONE:
        return
    member.sending_right = SendingRight.SENDER_ID
    member.save(update_fields=["sending_right"])
    changes = {"sending_right": [SendingRight.NONE.value, SendingRight.SENDER_ID.value]}
    audit.record(actor, "tenants.member.changed", member, changes, tenant=tenant)


def _choose_default_number(actor: Actor, tenant: Tenant, configuration: "Configuration") -> None:
    """Give the company a number to send from when it has none: without one, new texts would have no sender."""
    numbers = tenant.phone_numbers.filter(pool__trunk=configuration.trunk, released_at=None)
    first = numbers.order_by("e164").values_list("e164", flat=True).first()
    if tenant.default_number or first is None:
        return
    tenant.default_number = first
    tenant.save(update_fields=["default_number"])
    audit.record(actor, "tenants.tenant.changed", tenant, {"default_number": ["", first]}, tenant=tenant)
