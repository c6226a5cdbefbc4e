"""Gather what rules name, so that `conflicts.py` can say what is wrong with them, and where that is mended."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Q

from rules.changing import versions
from rules.checking.conflicts import inbound_findings, outbound_findings
from rules.checking.findings import Code, Finding, Surroundings, Thing
from rules.documents import InboundRule, OutboundRule, parse_inbound, parse_outbound
from rules.e164 import country_of, example_of
from rules.facts import InboundFacts
from rules.models import OfficeHours
from rules.models.versions import RuleKind
from rules.reading import ConditionError
from rules.schedule import Week
from tenants import clock
from tenants.models import Member, Tenant

Rules = Sequence[InboundRule] | Sequence[OutboundRule]
Things = dict[tuple[str, str], Thing]

# More numbers than this are checked on no page; pools have as many at most.
_NUMBERS_CHECKED = 10_000
# In how many of the latest conversations countries are looked for, and how many numbers stand for each.
_CONVERSATIONS_READ = 1_000
_NUMBERS_A_COUNTRY = 3

# Which page mends what; a page of a row has its id as second argument, "rule" is the rule's own page.
_PAGES = {
    Code.SHADOWED: "list",
    Code.NUMBERS_WITHOUT_RULE: "new",
    Code.COUNTRY_UNSERVED: "new",
    Code.MEMBER_OFF: "tenants:member_edit",
    Code.GROUP_EMPTY: "tenants:group_edit",
    Code.GROUP_AWAY: "tenants:group_edit",
    Code.EXTENSION_FREE: "tenants:member_list",
    Code.TRUNK_OFF: "sms:trunk_detail",
    Code.CONFIGURATION_OFF: "sms:configuration_detail",
}


def findings_for(tenant: Tenant, kind: str, rules: Any = None) -> tuple[Finding, ...]:
    """Return what is wrong with a tenant's rules as they are being edited, each with the page that mends it.

    `kind` is "inbound" or "outbound"; `rules` are the rules in their order when the caller has them already, such as
    the ones that a save or an older version would bring.
    """
    if rules is None:
        document = versions.build(tenant, kind)
        rules = parse_inbound(document) if kind == RuleKind.INBOUND else parse_outbound(document)
    around = gather(tenant, kind, rules)
    found = inbound_findings(rules, around) if kind == RuleKind.INBOUND else outbound_findings(rules, around)
    return tuple(replace(finding, mend=_mend(tenant, kind, finding, around)) for finding in found)


def gather(tenant: Tenant, kind: str, rules: Rules) -> Surroundings:
    """Read what these rules name: at most six queries, and none for what no rule names."""
    named = set(_named(rules))
    inbound = kind == RuleKind.INBOUND
    kinds = {one for one, _ in named}
    maps_extensions = inbound and bool(rules)
    members = list(_members(tenant)) if maps_extensions or "group" in kinds else []
    things: Things = {("member", member.id.hex): _member(member) for member in members}
    things |= _groups(tenant) if "group" in kinds else {}
    things |= _trunks(tenant) if "trunk" in kinds else {}
    numbers = list(_numbers(tenant))
    return Surroundings(
        now=clock.now(),
        numbers=numbers,
        things=things | ({} if inbound else _configurations(tenant, numbers)),
        lost=frozenset(_lost(tenant, kind)),
        extensions=frozenset(member.extension for member in members if member.extension),
        recipients={} if inbound else _recipients(tenant),
    )


def _named(rules: Rules) -> Iterator[tuple[str, str]]:
    """Yield the kind and id of each row that a rule names as a condition or destination."""
    for rule in rules:
        for condition in rule.conditions:
            yield from condition.names
        for end in rule.ends if isinstance(rule, InboundRule) else ():
            stored = end.target.to_json()
            yield stored["kind"], stored.get("id", "")


def _members(tenant: Tenant) -> Iterable[Member]:
    return tenant.members.select_related("user").only(
        "tenant", "name", "enabled", "hours", "extension", "user__email", "user__is_active"
    )


def _member(member: Member) -> Thing:
    return Thing(str(member), works=member.enabled and member.user.is_active, reachable=_ever_there(member.hours))


def _ever_there(hours: Any) -> bool:
    """Say whether a member's own hours ever open; what cannot be read keeps nobody from getting texts."""
    try:
        return hours is None or Week.from_json(hours).ever_opens
    except ConditionError:
        return True


