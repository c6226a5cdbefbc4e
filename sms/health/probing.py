"""Look at one configuration from all sides: ask Twilio, the public address and our own rows, and have it judged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q

from rules.e164 import AddressKind, classify_address, country_of
from sms.health import aspects, reaching, reasons, signing
from sms.health.account_facts import AccountFacts
from sms.health.aspects import Registered, Seen, Sent, Unread, Verdict
from sms.mirror import reading
from sms.models import (
    AccountReading,
    Configuration,
    Direction,
    NumberKind,
    PublicAddress,
    RefusedRequest,
    TwilioAccount,
    TwilioNumber,
)
from sms.pointing import looking
from sms.setup import configuring
from sms.status import MessageState
from sms.twilio.client import is_sandbox
from sms.twilio.errors import TwilioProblem
from sms.webhooks import refused, registry
from tenants import clock, secrets

# An account with more numbers is read by the rounds that are made for it, page by page.
_READ_AT_ONCE = 2000
_RECENT_TEXTS = 500
_RECENT = timedelta(days=7)
_REFUSED_FOR = timedelta(hours=24)
_DIAGNOSED = 20
_CHUNK = 500
_US_BOUND = frozenset({"US", "CA", "PR", "VI", "GU", "AS", "MP"})
_FAILED = ("failed", "undelivered")


class NotYet(Exception):
    """The account's numbers are being read: look again in a moment."""


@dataclass(slots=True)
class Looks:
    """The addresses looked at in this round: each once, however many configurations use it."""

    seen: dict[str, Seen] = field(default_factory=dict)

    def at(self, base: str, *, is_local: bool = False) -> Seen:
        """Return what a look at a base address shows."""
        if base not in self.seen:
            look = reaching.look(base)
            self.seen[base] = Seen(look.outcome, look.host, look.detail, look.expires_at, look.plain, is_local)
        return self.seen[base]


def look_at(configuration: Configuration, looks: Looks) -> list[Verdict]:
    """Return a verdict on each aspect of a configuration, and on each of its numbers.

    Raises:
        NotYet: a large account is being read first.
    """
    facts = AccountFacts(configuration.account)
    try:
        found = [*_of_account(configuration, facts), *_of_address(configuration, looks), _signatures(configuration)]
    finally:
        facts.keep()
    if configuration.account.tenant_id is None:
        found = [aspects.for_tenant(verdict) for verdict in found]
    return found


# --- What Twilio tells ---


def _of_account(configuration: Configuration, facts: AccountFacts) -> Iterator[Verdict]:
    account, recent = configuration.account, _recent(configuration)
    countries = sorted({text.country for text in recent if text.country})
    yield aspects.credentials(*facts.credentials())
    yield _inbound(configuration)
    yield _outbound(configuration, recent)
    yield aspects.sender_id(configuration.sender_id, recent, account_type=account.account_type)
    if facts.are_refused:
        asked = (reasons.WEBHOOK, reasons.REGISTRATION, reasons.GEO, reasons.SERVICE, reasons.BALANCE, reasons.ALERTS)
        yield from (Verdict(aspect, "needs_credentials") for aspect in asked)
        return
    # What the sandbox carries, no network blocks.
    to_us = not is_sandbox(account.account_sid) and not _US_BOUND.isdisjoint(countries)
    yield from _numbers(configuration, facts, to_us=to_us)
    yield aspects.geo(countries, facts.allowed(countries))
    is_sub = bool(account.owner_sid) and account.owner_sid != account.account_sid
    yield aspects.balance(facts.money(), account_type=account.account_type, is_sub_account=is_sub)
    told = facts.alerts(configuration.pk.hex)
    if isinstance(told, Unread):
        yield told.verdict(reasons.ALERTS)
    else:
        yield aspects.alerts(*told, configuration.signed_at)


def _numbers(configuration: Configuration, facts: AccountFacts, *, to_us: bool) -> Iterator[Verdict]:
    """Judge webhooks, registrations and the Messaging Service by the account's numbers, freshly read."""
    try:
        _read(configuration.account, facts)
    except TwilioProblem:
        unread = (reasons.WEBHOOK, reasons.REGISTRATION, reasons.SERVICE)
        yield from (Verdict(aspect, "not_read") for aspect in unread)
        return
    rows = _mirrored(configuration)
    polled = bool(configuring.address_problem(configuration))
    yield from aspects.webhooks(_pointing(configuration, rows), polled=polled)
    yield _service(configuration)
    unread_why = facts.registrations()
    if unread_why is not None:
        yield unread_why.verdict(reasons.REGISTRATION)
        return
    known = {e164: row for e164, row in _mirrored(configuration).items() if row is not None and row.gone_at is None}
    yield from aspects.registrations({e164: _registered(row) for e164, row in known.items()}, to_us=to_us)


def _registered(row: TwilioNumber) -> Registered:
    return Registered(row.registration, row.registration_detail, row.kind == NumberKind.TOLL_FREE)


def _read(account: TwilioAccount, facts: AccountFacts) -> None:
    """See to it that the account's numbers are as Twilio has them now.

    Raises:
        TwilioProblem: Twilio could not be asked.
        NotYet: they are being read.
    """
    row = AccountReading.objects.get(account=account)
    if row.finished_at is not None and row.finished_at >= facts.limit:
        return
    if row.done <= _READ_AT_ONCE and not row.part:
        reading.read_now(account)
        row.refresh_from_db()
    elif not row.is_under_way:
        reading.ask(account)
    if row.finished_at is None or row.finished_at < facts.limit:
        raise NotYet


