"""The public addresses of this portal: remembered, still accepted when former, and followed at Twilio after a move."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, F, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Left, StrIndex, Substr
from django.utils.translation import gettext as _

from sms.models import (
    ChangeKind,
    ChangeState,
    Configuration,
    JobState,
    NumberKind,
    PublicAddress,
    TwilioNumber,
    TwilioService,
    WebhookChange,
    WebhookJob,
    WebhookKey,
)
from sms.pointing import jobs, judging, planning
from sms.setup import configuring
from sms.twilio.client import SANDBOX_PREFIX
from sms.twilio.numbers import WEBHOOK_FIELDS
from sms.twilio.services import SERVICE_FIELDS
from sms.webhooks import registry
from tenants import audit, clock
from tenants.audit import Actor

_KEY_LENGTH = 42
_COUNT_SECONDS = 60
_NEW_ADDRESSES = 10
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Former:
    """An address that numbers at Twilio still point to."""

    url: str
    numbers: int
    services: int
    is_accepted: bool

    @property
    def count(self) -> int:
        """How many numbers and services point to it."""
        return self.numbers + self.services


# --- Remembering ---


def note() -> None:
    """Remember the address under which the portal is reachable now."""
    if settings.PUBLIC_BASE_URL:
        now = {"last_at": clock.now(), "is_accepted": True}
        PublicAddress.objects.update_or_create(url=judging.plain(settings.PUBLIC_BASE_URL), defaults=now)


def accept(actor: Actor, url: str) -> bool:
    """Let signatures over an address count that was found at numbers at Twilio; returns whether it was unknown."""
    with transaction.atomic():
        if not PublicAddress.objects.filter(url=url, is_accepted=False).update(is_accepted=True):
            return False
        audit.record(actor, "sms.address.accepted", None, {"url": url}, tenant=None)
    registry.forget()
    return True


def work(should_stop: Callable[[], bool] = lambda: False) -> int:
    """Remember the present address, and count anew what points to others, once a minute."""
    since = clock.now() - timedelta(seconds=_COUNT_SECONDS * settings.TIME_SCALE)
    if not should_stop() and not PublicAddress.objects.filter(counted_at__gt=since).exists():
        note()
        count()
    return 0


def count() -> int:
    """Count what points to former addresses, for the banner; returns how much that is."""
    now, found = clock.now(), {former.url: former.count for former in formers()}
    known = set(PublicAddress.objects.values_list("url", flat=True))
    # Somebody may have typed a thousand: those that matter are few.
    new = sorted(found.keys() - known, key=lambda url: -found[url])[:_NEW_ADDRESSES]
    PublicAddress.objects.bulk_create(
        [PublicAddress(url=url[:300], is_accepted=False) for url in new], ignore_conflicts=True
    )
    PublicAddress.objects.exclude(url__in=list(found)).update(pointing=0, counted_at=now)
    for url in found:
        PublicAddress.objects.filter(url=url).update(pointing=found[url], counted_at=now)
    return sum(found.values())


def counted() -> int:
    """Return how many numbers and services pointed to former addresses when last counted: one question."""
    return sum(PublicAddress.objects.filter(pointing__gt=0).values_list("pointing", flat=True))


# --- Looking ---


def formers() -> list[Former]:
    """Return the addresses that numbers and services at Twilio still point to, those with most first."""
    numbers, services = _grouped(stale_numbers()), _grouped(stale_services())
    accepted = set(PublicAddress.objects.filter(is_accepted=True).values_list("url", flat=True))
    accepted |= {judging.plain(url) for url in settings.PUBLIC_BASE_URL_ALIASES}
    found = [
        Former(url, numbers.get(url, 0), services.get(url, 0), url in accepted)
        for url in numbers.keys() | services.keys()
    ]
    return sorted(found, key=lambda former: (-former.count, former.url))


def _grouped(rows: QuerySet[Any]) -> dict[str, int]:
    """Count rows by base address; two spellings of one are one."""
    found: dict[str, int] = {}
    for base, number in (
        rows.order_by().values("base").annotate(number=Count("sid", distinct=True)).values_list("base", "number")
    ):
        found[judging.plain(base)] = found.get(judging.plain(base), 0) + number
    return found


def stale_numbers() -> QuerySet[TwilioNumber]:
    """Return the numbers whose own address is a webhook of ours at another base than the present one."""
    return _stale(TwilioNumber.objects.all(), "sms_url")


def stale_services() -> QuerySet[TwilioService]:
    """Return the Messaging Services whose address is a webhook of ours at another base than the present one."""
    return _stale(TwilioService.objects.all(), "inbound_request_url")


def _stale(rows: QuerySet[Any], field: str) -> QuerySet[Any]:
    """Find them by the key in their address, which nobody can guess; annotated with `base` and `key`."""
    sandbox = Q(account__account_sid__startswith=SANDBOX_PREFIX)
    here = Q(sandbox, **{f"{field}__startswith": f"{settings.LOCAL_BASE_URL}{judging.PATH}"})
    if settings.PUBLIC_BASE_URL:
        here |= Q(~sandbox, **{f"{field}__startswith": f"{settings.PUBLIC_BASE_URL}{judging.PATH}"})
    at = StrIndex(F(field), Value(judging.PATH))
    live = Q(retires_at=None) | Q(retires_at__gt=clock.now())
    keys = WebhookKey.objects.filter(live, key=OuterRef("key"), configuration__deleted_at=None, tenant__deleted_at=None)
    found = rows.filter(gone_at=None, **{f"{field}__contains": judging.PATH}).exclude(here)
    found = found.annotate(base=Left(F(field), at - 1), key=Substr(F(field), at + len(judging.PATH), _KEY_LENGTH))
    stale: QuerySet[Any] = found.filter(Exists(keys))
    return stale


def export() -> Iterator[tuple[str, str, str, str]]:
    """Yield each number and service that points to a former address: tenant, what it is, its name, the address."""
    yield _("Tenant"), _("Kind"), _("Number"), _("Address")
    for model, rows in ((TwilioService, stale_services()), (TwilioNumber, stale_numbers())):
        for chunk in _chunks(rows):
            holders = _configurations(chunk)
            for row in chunk:
                holder = holders.get(row.key)
                name = row.e164 if isinstance(row, TwilioNumber) else str(row)
                tenant = holder.tenant.name if holder else ""
                yield tenant, str(_kind(model, row).label), name, judging.plain(row.base)


def _chunks(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """Read rows part by part: no question takes long, and no connection is held while somebody downloads."""
    after = None
    while True:
        left = rows.filter(id__gt=after) if after else rows
        chunk = list(left.order_by("id")[:_CHUNK])
        if not chunk:
            return
        yield chunk
        after = chunk[-1].pk


def _configurations(rows: list[Any]) -> dict[str, Configuration]:
    keys = WebhookKey.objects.filter(key__in={row.key for row in rows})
    found = keys.select_related("configuration__account", "configuration__tenant")
    return {key.key: key.configuration for key in found.prefetch_related("configuration__webhook_keys")}


def _kind(model: type[Model], row: Any) -> ChangeKind:
    if model is TwilioService:
        return ChangeKind.SERVICE
    return ChangeKind.SHORT_CODE if row.kind == NumberKind.SHORT_CODE else ChangeKind.NUMBER


# --- Following ---


def move(actor: Actor, url: str = "") -> WebhookJob:
    """Point what still leads to former addresses (to one of them, when named) to the present one.

    Raises:
        JobRefused: the present address is none that Twilio reaches, a move is under way, or nothing is to be moved.
    """
    under_way = WebhookJob.objects.filter(tenant=None, state=JobState.RUNNING)
    if under_way.exists():
        raise jobs.JobRefused(_("An update is under way already. Wait for its end, or stop it first."))
    rows = list(_moves(url))
    if not rows:
        raise jobs.JobRefused(_("Nothing is left to be updated."))
    return jobs.begin_move(actor, rows)


def _moves(url: str) -> Iterator[WebhookChange]:
    seen: set[tuple[str, str]] = set()
    for model, rows in ((TwilioService, stale_services()), (TwilioNumber, stale_numbers())):
        for chunk in _chunks(rows):
            holders = _configurations(chunk)
            for row in chunk:
                holder = holders.get(row.key)
                # The same account may be read with several credentials: the configuration's own may write.
                if holder is None or holder.account_id != row.account_id or configuring.address_problem(holder):
                    continue
                if url and judging.plain(row.base) != url:
                    continue
                if (row.sid, row.key) not in seen:
                    seen.add((row.sid, row.key))
                    yield _move(holder, _kind(model, row), row)


def _move(configuration: Configuration, kind: ChangeKind, row: Any) -> WebhookChange:
    if kind == ChangeKind.SERVICE:
        before = {name: getattr(row, name) for name in SERVICE_FIELDS}
        after = planning.service_values(configuration, planning.ServiceMode.SERVICE)
        after["use_inbound_webhook_on_number"] = before["use_inbound_webhook_on_number"]
    else:
        before = {name: getattr(row, name) for name in WEBHOOK_FIELDS}
        after = planning.number_values(configuration, before | {"sms_application_sid": ""})
    return WebhookChange(
        tenant=configuration.tenant,
        configuration=configuration,
        kind=kind,
        number_sid=row.sid,
        e164="" if kind == ChangeKind.SERVICE else row.e164,
        label=str(row)[:120] if kind == ChangeKind.SERVICE else "",
        state=ChangeState.PLANNED,
        before=before,
        after=after,
    )