def _groups(tenant: Tenant) -> Things:
    names: dict[str, str] = {}
    members: defaultdict[str, list[str]] = defaultdict(list)
    for key, name, member in tenant.groups.values_list("id", "name", "group_members__member_id"):
        names[key.hex] = name
        members[key.hex] += [member.hex] if member else []
    return {("group", key): Thing(name, members=tuple(members[key])) for key, name in names.items()}


def _trunks(tenant: Tenant) -> Things:
    pools = tenant.pools.filter(trunk__deleted_at=None).select_related("trunk")
    return {
        ("trunk", pool.trunk_id.hex): Thing(pool.trunk.name, works=pool.trunk.enabled and pool.removed_at is None)
        for pool in pools
    }


def _numbers(tenant: Tenant) -> Iterator[InboundFacts]:
    """Yield the facts of a text to each of our numbers, from nobody."""
    live = tenant.phone_numbers.filter(released_at=None).order_by("e164")
    for e164, trunk, key in live.values_list("e164", "pool__trunk_id", "id")[:_NUMBERS_CHECKED]:
        yield InboundFacts(our_address=e164, their_address="", trunk=trunk.hex, number=key.hex)


def _configurations(tenant: Tenant, numbers: Sequence[InboundFacts]) -> Things:
    """Return the configurations that are there, each with the numbers on its trunk, which it may send from."""
    on_trunk: defaultdict[str, set[str]] = defaultdict(set)
    for number in numbers:
        on_trunk[number.trunk].add(number.our_address)
    live = tenant.configurations.filter(deleted_at=None).select_related("trunk")
    return {
        ("configuration", one.id.hex): Thing(
            one.name,
            works=one.enabled and one.trunk.enabled and one.trunk.deleted_at is None,
            senders=frozenset(on_trunk[one.trunk_id.hex]),
        )
        for one in live
    }


def _lost(tenant: Tenant, kind: str) -> Iterator[str]:
    """Yield the ids of rules that named a member or group since removed."""
    if kind == RuleKind.OUTBOUND:
        groups = tenant.outbound_rule_groups.filter(group=None)
        yield from (key.hex for key in groups.values_list("rule_id", flat=True))
    else:
        gone = tenant.inbound_targets.filter(Q(kind="member", member=None) | Q(kind="group", group=None))
        yield from (key.hex for key in gone.values_list("rule_id", flat=True))


def _recipients(tenant: Tenant) -> dict[str, list[str]]:
    """Return numbers by country: of those who were texted lately, and one for the tenant's own country.

    The countries of the whole world would be a list that nobody reads.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    latest = tenant.conversations.order_by("-last_message_at", "-id").values_list("their_address", flat=True)
    for address in (*latest[:_CONVERSATIONS_READ], example_of(tenant.country)):
        country = country_of(address)
        if country and len(found[country]) < _NUMBERS_A_COUNTRY:
            found[country].append(address)
    return dict(sorted(found.items()))


def _mend(tenant: Tenant, kind: str, finding: Finding, around: Surroundings) -> tuple[str, tuple[str, ...]]:
    """Return the name and the arguments of the page that mends a finding."""
    page = _PAGES.get(finding.code, "rule")
    if page in ("list", "new"):
        return f"rules:{kind}_rule_{page}", (tenant.slug,)
    if page == "tenants:member_list":
        return page, (tenant.slug,)
    if finding.code == Code.NEVER_OPENS and _never_opens(tenant):
        return "rules:office_hours", (tenant.slug,)
    is_there = any(key == finding.subject for _, key in around.things)
    if page == "rule" or not is_there:
        return f"rules:{kind}_rule_edit", (tenant.slug, finding.rule_id)
    return page, (tenant.slug, finding.subject)


def _never_opens(tenant: Tenant) -> bool:
    """Say whether it is the company's hours that never open, rather than a rule's own."""
    hours = OfficeHours.objects.filter(tenant=tenant).first()
    return hours is not None and not _ever_there(hours.week)
