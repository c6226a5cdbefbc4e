"""Phone numbers: the pools that tenants have on trunks, and every change to them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from rules.patterns import EntryError, parse_pool, pool_as_text
from sms.mirror import reading
from sms.models import MemberNumber, PhoneNumber, Pool, Trunk
from sms.showing import usage
from tenants import audit, clock
from tenants.audit import Actor
from tenants.models import Tenant

_CHUNK = 500


class PoolRefused(Exception):
    """A pool cannot become what was typed; `details` names each number or user in the way."""

    def __init__(self, message: str, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.details = list(details)


class NumbersUnread(PoolRefused):
    """Some entries are no phone numbers."""


class NumbersClash(PoolRefused):
    """Somebody else, or another trunk, holds some of the numbers."""

    def __init__(self, clashes: Sequence["Clash"], *, name_holders: bool) -> None:
        numbers = pool_as_text(clash.number.e164 for clash in clashes)
        super().__init__(
            _("Already in use: %(numbers)s. Take them out of this list, or ask the system administrator.")
            % {"numbers": numbers},
            [clash.describe(name_holders=name_holders) for clash in clashes[:50]],
        )
        self.clashes = list(clashes)


class NumbersInUse(PoolRefused):
    """Some of the numbers to remove are used by rules or members."""

    def __init__(self, users: Sequence[str]) -> None:
        super().__init__(_("Some of the numbers that you take out are still used. Change these first:"), users)


@dataclass(frozen=True, slots=True)
class Clash:
    """A number that is held elsewhere: by another tenant, or by this tenant on another trunk."""

    number: PhoneNumber
    same_tenant: bool

    def describe(self, *, name_holders: bool) -> str:
        """Say who holds it; other tenants are named to system administrators only."""
        held = self.number.e164
        if self.same_tenant:
            return _("%(number)s is on your trunk “%(trunk)s”") % {"number": held, "trunk": self.number.pool.trunk}
        if not name_holders:
            return _("%s is held by another tenant") % held
        seen = _("seen in its Twilio account") if self.number.verified_at else _("not verified")
        return _("%(number)s is held by %(tenant)s (%(seen)s)") % {
            "number": held,
            "tenant": self.number.tenant.name,
            "seen": seen,
        }


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """What a typed text would do to a pool."""

    numbers: tuple[str, ...]
    errors: tuple[EntryError, ...]
    added: tuple[str, ...]
    removed: tuple[PhoneNumber, ...]
    clashes: tuple[Clash, ...]

    @property
    def as_text(self) -> str:
        """The pool as it was understood."""
        return pool_as_text(self.numbers)

    @property
    def error_texts(self) -> list[str]:
        """What was not understood, each entry named once."""
        return [e.message if e.entry in e.message else f"{e.entry}: {e.message}" for e in self.errors]

    @property
    def added_text(self) -> str:
        """What would be added."""
        return pool_as_text(self.added)

    @property
    def removed_text(self) -> str:
        """What would be taken out."""
        return pool_as_text(number.e164 for number in self.removed)


def trunks_of(tenant: Tenant) -> QuerySet[Trunk]:
    """Return the trunks a tenant has: its own, and those the system shares with it."""
    share = Pool.objects.filter(trunk=OuterRef("pk"), tenant=tenant, removed_at=None)
    return Trunk.objects.filter(Q(tenant=tenant) | Q(Exists(share), tenant=None), deleted_at=None)


def live_numbers(tenant: Tenant) -> QuerySet[PhoneNumber]:
    """Return the numbers a tenant holds now."""
    return tenant.phone_numbers.filter(released_at=None)


def number_of(tenant: Tenant, e164: str) -> PhoneNumber | None:
    """Return a number if the tenant holds it now."""
    return live_numbers(tenant).filter(e164=e164).first()


def pool_text(trunk: Trunk, tenant: Tenant) -> str:
    """Return a tenant's numbers on a trunk as a person would write them."""
    return pool_as_text(_held(trunk, tenant))


def plan(trunk: Trunk | None, tenant: Tenant, text: str) -> PoolPlan:
    """Work out what a typed text would do, without doing it. No trunk: one that is about to be made."""
    understood = parse_pool(text, tenant.country)
    wanted = set(understood.numbers)
    here = list(live_numbers(tenant).filter(pool__trunk=trunk)) if trunk else []
    held = {number.e164 for number in here}
    return PoolPlan(
        numbers=tuple(understood.numbers),
        errors=understood.errors,
        added=tuple(number for number in understood.numbers if number not in held),
        removed=tuple(number for number in here if number.e164 not in wanted),
        clashes=tuple(_clashes(tenant, [number for number in understood.numbers if number not in held])),
    )


def clashes_of(tenant: Tenant, numbers: Sequence[str]) -> list[Clash]:
    """Return which of some numbers are held already, by another tenant or by this one."""
    return list(_clashes(tenant, numbers))


def _clashes(tenant: Tenant, numbers: Sequence[str]) -> Iterator[Clash]:
    for chunk in _chunks(numbers):
        rows = PhoneNumber.objects.filter(released_at=None, e164__in=chunk).select_related("tenant", "pool__trunk")
        for row in rows.order_by("e164"):
            yield Clash(row, row.tenant_id == tenant.pk)


