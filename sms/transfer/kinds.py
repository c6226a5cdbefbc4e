"""What can be exported and imported: for each kind its columns, its records out of the database, who may do it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from django.utils.translation import gettext_lazy as _

from rules.changing import versions
from sms.setup import numbers
from sms.transfer import lines, people, rules
from sms.transfer.columns import Column
from sms.transfer.tables import Problem, Row
from tenants.models import Tenant
from tenants.roles import Permission

Json = dict[str, Any]
EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of rows; `key` finds the same record again, `export` returns all of a tenant's as plain values."""

    name: str
    label: Any
    columns: Mapping[str, Column]
    view: Permission
    edit: Permission
    export: Callable[[Tenant], list[Json]]
    to_row: Callable[[Json], dict[str, str]]
    from_row: Callable[[Row, str], tuple[list[Json], list[Problem]]]
    key: Callable[[Json], str]
    in_order: bool = False


def _rules(kind: str, tenant: Tenant) -> list[Json]:
    emails = {member.id.hex: member.user.email for member in tenant.members.select_related("user")}
    return [rules.record(kind, entry, emails) for entry in versions.build(tenant, kind)["rules"]]


def _rule_row(kind: str, row: Row, country: str) -> tuple[list[Json], list[Problem]]:
    record, problems = rules.from_row(kind, row, country)
    return [record], problems


def _of_rules(kind: str, label: Any) -> Kind:
    return Kind(
        name=kind,
        label=label,
        columns=rules.COLUMNS[kind],
        view=Permission.RULES_VIEW,
        edit=Permission.RULES_EDIT,
        export=partial(_rules, kind),
        to_row=partial(rules.to_row, kind),
        from_row=partial(_rule_row, kind),
        key=lambda record: str(record["name"]),
        in_order=True,
    )


def _trunks(tenant: Tenant) -> list[Json]:
    return [lines.trunk_record(trunk) for trunk in tenant.trunks.filter(deleted_at=None).order_by("host", "auth_name")]


def _pools(tenant: Tenant) -> list[Json]:
    names = lines.names_of(numbers.trunks_of(tenant))
    live = numbers.live_numbers(tenant).filter(pool__trunk__in=list(names)).select_related("pool").order_by("e164")
    return [{"trunk": names[number.pool.trunk_id], "number": number.e164} for number in live]


# In the order in which they are written: what others name comes first.
_ALL = (
    Kind(
        name="trunks",
        label=_("Trunks"),
        columns=lines.TRUNK_COLUMNS,
        view=Permission.TRUNKS_VIEW,
        edit=Permission.TRUNKS_EDIT,
        export=_trunks,
        to_row=lines.trunk_to_row,
        from_row=lines.trunk_from_row,
        key=lambda record: f"{record['host']} {record['auth_name']}".strip(),
    ),
    Kind(
        name="pools",
        label=_("Numbers"),
        columns=lines.POOL_COLUMNS,
        view=Permission.TRUNKS_VIEW,
        edit=Permission.TRUNKS_EDIT,
        export=_pools,
        to_row=dict,
        from_row=lines.pool_from_row,
        key=lambda record: str(record["number"]),
    ),
    Kind(
        name="members",
        label=_("Members"),
        columns=people.MEMBER_COLUMNS,
        view=Permission.MEMBERS_MANAGE,
        edit=Permission.MEMBERS_MANAGE,
        export=people.members,
        to_row=people.member_to_row,
        from_row=people.member_from_row,
        key=lambda record: str(record["email"]),
    ),
    Kind(
        name="groups",
        label=_("Groups"),
        columns=people.GROUP_COLUMNS,
        view=Permission.MEMBERS_MANAGE,
        edit=Permission.MEMBERS_MANAGE,
        export=people.groups,
        to_row=people.group_to_row,
        from_row=people.group_from_row,
        key=lambda record: str(record["name"]),
    ),
    _of_rules("inbound", _("Inbound rules")),
    _of_rules("outbound", _("Outbound rules")),
)
KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})


def of(name: str) -> tuple[Kind, ...]:
    """Return the kinds that a name stands for: one, or all of them for "everything".

    Raises:
        KeyError: there is no such kind.
    """
    return _ALL if name == EVERYTHING else (KINDS[name],)
