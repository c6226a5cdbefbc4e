"""What belongs to an account as a whole: asked at most every few minutes, shared by all configurations that use it.

Of alerts only counts and codes are kept, by configuration: what else Twilio noted is nobody's business here.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from sms.health.aspects import Money, Unread, are_refused
from sms.models import AccountReading, NumberKind, Registration, TwilioAccount, WebhookKey
from sms.pointing import judging
from sms.setup import connecting
from sms.twilio import alerts, balance, geo, registration
from sms.twilio.errors import Problem, TwilioProblem
from tenants import clock

log = logging.getLogger(__name__)

_KEPT_SECONDS = 600
_ALERTS_FOR = timedelta(hours=24)
_MOST_SERVICES = 50
Facts = dict[str, Any]


class AccountFacts:
    """An account's facts; a part that is too old is asked for anew when it is wanted."""

    def __init__(self, account: TwilioAccount) -> None:
        self.account = account
        row, _made = AccountReading.objects.get_or_create(account=account)
        self._parts: Facts = dict(row.facts)
        self._new: Facts = {}
        self.limit = oldest_usable(row)

    def keep(self) -> None:
        """Store what was read, beside what others have stored meanwhile."""
        if not self._new:
            return
        with transaction.atomic():
            row = AccountReading.objects.select_for_update().get(account=self.account)
            AccountReading.objects.filter(pk=row.pk).update(facts=row.facts | self._new)
        self._new = {}

    def _part(self, name: str, read: Callable[[], Facts], *, suits: Callable[[Facts], bool] = bool) -> Facts:
        kept: Facts = self._parts.get(name, {})
        if kept and _moment(kept) >= self.limit and suits(kept):
            return kept
        try:
            part = read()
        except TwilioProblem as problem:
            log.info("sms.health.unread part=%s kind=%s code=%s", name, problem.kind, problem.code)
            refused = problem.kind in (Problem.REFUSED, Problem.LIMITED)
            part = {"unread": True, "why": str(problem.code or 403) if refused else ""}
        part["at"] = clock.now().isoformat()
        self._parts[name] = self._new[name] = part
        return part

    # --- The parts ---

    def credentials(self) -> tuple[str, str]:
        """Return what the last check of the credentials ended in, with its detail."""
        part = self._part("credentials", self._check)
        return part.get("result", ""), part.get("detail", "")

    def _check(self) -> Facts:
        finding = connecting.check(self.account)
        return {"result": str(finding.result), "detail": finding.detail[:250]}

    @property
    def are_refused(self) -> bool:
        """Whether there is no sense in asking for more."""
        return are_refused(self.credentials()[0])

    def money(self) -> Money | Unread:
        """Return what is left."""

        def read() -> Facts:
            found = balance.read(self.account)
            return {"amount": str(found.amount), "currency": found.currency}

        part = self._part("balance", read)
        return _unread(part) or Money(part["amount"], part["currency"])

    def allowed(self, countries: Sequence[str]) -> Mapping[str, bool] | Unread:
        """Return whether texts may go to each of these countries."""
        if not countries:
            return {}
        part = self._part(
            "geo",
            lambda: {"allowed": geo.allowed(self.account, countries)},
            suits=lambda kept: kept.get("unread", False) or set(countries) <= set(kept["allowed"]),
        )
        allowed: dict[str, bool] = part.get("allowed", {})
        return _unread(part) or allowed

    def alerts(self, configuration_id: str) -> tuple[int, str, datetime | None] | Unread:
        """Return how many failed calls to a configuration Twilio noted in a day, with the last one's code and time."""
        part = self._part("alerts", self._alerts)
        count, code, at = part.get("by", {}).get(configuration_id, (0, "", None))
        return _unread(part) or (count, code, datetime.fromisoformat(at) if at else None)

    def _alerts(self) -> Facts:
        found = alerts.since(self.account, clock.now() - _ALERTS_FOR, lambda url: bool(_key_of(url)))
        keys = {_key_of(alert.url) for alert in found}
        owners = dict(WebhookKey.objects.filter(key__in=keys).values_list("key", "configuration_id"))
        by: dict[str, tuple[int, str, str]] = {}
        for alert in sorted(found, key=lambda alert: alert.at):
            if owner := owners.get(_key_of(alert.url)):
                count = by.get(owner.hex, (0, "", ""))[0]
                by[owner.hex] = (count + 1, alert.code, alert.at.isoformat())
        return {"by": by}

    def registrations(self) -> Unread | None:
        """Bring the registration of the account's numbers up to date; returns why not, if it could not be read."""
        return _unread(self._part("registration", self._register))

    def _register(self) -> Facts:
        numbers = self.account.twilio_numbers.filter(gone_at=None)
        north_american = numbers.filter(e164__startswith="+1").exclude(kind=NumberKind.SHORT_CODE)
        elsewhere = numbers.exclude(pk__in=north_american.values("pk"))
        _set(elsewhere, Registration.NOT_NEEDED)
        if not north_american.exists():
            return {"read": True}
        toll_free = north_american.filter(kind=NumberKind.TOLL_FREE)
        if toll_free.exists():
            self._register_toll_free(toll_free)
        long_codes = north_american.exclude(kind=NumberKind.TOLL_FREE)
        services = self.account.services.filter(gone_at=None, numbers__in=long_codes).distinct()
        for service in services[:_MOST_SERVICES]:
            found = registration.campaign(self.account, service.sid)
            _set(self.account.services.filter(pk=service.pk), found.state, found.detail)
            _set(long_codes.filter(service=service), found.state, found.detail)
        _set(long_codes.filter(service=None), Registration.MISSING)
        return {"read": True}

    def _register_toll_free(self, toll_free: Any) -> None:
        verified = registration.toll_free(self.account)
        for pk, sid in list(toll_free.values_list("pk", "sid")):
            found = verified.get(sid, registration.MISSING)
            _set(toll_free.filter(pk=pk), found.state, found.detail)


def ask_anew(account: TwilioAccount) -> None:
    """Have whatever is known of an account looked at again, since somebody asked."""
    with transaction.atomic():
        AccountReading.objects.get_or_create(account=account)
        row = AccountReading.objects.select_for_update().get(account=account)
        AccountReading.objects.filter(pk=row.pk).update(facts=row.facts | {"asked": clock.now().isoformat()})


def oldest_usable(row: AccountReading) -> datetime:
    """Return how old what is known of an account may be: some minutes, and not from before somebody asked."""
    kept = clock.now() - timedelta(seconds=_KEPT_SECONDS * settings.TIME_SCALE)
    asked = row.facts.get("asked")
    return max(kept, datetime.fromisoformat(asked)) if asked else kept


def _moment(part: Facts) -> datetime:
    return datetime.fromisoformat(part["at"])


def _unread(part: Facts) -> Unread | None:
    return Unread(part.get("why", "")) if part.get("unread") else None


def _key_of(url: str) -> str:
    """Return the webhook key in an address of ours, "" for any other address; reports and fallbacks are ours, too."""
    _, mark, rest = url.partition("/webhooks/twilio/")
    return judging.split(f"https://x{mark}{rest.partition('/')[0]}/message")[1] if mark else ""


def _set(rows: Any, state: str, detail: str = "") -> None:
    changed = rows.exclude(registration=state, registration_detail=detail)
    changed.update(registration=state, registration_detail=detail[:250])
