"""The names that rules and groups may use once an import is done: what is there, and what the same file brings."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sms.models import Configuration
from sms.setup import numbers
from sms.transfer import lines
from tenants import invitations
from tenants.models import Tenant

if TYPE_CHECKING:
    from sms.transfer.planning import KindPlan

_NAMED = 5


@dataclass(frozen=True)
class Names:
    """The names after the import; `of` gives the plan of a kind that the file holds."""

    tenant: Tenant
    of: "Callable[[str], KindPlan | None]"

    @cached_property
    def members(self) -> set[str]:
        """The e-mail addresses of members, and their names as far as each is one person's."""
        rows = list(self.tenant.members.select_related("user"))
        names = [str(row).casefold() for row in rows]
        found = {row.user.email for row in rows} | {name for name in names if names.count(name) == 1}
        return found - self._removed("members", "email")

    @cached_property
    def invited(self) -> set[str]:
        """Who is invited, by the file or before, and cannot be named by rules yet."""
        return set(invitations.pending(self.tenant).values_list("email", flat=True)) | self._added("members", "email")

    @cached_property
    def groups(self) -> dict[str, str]:
        """The names of groups, by how they compare."""
        gone = self._removed("groups", "name")
        known = [name for name in self.tenant.groups.values_list("name", flat=True) if name.casefold() not in gone]
        return {name.casefold(): name for name in [*known, *self._new("groups", "name")]}

    @cached_property
    def trunks(self) -> dict[str, str]:
        """The names of trunks, by how they compare, and by their hosts."""
        rows = {row.pk: row for row in numbers.trunks_of(self.tenant)}
        known = {name.casefold(): name for name in lines.names_of(rows.values()).values()}
        hosts = {row.host.casefold(): row.name for row in rows.values()}
        fresh = {name.casefold(): name for field in ("name", "host") for name in self._new("trunks", field)}
        return hosts | known | fresh

    @cached_property
    def numbers(self) -> set[str]:
        """The numbers."""
        known = set(numbers.live_numbers(self.tenant).values_list("e164", flat=True))
        return (known - self._removed("pools", "number")) | self._added("pools", "number")

    @cached_property
    def configurations(self) -> dict[str, Configuration]:
        """The SMS configurations by name."""
        found = self.tenant.configurations.filter(deleted_at=None).select_related("trunk")
        return {one.name.casefold(): one for one in found}

    @cached_property
    def numbers_by_trunk(self) -> set[tuple[Any, str]]:
        """Which number is on which trunk."""
        known = set(numbers.live_numbers(self.tenant).values_list("pool__trunk_id", "e164"))
        plan = self.of("pools")
        trunks = lines.by_any_name(numbers.trunks_of(self.tenant)) if plan else {}
        records = [placed.record for placed in plan.wanted] if plan else []
        places = ((trunks.get(record["trunk"].casefold()), record["number"]) for record in records)
        return known | {(trunk.pk, number) for trunk, number in places if trunk}

    def _added(self, kind: str, field: str) -> set[str]:
        return {name.casefold() for name in self._new(kind, field)}

    def _new(self, kind: str, field: str) -> list[str]:
        plan = self.of(kind)
        return [str(placed.record[field]) for placed in plan.added] if plan else []

    def _removed(self, kind: str, field: str) -> set[str]:
        plan = self.of(kind)
        return {str(record[field]).casefold() for record in plan.removed} if plan else set()


def some(names: Iterable[str]) -> str:
    """Name a few of what there is, for a remedy."""
    found = sorted(set(names))
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more
