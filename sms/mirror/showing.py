"""What of an account's numbers at Twilio somebody may see, narrowed by a search and a filter."""

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from sms.models import AccountReading, Configuration, PhoneNumber, Trunk, TwilioAccount, TwilioNumber
from sms.pointing import looking
from sms.pointing.judging import Ours
from sms.setup import configuring
from tenants import clock
from tenants.models import Tenant

# So many are taken along at once where a whole filter is chosen.
MOST = 20_000
_PORTS = {"https": ":443", "http": ":80"}


class Show(StrEnum):
    """Which numbers a list shows."""

    ALL = ""
    POOL = "pool"
    FREE = "free"
    ASTRAY = "astray"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody searches for, and which numbers they want to see."""

    text: str = ""
    show: Show = Show.ALL

    @property
    def narrows(self) -> bool:
        """Whether less than everything is wanted."""
        return bool(self.text or self.show)


def wanted(parameters: Mapping[str, str]) -> Wanted:
    """Read a search from the parameters of an address; what is unknown narrows nothing."""
    show = parameters.get("show", "")
    text = parameters.get("q", "").strip().replace("\0", "")[:60]
    return Wanted(text, Show(show) if show in set(Show) else Show.ALL)


# --- What may be seen ---


def of_account(account: TwilioAccount) -> QuerySet[TwilioNumber]:
    """Return an account's numbers, also those that left it and did not come back under another SID."""
    back = TwilioNumber.objects.filter(account=OuterRef("account"), e164=OuterRef("e164"), gone_at=None)
    return account.twilio_numbers.filter(Q(gone_at=None) | ~Exists(back))


def visible(configuration: Configuration) -> QuerySet[TwilioNumber]:
    """Return the numbers that a configuration's tenant may see: of an operator's account those of its own pool."""
    found = of_account(configuration.account)
    if configuration.account.tenant_id == configuration.tenant_id:
        return found
    return found.filter(_held(configuration))


def _held(configuration: Configuration) -> Exists:
    return Exists(configuring.numbers_of(configuration).filter(e164=OuterRef("e164")))


# --- Search and filter ---


def of_configuration(configuration: Configuration, sought: Wanted) -> QuerySet[TwilioNumber]:
    """Return the visible numbers that fit a search."""
    found = searched(visible(configuration), sought.text)
    if sought.show == Show.POOL:
        return found.filter(_held(configuration))
    if sought.show == Show.FREE:
        return found.filter(~_held(configuration), gone_at=None)
    if sought.show == Show.ASTRAY:
        return found.exclude(comes_here(configuration)).filter(gone_at=None)
    return found.exclude(gone_at=None) if sought.show == Show.GONE else found


def of_trunk(account: TwilioAccount, sought: Wanted) -> QuerySet[TwilioNumber]:
    """Return the numbers of an operator's account that fit a search; held is what any tenant holds."""
    found = searched(of_account(account), sought.text)
    held = Exists(PhoneNumber.objects.filter(released_at=None, e164=OuterRef("e164")))
    if sought.show == Show.POOL:
        return found.filter(held)
    if sought.show == Show.FREE:
        return found.filter(~held, gone_at=None)
    return found.exclude(gone_at=None) if sought.show == Show.GONE else found


def searched(found: QuerySet[TwilioNumber], text: str) -> QuerySet[TwilioNumber]:
    """Narrow numbers by digits anywhere, by name, or by SID."""
    if not text:
        return found
    match = Q(friendly_name__icontains=text) | Q(sid=text)
    digits = "".join(mark for mark in text if mark in "0123456789")
    if digits:
        match |= Q(e164__contains=digits)
    return found.filter(match)


def comes_here(configuration: Configuration) -> Q:
    """Return the condition for numbers whose texts come here, now and later: as `judging.judge` finds them healthy."""
    ours = looking.ours(configuration)
    bases = [form for base in ours.bases if base for form in _forms(base)]
    addresses = [f"{base}/webhooks/twilio/{key}/message" for base in bases for key in ours.keys]
    by_number = Q(service=None) | Q(service__use_inbound_webhook_on_number=True)
    own = by_number & Q(sms_application_sid="") & _called("sms_url", "sms_method", addresses)
    url, method = "service__inbound_request_url", "service__inbound_method"
    return own | Q(service__use_inbound_webhook_on_number=False) & _called(url, method, addresses)


def _forms(base: str) -> tuple[str, str]:
    """Return how a base address may be written: with or without the port that goes without saying."""
    return base, base + _PORTS.get(base.partition(":")[0], "")


