"""Trunks: make, change, enable and delete them."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from sms.models import PhoneNumber, Pool, Trunk, TwilioAccount
from sms.setup import numbers
from sms.showing import usage
from tenants import audit, clock
from tenants.audit import Actor
from tenants.models import Tenant


class TrunkInUse(Exception):
    """The trunk cannot be deleted; `users` names what uses it."""

    def __init__(self, users: list[str]) -> None:
        super().__init__(_("This trunk is still used. Change or delete these first:"))
        self.users = users


def create_trunk(
    actor: Actor,
    *,
    owner: Tenant | None,
    fields: dict[str, Any],
    tenant: Tenant | None = None,
    pool: str = "",
    name_holders: bool = False,
) -> Trunk:
    """Make a trunk, and with it the pool of its first tenant. Without an owner it is the system's, to be shared.

    Raises:
        numbers.PoolRefused: the pool cannot be what was typed; no trunk is made.
    """
    with transaction.atomic():
        trunk = Trunk.objects.create(tenant=owner, **fields)
        audit.record(actor, "sms.trunk.created", trunk, _plain(fields), tenant=owner)
        first = owner or tenant
        if first is not None:
            numbers.set_pool(actor, trunk, first, pool, name_holders=name_holders)
        return trunk


def change_trunk(actor: Actor, trunk: Trunk, fields: dict[str, Any]) -> Trunk:
    """Change the fields of a trunk; only what differs is written and logged."""
    before = {name: getattr(trunk, name) for name in fields}
    changes = audit.differences(before, fields)
    if changes:
        for name in changes:
            setattr(trunk, name, fields[name])
        with transaction.atomic():
            trunk.save(update_fields=list(changes))
            audit.record(actor, "sms.trunk.changed", trunk, changes, tenant=trunk.tenant)
    return trunk


def delete_trunk(actor: Actor, trunk: Trunk) -> None:
    """Delete a trunk; its numbers become free. The row stays for the messages of the past.

    Raises:
        TrunkInUse: an SMS configuration or a rule uses it, or a rule or member one of its numbers.
    """
    with transaction.atomic():
        users = usage_of(trunk)
        if users:
            raise TrunkInUse(users)
        now = clock.now()
        PhoneNumber.objects.filter(pool__trunk=trunk, released_at=None).update(released_at=now)
        Pool.objects.filter(trunk=trunk, removed_at=None).update(removed_at=now)
        Trunk.objects.filter(pk=trunk.pk).update(deleted_at=now)
        audit.record(actor, "sms.trunk.deleted", trunk, {}, tenant=trunk.tenant)


def usage_of(trunk: Trunk) -> list[str]:
    """Name everything that keeps a trunk from being deleted."""
    users = usage.of_trunk(trunk)
    for pool in trunk.pools.filter(removed_at=None).select_related("tenant"):
        users += usage.of_numbers(pool.tenant, list(pool.phone_numbers.filter(released_at=None)))
    return users


def set_operator_account(actor: Actor, trunk: Trunk, account: TwilioAccount | None) -> None:
    """Give a shared trunk the operator's credentials, or take them away; tenants then need none of their own."""
    changes = {"account": [str(trunk.account or ""), str(account or "")]}
    trunk.account = account
    with transaction.atomic():
        trunk.save(update_fields=["account"])
        audit.record(actor, "sms.trunk.changed", trunk, changes, tenant=trunk.tenant)


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) for name, value in fields.items() if value not in ("", None)}
