"""Message quotas: how many texts a tenant may send a day and a month of its own time zone; off until somebody sets one.

The counter moves in the transaction that accepts a text, so it holds however many accept at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tenants import clock
from tenants.models import QuotaCounter, Tenant


@dataclass(frozen=True, slots=True)
class Window:
    """One limited stretch of time: `name` is the counter's, `resets_at` when the next one begins."""

    kind: str
    name: str
    limit: int
    starts_at: datetime
    resets_at: datetime

    @property
    def label(self) -> str:
        """The window in words."""
        return _("day") if self.kind == "day" else _("month")


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a window is used."""

    window: Window
    used: int

    @property
    def percent(self) -> int:
        """The share that is used, 100 at most."""
        return min(100, 100 * self.used // self.window.limit)


class QuotaReached(Exception):
    """A text would exceed a quota; the text says which, and when it begins anew."""

    def __init__(self, window: Window) -> None:
        self.window = window
        until = date_format(window.resets_at, "j N Y, H:i")
        words = {"limit": window.limit, "until": until, "zone": str(window.resets_at.tzinfo)}
        if window.kind == "day":
            text = _("The limit of %(limit)d texts a day is reached. It begins anew on %(until)s (%(zone)s).")
        else:
            text = _("The limit of %(limit)d texts a month is reached. It begins anew on %(until)s (%(zone)s).")
        super().__init__(text % words)


def windows(tenant: Tenant, now: datetime) -> Iterator[Window]:
    """Return the windows that are limited now, the shorter first."""
    today = now.astimezone(tenant.zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if tenant.messages_per_day is not None:
        tomorrow = today + timedelta(days=1)  # wall-clock time: the next midnight there, also when clocks change
        yield Window("day", f"{today:%Y-%m-%d}", tenant.messages_per_day, today, tomorrow)
    if tenant.messages_per_month is not None:
        first = today.replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
        yield Window("month", f"{today:%Y-%m}", tenant.messages_per_month, first, following)


def take(tenant: Tenant, texts: int = 1) -> None:
    """Count texts that this transaction has just stored.

    Raises:
        QuotaReached: that would be too many; the caller's transaction must not commit.
    """
    for window in windows(tenant, clock.now()):
        if not _add(tenant, window, texts) and not (_seed(tenant, window, texts) and _add(tenant, window, texts)):
            raise QuotaReached(window)


def _add(tenant: Tenant, window: Window, texts: int) -> bool:
    counter = QuotaCounter.objects.filter(tenant=tenant, window=window.name, used__lte=window.limit - texts)
    return bool(counter.update(used=F("used") + texts))


def _seed(tenant: Tenant, window: Window, texts: int) -> bool:
    """Begin a window's counter with what was sent in it already, but for those just stored; False: it has begun."""
    if tenant.quota_counters.filter(window=window.name).exists():
        return False
    current = [other.name for other in windows(tenant, clock.now())]
    tenant.quota_counters.exclude(window__in=current).delete()
    used = max(0, _count(tenant, window) - texts)
    QuotaCounter.objects.bulk_create(
        [QuotaCounter(tenant=tenant, window=window.name, used=used)], ignore_conflicts=True
    )
    return True


def _count(tenant: Tenant, window: Window) -> int:
    sent = tenant.messages.filter(direction="out", occurred_at__gte=window.starts_at).exclude(state="blocked")
    return sent.count()


def forget(tenant: Tenant) -> None:
    """Let every counter begin anew from what was sent: the limits or the time zone have changed."""
    tenant.quota_counters.all().delete()


def use(tenant: Tenant) -> list[Use]:
    """Return how much of each limited window is used."""
    found = list(windows(tenant, clock.now()))
    used = dict(tenant.quota_counters.values_list("window", "used")) if found else {}
    return [Use(window, used[window.name] if window.name in used else _count(tenant, window)) for window in found]
