"""Find again what a rule document names: by id, else by phone number or name."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

from tenants.models import Group, Member, Tenant

if TYPE_CHECKING:
    from sms.models import Configuration, PhoneNumber, Trunk


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that a rule names and that is not there any more; `kind` is "trunk", "number", "member" and so on."""

    rule: str
    kind: str
    label: str


def read_id(text: object) -> uuid.UUID | None:
    """Read an id as documents hold it; None when it is none."""
    try:
        return uuid.UUID(hex=text) if isinstance(text, str) and text else None
    except ValueError:
        return None


T = TypeVar("T")


class _Index(Generic[T]):
    """Rows by id, and by each name that only one of them has."""

    def __init__(self, rows: Iterable[tuple[str, list[str], T]]) -> None:
        by_name: dict[str, dict[str, T]] = defaultdict(dict)
        self._by_id: dict[str, T] = {}
        for key, names, row in rows:
            self._by_id[key] = row
            for name in names:
                by_name[name.casefold()][key] = row
        self._by_name = {name: next(iter(rows.values())) for name, rows in by_name.items() if len(rows) == 1}

    def find(self, key: object, label: object) -> T | None:
        """Return the row with this id, else the one with this name."""
        found = self._by_id.get(key) if isinstance(key, str) else None
        if found is None and isinstance(label, str):
            found = self._by_name.get(label.strip().casefold())
        return found


class Rows:
    """What a tenant's rules can name. A name that two rows have finds neither."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def trunk(self, key: object, label: object) -> "Trunk | None":
        """Return one of the tenant's trunks, own or shared."""
        return self._trunks.find(key, label)

    def member(self, key: object, label: object) -> Member | None:
        """Return a member by id, e-mail address or name."""
        return self._members.find(key, label)

    def group(self, key: object, label: object) -> Group | None:
        """Return a group by id or name."""
        return self._groups.find(key, label)

    def configuration(self, key: object, label: object) -> "Configuration | None":
        """Return an SMS configuration that is not deleted."""
        return self._configurations.find(key, label)

    def number(self, key: object, e164: object) -> "PhoneNumber | None":
        """Return a number that the tenant holds now; a number that left and came back is found by its digits."""
        return self._numbers.find(key, e164)

    @cached_property
    def _trunks(self) -> "_Index[Trunk]":
        pools = self._tenant.pools.filter(removed_at=None, trunk__deleted_at=None).select_related("trunk")
        return _Index((pool.trunk.id.hex, [pool.trunk.name], pool.trunk) for pool in pools)

    @cached_property
    def _members(self) -> "_Index[Member]":
        members = self._tenant.members.select_related("user")
        return _Index((one.id.hex, [one.user.email, str(one)], one) for one in members)

    @cached_property
    def _groups(self) -> "_Index[Group]":
        return _Index((one.id.hex, [one.name], one) for one in self._tenant.groups.all())

    @cached_property
    def _configurations(self) -> "_Index[Configuration]":
        found = self._tenant.configurations.filter(deleted_at=None)
        return _Index((one.id.hex, [one.name], one) for one in found)

    @cached_property
    def _numbers(self) -> "_Index[PhoneNumber]":
        held = self._tenant.phone_numbers.filter(released_at=None)
        return _Index((one.id.hex, [one.e164], one) for one in held)
