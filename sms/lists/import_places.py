"""Whose the texts of a Twilio account are: its configurations, and the numbers that their tenants hold now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from rules.e164 import AddressKind, classify_address
from sms.models import Configuration, Direction, Message, PhoneNumber, TwilioAccount
from sms.setup import configuring
from sms.twilio.history import Entry
from tenants import clock

# Of texts under way, while polling: older ones have the ladder of `reconcile`.
_UNDER_WAY = timedelta(hours=1)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text belongs: the configuration, and whether it waits there because something is switched off."""

    configuration: Configuration
    since: datetime
    held: bool


class Here:
    """What an account means to this portal: its configurations, whose numbers they serve, whether it is polled."""

    def __init__(self, account: TwilioAccount) -> None:
        self.account = account
        rows = Configuration.objects.filter(account=account, deleted_at=None, tenant__deleted_at=None)
        self.configurations = list(rows.select_related("tenant", "account").order_by("created_at", "id"))
        self.polls = any(configuring.is_polling(found) for found in self.configurations)
        # Until Twilio has called once, nobody knows that the webhook was pasted right.
        self.is_unheard = any(found.signed_at is None for found in self.configurations)
        self.began_at = min((found.created_at for found in self.configurations), default=clock.now())

    def oldest_under_way(self, now: datetime) -> list[datetime]:
        """Return when the oldest text left that Twilio has not finished, if there is one."""
        waiting = Message.objects.filter(state="accepted", due_at__isnull=False, direction=Direction.OUT)
        mine = waiting.filter(configuration__in=self.configurations, occurred_at__gte=now - _UNDER_WAY)
        return list(mine.order_by("occurred_at").values_list("occurred_at", flat=True)[:1])

    def places(self, entries: Sequence[Entry]) -> Iterator[tuple[Entry, Place]]:
        """Yield each text with its place; those that belong to nobody here are left out."""
        addresses = {entry.to_address for entry in entries}
        live = PhoneNumber.objects.filter(e164__in=addresses, released_at=None).select_related("pool")
        held = {number.e164: number for number in live}
        for entry in entries:
            number = held.get(entry.to_address)
            place = self._at_number(number) if number else self._without_number(entry)
            # Twilio's dates are whole seconds.
            if place is not None and entry.at >= place.since.replace(microsecond=0):
                yield entry, place

    def _at_number(self, number: PhoneNumber) -> Place | None:
        """Only the tenant that holds the number now, and from the day on which it got it."""
        own = [found for found in self.configurations if found.tenant_id == number.tenant_id]
        by_trunk = [found for found in own if found.trunk_id == number.pool.trunk_id]
        return _place((by_trunk or own)[0], number.assigned_at) if own else None

    def _without_number(self, entry: Entry) -> Place | None:
        """Short codes are in no pool: they belong to whose service or, alone, whose account they came by."""
        service = entry.messaging_service_sid
        named = [found for found in self.configurations if service and found.messaging_service_sid == service]
        alone = self.configurations if self.account.tenant_id and not self._is_shared() else []
        if not named and classify_address(entry.to_address) != AddressKind.SHORT_CODE:
            return None
        fits = named or alone
        return _place(fits[0], fits[0].created_at) if len(fits) == 1 else None

    def _is_shared(self) -> bool:
        return TwilioAccount.objects.filter(account_sid=self.account.account_sid).exclude(pk=self.account.pk).exists()


def _place(configuration: Configuration, since: datetime) -> Place:
    tenant = configuration.tenant
    return Place(configuration, since, not (tenant.is_open and tenant.sms_enabled and configuration.enabled))


@dataclass(frozen=True, slots=True)
class Shared:
    """Twilio accounts that two have entered, and the texts of a week that both were given."""

    accounts: int
    texts: int


def shared() -> Shared:
    """Count what two tenants, or a tenant and the system, have in common at Twilio."""
    rows = TwilioAccount.objects.order_by().values("account_sid").annotate(holders=Count("pk"))
    sids = list(rows.filter(holders__gt=1).values_list("account_sid", flat=True)[:1000])
    if not sids:
        return Shared(0, 0)
    using = Configuration.objects.filter(account__account_sid__in=sids).order_by().values_list("tenant", flat=True)
    received = Message.objects.filter(
        tenant__in=list(using.distinct()),
        occurred_at__gte=clock.now() - _WEEK,
        direction=Direction.IN,
        account_sid__in=sids,
    )
    twice = received.order_by().values("account_sid", "provider_sid").annotate(count=Count("pk")).filter(count__gt=1)
    return Shared(len(sids), twice.count())
