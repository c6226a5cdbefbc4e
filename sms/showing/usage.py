"""What uses a trunk or a phone number: the names that stand in a refusal to delete it."""

from collections.abc import Collection, Iterable

from django.utils.translation import gettext as _

from rules.models import InboundRule, OutboundRoute
from sms.models import MemberNumber, PhoneNumber, Trunk
from tenants.models import Tenant


def of_trunk(trunk: Trunk, tenant: Tenant | None = None) -> list[str]:
    """Name the SMS configurations and rules that use a trunk, of one tenant or of all."""
    configurations = trunk.configurations.filter(deleted_at=None).select_related("tenant")
    rules = trunk.inbound_rules.select_related("tenant")
    if tenant is not None:
        configurations, rules = configurations.filter(tenant=tenant), rules.filter(tenant=tenant)

    def place(owner: Tenant) -> str:
        return "" if tenant is not None or trunk.tenant_id else f" ({owner.name})"

    names = [_("SMS configuration “%s”") % found.name + place(found.tenant) for found in configurations[:50]]
    return names + [_("inbound rule “%s”") % found.name + place(found.tenant) for found in rules[:50]]


def of_numbers(tenant: Tenant, numbers: Collection[PhoneNumber]) -> list[str]:
    """Name the rules and members of a tenant that use any of these numbers."""
    ids, addresses = {number.pk for number in numbers}, {number.e164 for number in numbers}
    found = [*_of_rules(tenant, ids, addresses), *_of_members(tenant, ids)]
    if tenant.default_number in addresses:
        found.append(_("company: the default sender number is %s") % tenant.default_number)
    return found


def _of_rules(tenant: Tenant, ids: Collection[object], addresses: Collection[str]) -> Iterable[str]:
    for rule in tenant.inbound_rules.prefetch_related("numbers__number"):
        used = [row.number.e164 for row in rule.numbers.all() if row.number_id in ids] or _in_ranges(rule, addresses)
        if used:
            yield _("inbound rule “%(name)s” (%(number)s)") % {"name": rule.name, "number": _some(used)}
    routes = OutboundRoute.objects.filter(tenant=tenant).exclude(sender="").select_related("rule")
    for route in routes:
        if route.sender in addresses:
            yield _("outbound rule “%(name)s” (%(number)s)") % {"name": route.rule.name, "number": route.sender}


def _in_ranges(rule: InboundRule, addresses: Collection[str]) -> list[str]:
    ranges = [(item.get("first", ""), item.get("last", "")) for item in rule.conditions if item.get("kind") == "range"]
    return sorted(
        address
        for address in addresses
        if any(len(first) == len(address) and first <= address <= last for first, last in ranges)
    )


def _of_members(tenant: Tenant, ids: Collection[object]) -> Iterable[str]:
    rows = MemberNumber.objects.filter(tenant=tenant, number__released_at=None).select_related("member", "number")
    return [
        _("member %(name)s (%(number)s)") % {"name": row.member, "number": row.number.e164}
        for row in rows
        if row.number_id in ids
    ]


def _some(numbers: list[str]) -> str:
    return (
        numbers[0]
        if len(numbers) == 1
        else _("%(first)s and %(count)s more")
        % {
            "first": numbers[0],
            "count": len(numbers) - 1,
        }
    )