def _mirrored(configuration: Configuration) -> dict[str, TwilioNumber | None]:
    """Return each number of the configuration's pool with how it stands at Twilio; None: the account has no such."""
    pool = list(configuring.numbers_of(configuration).order_by("e164").values_list("e164", flat=True))
    found: dict[str, TwilioNumber | None] = dict.fromkeys(pool)
    numbers = configuration.account.twilio_numbers.select_related("service")
    for start in range(0, len(pool), _CHUNK):
        # One that is there after one that is gone: a number may have been given back and bought again.
        rows = numbers.filter(e164__in=pool[start : start + _CHUNK]).order_by("seen_at")
        for row in sorted(rows, key=lambda row: row.gone_at is None):
            found[row.e164] = row
    return found


def _pointing(
    configuration: Configuration, rows: Mapping[str, TwilioNumber | None]
) -> dict[str, tuple[str, dict[str, str]]]:
    wanted = looking.ours(configuration)
    found: dict[str, tuple[str, dict[str, str]]] = {}
    for e164, row in rows.items():
        if row is None or row.gone_at is not None:
            found[e164] = ("number_missing" if row is None else "number_gone", {})
            continue
        told = looking.at_number(row, wanted)
        found[e164] = (str(told.verdict), {"detail": told.detail, "service": told.service})
    return found


def _service(configuration: Configuration) -> Verdict:
    sid = configuration.messaging_service_sid
    there = configuration.account.services.filter(sid=sid, gone_at=None).first() if sid else None
    return aspects.service(sid, there.numbers.filter(gone_at=None).count() if there else None)


# --- What our own rows tell ---


def _recent(configuration: Configuration) -> list[Sent]:
    """Return the texts that left by this configuration lately, newest first; a bounded look."""
    rows = configuration.tenant.messages.filter(occurred_at__gte=clock.now() - _RECENT).order_by("-occurred_at", "-id")
    columns = (
        "configuration_id",
        "direction",
        "their_address",
        "our_address",
        "state",
        "provider_status",
        "error_code",
    )
    return [
        _sent(*told)
        for owner, direction, *told in rows.values_list(*columns)[:_RECENT_TEXTS]
        if owner == configuration.pk and direction == Direction.OUT
    ]


def _sent(theirs: str, ours: str, state: str, status: str, code: str) -> Sent:
    failed = state == MessageState.REJECTED or status in _FAILED
    named = classify_address(ours) == AddressKind.ALPHANUMERIC
    return Sent(country_of(theirs), failed, code if failed else "", named)


def _inbound(configuration: Configuration) -> Verdict:
    return aspects.inbound(
        last_in_at=configuration.last_in_at,
        signed_at=configuration.signed_at,
        missed_at=configuration.missed_at,
        now=clock.now(),
    )


def _outbound(configuration: Configuration, recent: Sequence[Sent]) -> Verdict:
    stopped = configuration.senders.exclude(stopped_at=None).values_list("address", "stopped_reason")[:1]
    return aspects.outbound(recent, held_reason=configuration.held_reason, stopped=list(stopped))


# --- The address, and what came by it ---


def _of_address(configuration: Configuration, looks: Looks) -> Iterator[Verdict]:
    problem = configuring.address_problem(configuration)
    if problem:
        yield aspects.no_address(problem)
        return
    now, local = clock.now(), is_sandbox(configuration.account.account_sid)
    seen = looks.at(configuring.base_url(configuration), is_local=local)
    yield aspects.address(seen, now=now, signed_at=configuration.signed_at)
    if settings.FALLBACK_BASE_URL and not local:
        other = looks.at(settings.FALLBACK_BASE_URL)
        yield aspects.address(other, now=now, signed_at=None, aspect=reasons.FALLBACK)


def _signatures(configuration: Configuration) -> Verdict:
    rows = list(
        RefusedRequest.objects.filter(
            configuration=configuration,
            created_at__gte=clock.now() - _REFUSED_FOR,
            reason__in=["bad_signature", "no_signature", "other_account"],
        )[:_DIAGNOSED]
    )
    if not rows:
        return aspects.signatures([], is_over=False)
    good = max(filter(None, (configuration.signed_at, configuration.last_in_at)), default=None)
    known = _known(configuration)
    causes = [signing.diagnose(refused.signed_of(row), known) for row in rows]
    is_over = good is not None and good > rows[0].created_at
    return aspects.signatures([(cause.name, cause.detail) for cause in causes], is_over=is_over)


def _known(configuration: Configuration) -> signing.Known:
    account = configuration.account
    places = [settings.PUBLIC_BASE_URL, settings.FALLBACK_BASE_URL, settings.LOCAL_BASE_URL]
    places += settings.PUBLIC_BASE_URL_ALIASES
    places += PublicAddress.objects.values_list("url", flat=True)[:20]
    tokens = (secrets.open(account, name) for name in ("auth_token", "secondary_token"))
    return signing.Known(
        account_sid=account.account_sid,
        bases=registry.bases(account.account_sid),
        tokens=[token for token in tokens if token],
        others=dict(_related(account)),
        places=[place for place in places if place and urlsplit(place).netloc],
    )


def _related(account: TwilioAccount) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the tokens of the same owner's parent account and sub-accounts: nobody else's are looked at."""
    kin = Q(owner_sid=account.account_sid) | Q(account_sid=account.owner_sid or "-")
    same_owner = TwilioAccount.objects.filter(kin, tenant=account.tenant_id).exclude(pk=account.pk)
    for other in same_owner[:20]:
        name = "parent" if other.account_sid == account.owner_sid else "child"
        token = secrets.open(other, "auth_token")
        if token:
            yield (name, other.account_sid[-4:]), token
