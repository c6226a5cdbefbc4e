"""Keep what Twilio says about an account's numbers and Messaging Services, and what follows for the pools."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet

from rules.e164 import line_of
from sms.models import Configuration, NumberKind, PhoneNumber, TwilioAccount, TwilioNumber, TwilioService
from sms.twilio.numbers import WEBHOOK_FIELDS, AccountNumber
from sms.twilio.services import SERVICE_FIELDS, AccountService
from tenants import clock

Value = TypeVar("Value")

_CHUNK = 500
_NUMBER_FIELDS = (
    "e164",
    "friendly_name",
    "kind",
    "sms",
    "mms",
    "voice",
    *WEBHOOK_FIELDS,
    "trunk_sid",
    "seen_at",
    "gone_at",
)
_SERVICE_FIELDS = ("friendly_name", *SERVICE_FIELDS, "seen_at", "gone_at")


# --- Numbers ---


def numbers(account: TwilioAccount, found: Sequence[AccountNumber], at: datetime | None = None) -> None:
    """Keep numbers as they stood at Twilio at a moment: now, unless it is said. What was seen later stays."""
    seen_at = at or clock.now()
    rows = [_number(account, number, seen_at) for number in found if number.sid]
    fresh = _without_newer(account.twilio_numbers.all(), rows, seen_at)
    TwilioNumber.objects.bulk_create(
        fresh,
        batch_size=_CHUNK,
        update_conflicts=True,
        unique_fields=["account", "sid"],
        update_fields=list(_NUMBER_FIELDS),
    )
    verify(account, [row.e164 for row in rows])


def _number(account: TwilioAccount, number: AccountNumber, seen_at: datetime) -> TwilioNumber:
    return TwilioNumber(
        account=account,
        sid=number.sid,
        seen_at=seen_at,
        kind=kind_of(number),
        **_fitting(
            TwilioNumber,
            e164=number.e164,
            friendly_name=number.friendly_name,
            sms=number.sms,
            mms=number.mms,
            voice=number.voice,
            trunk_sid=number.trunk_sid,
            **number.webhook,
        ),
    )


def kind_of(number: AccountNumber) -> str:
    """Say what kind of number it is: by its digits where they tell, else in Twilio's words."""
    if number.is_short_code:
        return NumberKind.SHORT_CODE
    said = number.type.lower()
    line = line_of(number.e164)
    if line == "toll_free" or said.startswith("toll"):
        return NumberKind.TOLL_FREE
    if said == "mobile" or line == "mobile":
        return NumberKind.MOBILE
    return NumberKind.LOCAL if said or line else ""


def numbers_unseen(account: TwilioAccount, since: datetime, *, short_codes: bool) -> int:
    """Mark the numbers that a complete list did not name as gone; returns how many are new among them."""
    codes = Q(kind=NumberKind.SHORT_CODE)
    kept = account.twilio_numbers.filter(codes if short_codes else ~codes, gone_at=None, seen_at__lt=since)
    gone = list(kept.values_list("e164", flat=True))
    kept.update(gone_at=clock.now(), service=None)
    _unverify(account, gone)
    return len(gone)


# --- Messaging Services ---


def services(account: TwilioAccount, found: Sequence[AccountService], at: datetime | None = None) -> None:
    """Keep Messaging Services as they stood at Twilio at a moment, as `numbers` does."""
    seen_at = at or clock.now()
    rows = [_service(account, service, seen_at) for service in found if service.sid]
    TwilioService.objects.bulk_create(
        _without_newer(account.services.all(), rows, seen_at),
        batch_size=_CHUNK,
        update_conflicts=True,
        unique_fields=["account", "sid"],
        update_fields=list(_SERVICE_FIELDS),
    )


def _service(account: TwilioAccount, service: AccountService, seen_at: datetime) -> TwilioService:
    texts = _fitting(TwilioService, friendly_name=service.friendly_name, **service.webhook)
    return TwilioService(account=account, sid=service.sid, seen_at=seen_at, **texts)


def services_unseen(account: TwilioAccount, since: datetime) -> int:
    """Mark the services that a complete list did not name as gone, and free their numbers."""
    gone = account.services.filter(gone_at=None, seen_at__lt=since)
    account.twilio_numbers.filter(service__in=gone.values("pk")).update(service=None)
    return gone.update(gone_at=clock.now())


def members(service: TwilioService, sids: Collection[str]) -> None:
    """Keep which numbers a service sends from; those that left it are in none."""
    account = service.account
    former = set(service.numbers.values_list("sid", flat=True)) - set(sids)
    for chunk in _chunks(sorted(former)):
        service.numbers.filter(sid__in=chunk).update(service=None)
    for chunk in _chunks(sorted(set(sids))):
        account.twilio_numbers.filter(sid__in=chunk).exclude(service=service).update(service=service)


# --- The pools of the tenants that use the account ---


def covered(account: TwilioAccount) -> QuerySet[PhoneNumber]:
    """Return the numbers in pools that an account speaks for: by a configuration, or as the trunk's own account."""
    joins = Configuration.objects.filter(
        account=account, deleted_at=None, tenant=OuterRef("tenant"), trunk=OuterRef("pool__trunk")
    )
    return PhoneNumber.objects.filter(Exists(joins) | Q(pool__trunk__account=account), released_at=None)


def verify(account: TwilioAccount, addresses: Sequence[str]) -> None:
    """Mark the numbers in pools that the account really has."""
    for chunk in _chunks(addresses):
        there = covered(account).filter(verified_at=None, e164__in=chunk).values_list("pk", flat=True)
        PhoneNumber.objects.filter(pk__in=list(there)).update(verified_at=clock.now())


def _unverify(account: TwilioAccount, addresses: Sequence[str]) -> None:
    """Take the mark from numbers that left the account, unless another account that speaks for them has them."""
    for chunk in _chunks(addresses):
        elsewhere = TwilioNumber.objects.filter(
            Q(account__tenant=OuterRef("tenant")) | Q(account=OuterRef("pool__trunk__account")),
            e164=OuterRef("e164"),
            gone_at=None,
        )
        lost = covered(account).filter(~Exists(elsewhere), e164__in=chunk).exclude(verified_at=None)
        PhoneNumber.objects.filter(pk__in=list(lost.values_list("pk", flat=True))).update(verified_at=None)


def _without_newer(kept: Any, rows: Sequence[Any], seen_at: datetime) -> list[Any]:
    """Leave out what somebody has looked at since the list was asked for, and what a list names twice."""
    by_sid = {row.sid: row for row in rows}
    for chunk in _chunks(list(by_sid)):
        for sid in kept.filter(sid__in=chunk, seen_at__gt=seen_at).values_list("sid", flat=True):
            del by_sid[sid]
    # In one order, so that two that write the same rows do not wait for each other.
    return sorted(by_sid.values(), key=lambda row: str(row.sid))


def _fitting(model: type[TwilioNumber | TwilioService], **values: Any) -> dict[str, Any]:
    """Cut each text to what its column holds."""
    fitting = {}
    for name, value in values.items():
        longest = getattr(model._meta.get_field(name), "max_length", None)
        fitting[name] = value[:longest] if longest and isinstance(value, str) else value
    return fitting


def _chunks(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