def _chunks(numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    return (numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK))


def set_pool(
    actor: Actor, trunk: Trunk, tenant: Tenant, text: str, *, name_holders: bool = False, take_over: bool = False
) -> PoolPlan:
    """Make a tenant's pool on a trunk what was typed.

    `take_over` (system administrators) takes numbers that another tenant holds without having shown that they are in
    its Twilio account.

    Raises:
        NumbersUnread: some entries are no numbers.
        NumbersClash: somebody else holds some of them.
        NumbersInUse: a rule or a member uses some of those to remove.
    """
    try:
        with transaction.atomic():
            pool = _locked_pool(trunk, tenant)
            return _set_pool(actor, pool, text, name_holders=name_holders, take_over=take_over)
    except IntegrityError:
        # Somebody else took a number between our look and our insert: look again, and name it.
        raise NumbersClash(plan(trunk, tenant, text).clashes, name_holders=name_holders) from None


def add_to_pool(
    actor: Actor, trunk: Trunk, tenant: Tenant, wanted: Sequence[str], *, name_holders: bool = False
) -> PoolPlan:
    """Add numbers to a tenant's pool on a trunk; those that are in it already stay.

    Raises:
        NumbersUnread: some of them are no numbers that a pool takes.
        NumbersClash: somebody else, or another trunk of the tenant, holds some of them; none was added.
    """
    try:
        with transaction.atomic():
            pool = _locked_pool(trunk, tenant)
            text = pool_as_text({*_held(trunk, tenant), *wanted})
            return _set_pool(actor, pool, text, name_holders=name_holders, take_over=False)
    except IntegrityError:
        raise NumbersClash(clashes_of(tenant, wanted), name_holders=name_holders) from None


def _locked_pool(trunk: Trunk, tenant: Tenant) -> Pool:
    """Return the pool, made if need be, and keep it until the end: one change at a time, each whole."""
    pool, _made = Pool.objects.get_or_create(trunk=trunk, tenant=tenant)
    Pool.objects.select_for_update(no_key=True).get(pk=pool.pk)
    return pool


def _held(trunk: Trunk, tenant: Tenant) -> Iterable[str]:
    return live_numbers(tenant).filter(pool__trunk=trunk).values_list("e164", flat=True)


def _set_pool(actor: Actor, pool: Pool, text: str, *, name_holders: bool, take_over: bool) -> PoolPlan:
    trunk, tenant = pool.trunk, pool.tenant
    Pool.objects.filter(pk=pool.pk).exclude(removed_at=None).update(removed_at=None)
    wanted = plan(trunk, tenant, text)
    if wanted.errors:
        raise NumbersUnread(_("Some entries are not phone numbers:"), wanted.error_texts[:50])
    _clear_the_way(actor, wanted.clashes, name_holders=name_holders, take_over=take_over)
    users = usage.of_numbers(tenant, wanted.removed)
    if users:
        raise NumbersInUse(users)
    _release(wanted.removed)
    PhoneNumber.objects.bulk_create(
        [PhoneNumber(tenant=tenant, pool=pool, e164=number) for number in wanted.added], batch_size=_CHUNK
    )
    if wanted.added or wanted.removed:
        changes = {"added": wanted.added_text[:2000], "removed": wanted.removed_text[:2000]}
        audit.record(actor, "sms.pool.changed", pool, changes, tenant=tenant, both_logs=name_holders)
        reading.ask_about(trunk, tenant)
    return wanted


def _clear_the_way(actor: Actor, clashes: Sequence[Clash], *, name_holders: bool, take_over: bool) -> None:
    """Refuse numbers held elsewhere; a system administrator may take those that nobody has verified."""
    if not clashes:
        return
    if not take_over or any(clash.same_tenant or clash.number.verified_at for clash in clashes):
        raise NumbersClash(clashes, name_holders=name_holders)
    numbers = [clash.number for clash in clashes]
    _release(numbers)
    MemberNumber.objects.filter(number__in=numbers).delete()
    for number in numbers:
        audit.record(actor, "sms.number.taken_over", number, {}, tenant=number.tenant, both_logs=True)


def _release(numbers: Collection[PhoneNumber]) -> None:
    for chunk in _chunks([number.pk.hex for number in numbers]):
        PhoneNumber.objects.filter(pk__in=chunk).update(released_at=clock.now())


def remove_share(actor: Actor, trunk: Trunk, tenant: Tenant) -> None:
    """Take a shared trunk from a tenant; its numbers there become free.

    Raises:
        NumbersInUse: the tenant still uses the trunk or some of its numbers.
    """
    with transaction.atomic():
        numbers = list(live_numbers(tenant).filter(pool__trunk=trunk))
        users = [*usage.of_trunk(trunk, tenant), *usage.of_numbers(tenant, numbers)]
        if users:
            raise NumbersInUse(users)
        _release(numbers)
        Pool.objects.filter(trunk=trunk, tenant=tenant).update(removed_at=clock.now())
        removed = {"removed": pool_as_text(number.e164 for number in numbers)[:2000]}
        audit.record(actor, "sms.trunk.unshared", trunk, removed, tenant=tenant, both_logs=True)