def _called(url: str, method: str, addresses: Sequence[str]) -> Q:
    match = Q(pk__in=[])
    for address in addresses:
        match |= Q(**{url: address}) | Q(**{f"{url}__startswith": f"{address}#"})
        match |= Q(**{f"{url}__startswith": f"{address}?"})
    return match & Q(**{f"{method}__in": ["", "POST", "post"]})


def chosen(found: QuerySet[TwilioNumber], posted: Any) -> QuerySet[TwilioNumber]:
    """Return what was ticked in a list (`ids`), or all that fits its search (`all`)."""
    if posted.get("all"):
        return found
    return found.filter(pk__in=_ids(posted.getlist("ids")))


def _ids(texts: Sequence[str]) -> list[uuid.UUID]:
    found = []
    for text in texts[:MOST]:
        with suppress(ValueError):
            found.append(uuid.UUID(hex=text))
    return found


# --- How the account and the pool stand ---


def reading_of(account: TwilioAccount) -> tuple[AccountReading | None, int]:
    """Return how far an account was read, nothing before the first time, and how many numbers it is known to hold."""
    there = Count("account__twilio_numbers", filter=Q(account__twilio_numbers__gone_at=None))
    row = AccountReading.objects.filter(account=account).annotate(known=there).first()
    return row, row.known if row else 0


def missing(configuration: Configuration) -> QuerySet[PhoneNumber]:
    """Return the numbers of a configuration's pool that its account does not have, as of its last whole reading."""
    read = AccountReading.objects.filter(
        account=configuration.account_id, finished_at__isnull=False, started_at__gte=OuterRef("assigned_at")
    )
    there = TwilioNumber.objects.filter(account=configuration.account_id, e164=OuterRef("e164"), gone_at=None)
    return configuring.numbers_of(configuration).filter(Exists(read), ~Exists(there)).order_by("e164")


def holders(tenant: Tenant, numbers: Sequence[TwilioNumber]) -> dict[str, Trunk]:
    """Return on which of its trunks a tenant holds some numbers."""
    rows = tenant.phone_numbers.filter(released_at=None, e164__in=[number.e164 for number in numbers])
    return {row.e164: row.pool.trunk for row in rows.select_related("pool__trunk")}


def everybodys(
    account: TwilioAccount, found: Sequence[TwilioNumber]
) -> list[tuple[TwilioNumber, PhoneNumber | None, looking.Told]]:
    """Return numbers with who holds each, judged by the holder's configuration; for system administrators alone."""
    held = PhoneNumber.objects.filter(released_at=None, e164__in=[number.e164 for number in found])
    holders = {row.e164: row for row in held.select_related("tenant", "pool__trunk")}
    tenants = {row.tenant_id for row in holders.values()}
    joined = Configuration.objects.filter(account=account, deleted_at=None, tenant__in=tenants)
    ours = {
        (one.tenant_id, one.trunk_id): looking.ours(one)
        for one in joined.select_related("account").prefetch_related("webhook_keys")
    }
    rows = []
    for number in found:
        holder = holders.get(number.e164)
        wanted = ours.get((holder.tenant_id, holder.pool.trunk_id)) if holder else None
        rows.append((number, holder, _told(number, wanted or Ours((), ()), is_held=wanted is not None)))
    return rows


def told(configuration: Configuration, number: TwilioNumber, ours: Ours, *, is_held: bool) -> looking.Told:
    """Say where a number's texts go; an operator's Messaging Service is not named to a tenant."""
    if number.service is not None and configuration.account.tenant_id != configuration.tenant_id:
        number.service.friendly_name = _("of your operator")
    return _told(number, ours, is_held=is_held)


def _told(number: TwilioNumber, ours: Ours, *, is_held: bool) -> looking.Told:
    """Nothing is wrong with a number that nobody wants texts from: of such a one only where they go is said."""
    if number.gone_at is not None:
        label, text = _("No longer in the account"), _("Twilio does not list it any more.")
        return looking.Told("bad" if is_held else "neutral", label, text)
    pointing = looking.at_number(number, ours)
    said = looking.told(pointing)
    return said if is_held or said.tone == "good" else looking.Told("neutral", said.label, pointing.detail)


def is_away(reading: AccountReading | None) -> bool:
    """Whether the last try to read an account failed, so that it is waited until the next one."""
    return reading is not None and bool(reading.failures) and (reading.due_at or clock.now()) > clock.now()
