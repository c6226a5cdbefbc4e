"""Read what accounts hold at Twilio: numbers, short codes, Messaging Services and who is in them.

One pass goes through all lists of an account, a page at a time; each page is kept together with where the list goes on,
so a worker that is killed is followed by another that goes on there. What a complete list did not name is gone. Passes
come daily, and when somebody asks. One request at a time for an account: Twilio counts those that are open at once.
"""

import logging
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from sms.mirror import keeping
from sms.models import AccountReading, Configuration, Trunk, TwilioAccount
from sms.twilio import numbers as at_twilio
from sms.twilio import services
from sms.twilio.errors import Problem, TwilioProblem
from sms.twilio.paging import Page
from tenants import clock, hints
from tenants.failpoints import failpoint
from tenants.ids import new_id
from tenants.models import Tenant

log = logging.getLogger(__name__)

NUMBERS, CODES, SERVICES, MEMBERS = "numbers", "codes", "services", "members"
_FOLLOWS = {NUMBERS: CODES, CODES: SERVICES, SERVICES: MEMBERS, MEMBERS: ""}

_DAILY_SECONDS = 86_400
_LEASE_SECONDS = 120
_PAGES_IN_A_TURN = 10
_BACK_OFF = (30, 60, 120, 300, 900, 3600)
# What a person must mend; their change asks for a reading by itself.
_BACK_OFF_REFUSED = (300, 3600, 21_600)
_REFUSALS = (Problem.REFUSED, Problem.LIMITED)
# Of the lists after the numbers a key may be kept out, and a region may not have them.
_SKIPPED = (*_REFUSALS, Problem.MISSING)


class _TakenOver(Exception):
    """Somebody else reads this account now: what this one did last is undone."""


# --- What others ask ---


def ask(account: TwilioAccount) -> None:
    """Have an account read soon: what is under way goes on, and once more after that."""
    with transaction.atomic():
        AccountReading.objects.get_or_create(account=account)
        AccountReading.objects.filter(account=account).update(due_at=clock.now(), failures=0, problem="")
        hints.hint("connect")


def ask_about(trunk: Trunk, tenant: Tenant) -> None:
    """Have the accounts read soon that speak for a tenant's numbers on a trunk."""
    joined = Q(configurations__trunk=trunk, configurations__tenant=tenant, configurations__deleted_at=None)
    for account in TwilioAccount.objects.filter(joined | Q(trunks=trunk)).distinct():
        ask(account)


def read_now(account: TwilioAccount) -> None:
    """Read an account whole while the caller waits, unless somebody else is reading it.

    Raises:
        TwilioProblem: Twilio could not be asked.
    """
    row, _made = AccountReading.objects.get_or_create(account=account)
    if not _lease(_free(), row.pk):
        return
    row = _row(row.pk)
    try:
        _save(row, part="", next_page="")
        while _step(row):
            pass
    except _TakenOver:
        log.info("sms.mirror.taken_over account=%s", row.account_id.hex)
    except TwilioProblem as problem:
        _note_failure(row, problem)
        raise
    finally:
        _let_go(row)


def work(should_stop: Callable[[], bool] = lambda: False) -> int:
    """Read the accounts that are due, some pages of each in turn; returns how many pages were read."""
    _begin_rows()
    pages = 0
    over: set[uuid.UUID] = set()
    had_turn: set[uuid.UUID] = set()
    while not should_stop():
        row = _take(over | had_turn)
        if row is None:
            if not had_turn:
                break
            had_turn.clear()
            continue
        read = _turn(row, should_stop)
        pages += read
        (had_turn if read and row.part else over).add(row.pk)
    return pages


# --- Whose turn it is ---


def _in_use() -> Q:
    joined = Configuration.objects.filter(account=OuterRef("account"), deleted_at=None)
    shared = Trunk.objects.filter(account=OuterRef("account"), deleted_at=None)
    return Q(Exists(joined)) | Q(Exists(shared))


def _begin_rows() -> None:
    """Give every account that is in use a first reading."""
    joined = Configuration.objects.filter(account=OuterRef("pk"), deleted_at=None)
    shared = Trunk.objects.filter(account=OuterRef("pk"), deleted_at=None)
    used = TwilioAccount.objects.filter(Exists(joined) | Exists(shared))
    new = [AccountReading(account=account, due_at=clock.now()) for account in used.filter(reading=None)]
    AccountReading.objects.bulk_create(new, ignore_conflicts=True)
    AccountReading.objects.filter(_in_use(), due_at=None).update(due_at=clock.now())


def _free() -> QuerySet[AccountReading]:
    return AccountReading.objects.filter(Q(lease_until=None) | Q(lease_until__lt=clock.now()))


def _take(but: set[uuid.UUID]) -> AccountReading | None:
    """Take the account that has been due longest, unless it is read already or Twilio asked to slow down with it."""
    now = clock.now()
    unhurried = Q(account__slow_until=None) | Q(account__slow_until__lte=now)
    due = _free().filter(unhurried, _in_use(), due_at__lte=now).exclude(pk__in=but)
    for pk in due.order_by("due_at", "pk").values_list("pk", flat=True)[:20]:
        if _lease(_free(), pk):
            return _row(pk)
    return None


def _lease(free: QuerySet[AccountReading], pk: uuid.UUID) -> bool:
    until = clock.in_seconds(_LEASE_SECONDS)
    return bool(free.filter(pk=pk).update(lease_token=new_id().hex, lease_until=until))


def _row(pk: uuid.UUID) -> AccountReading:
    return AccountReading.objects.select_related("account").get(pk=pk)


def _save(row: AccountReading, **changes: Any) -> None:
    """Note how far a reading came, and keep the lease.

    Raises:
        _TakenOver: the lease ended, and somebody else reads now.
    """
    changes["lease_until"] = clock.in_seconds(_LEASE_SECONDS)
    if not AccountReading.objects.filter(pk=row.pk, lease_token=row.lease_token).update(**changes):
        raise _TakenOver
    for name, value in changes.items():
        setattr(row, name, value)


def _let_go(row: AccountReading) -> None:
    AccountReading.objects.filter(pk=row.pk, lease_token=row.lease_token).update(lease_token="", lease_until=None)


def _turn(row: AccountReading, should_stop: Callable[[], bool]) -> int:
    """Read some pages of one account; what is left goes on at its next turn. Returns how many were read."""
    pages = 0
    try:
        while pages < _PAGES_IN_A_TURN and not should_stop():
            pages += 1
            if not _step(row):
                break
    except TwilioProblem as problem:
        _note_failure(row, problem)
        return 0
    except _TakenOver:
        log.info("sms.mirror.taken_over account=%s", row.account_id.hex)
        return 0
    except DatabaseError:
        # The database is away: the lease ends, and the reading goes on then.
        raise
    except Exception:
        log.exception("sms.mirror.failed account=%s", row.account_id.hex)
        text = _("Twilio answered something this portal does not understand. Try again in a minute.")
        _note_failure(row, TwilioProblem(Problem.FAILED, text))
        return 0
    finally:
        _let_go(row)
    return pages


def _note_failure(row: AccountReading, problem: TwilioProblem) -> None:
    """Keep what went wrong, and wait longer after each failure. Nothing is concluded from a list not read."""
    steps = _BACK_OFF_REFUSED if problem.kind in _REFUSALS else _BACK_OFF
    wait = steps[min(row.failures, len(steps) - 1)]
    changes: dict[str, Any] = {"failures": min(row.failures + 1, 1000), "problem": str(problem)[:250]}
    if problem.kind in (Problem.FAILED, Problem.MISSING) and row.part != MEMBERS:
        # The place to go on may be no longer known there: read this list from its top again.
        changes["next_page"] = ""
    log.warning("sms.mirror.unread account=%s kind=%s code=%s", row.account_id.hex, problem.kind, problem.code)
    mine = AccountReading.objects.filter(pk=row.pk, lease_token=row.lease_token)
    mine.update(due_at=clock.in_seconds(wait * settings.TIME_SCALE), **changes)


# --- One step ---


def _step(row: AccountReading) -> bool:
    """Read one page and keep it; returns whether something is left of this pass."""
    if not row.part:
        _begin(row)
    try:
        _STEPS[row.part](row)
    except TwilioProblem as problem:
        if row.part == NUMBERS or problem.kind not in _SKIPPED or (problem.kind == Problem.MISSING and row.next_page):
            raise
        _skip(row, problem)
    failpoint("mirror.page_kept")
    return bool(row.part)


def _begin(row: AccountReading) -> None:
    # Later than all that was seen before, however coarse the clock is.
    first = row.finished_at + timedelta(microseconds=1) if row.finished_at else clock.now()
    _save(row, part=NUMBERS, next_page="", done=0, started_at=max(clock.now(), first), problem="", failures=0)


def _read_numbers(row: AccountReading) -> None:
    _read_page(row, at_twilio.number_page, keeping.numbers, partial(keeping.numbers_unseen, short_codes=False))


def _read_codes(row: AccountReading) -> None:
    _read_page(row, at_twilio.short_code_page, keeping.numbers, partial(keeping.numbers_unseen, short_codes=True))


def _read_services(row: AccountReading) -> None:
    _read_page(row, services.service_page, keeping.services, keeping.services_unseen)


def _read_page(
    row: AccountReading,
    fetch: Callable[[TwilioAccount, str], Page[Any]],
    keep: Callable[[TwilioAccount, Any, datetime], None],
    conclude: Callable[[TwilioAccount, datetime], int],
) -> None:
    """Keep one page of a list; after the last one conclude what is gone."""
    asked_at = _moment(row)
    page = fetch(row.account, row.next_page)
    counted = len(page.rows) if row.part != SERVICES else 0
    with transaction.atomic():
        _go_on(row, page.next_url, done=F("done") + counted)
        keep(row.account, page.rows, asked_at)
        if not page.next_url:
            conclude(row.account, row.started_at or asked_at)
            _next_part(row)


def _read_members(row: AccountReading) -> None:
    """Keep who is in the next service; `next_page` is the SID of the one before."""
    service = row.account.services.filter(gone_at=None, sid__gt=row.next_page).order_by("sid").first()
    if service is None:
        _finish(row)
        return
    there: list[str] = []
    try:
        there = [*_all_of(row, partial(services.member_page, row.account, service.sid))]
        if row.account.twilio_numbers.filter(kind="short_code", gone_at=None).exists():
            there += _all_of(row, partial(services.code_page, row.account, service.sid))
    except TwilioProblem as problem:
        # Deleted since the services were read: it has no numbers any more.
        if problem.kind != Problem.MISSING:
            raise
    with transaction.atomic():
        _go_on(row, service.sid)
        keeping.members(service, there)


def _all_of(row: AccountReading, fetch: Callable[[str], Page[str]]) -> list[str]:
    page = fetch("")
    found = list(page.rows)
    while page.next_url:
        _save(row)
        page = fetch(page.next_url)
        found += page.rows
    return found


_STEPS = {NUMBERS: _read_numbers, CODES: _read_codes, SERVICES: _read_services, MEMBERS: _read_members}


def _go_on(row: AccountReading, next_page: str, **more: Any) -> None:
    """Note where a list goes on. An earlier failure is over; what was skipped stays said."""
    cleared = {"failures": 0, "problem": "", "due_at": row.started_at} if row.failures else {}
    _save(row, next_page=next_page, **more, **cleared)


def _skip(row: AccountReading, problem: TwilioProblem) -> None:
    """Leave a list out that these credentials may not read; what was known of it stays."""
    missing = problem.kind == Problem.MISSING
    note = "" if missing else _("Messaging Services could not be read: %s") % problem
    if row.part == CODES:
        note = "" if missing else _("Short codes could not be read: %s") % problem
    with transaction.atomic():
        if note:
            _save(row, problem=note[:250], failures=0)
        if row.part == CODES:
            _next_part(row)
        else:
            _finish(row)


def _next_part(row: AccountReading) -> None:
    _save(row, part=_FOLLOWS[row.part], next_page="")


def _finish(row: AccountReading) -> None:
    """End a pass. The next one comes in a day, or at once when somebody asked since this one began."""
    now = _moment(row)
    _save(row, part="", next_page="", finished_at=now)
    daily = clock.in_seconds(_DAILY_SECONDS * settings.TIME_SCALE)
    unasked = Q(due_at=None) | Q(due_at__lte=row.started_at or now)
    AccountReading.objects.filter(unasked, pk=row.pk).update(due_at=daily)
    log.info("sms.mirror.read account=%s", row.account_id.hex)


def _moment(row: AccountReading) -> datetime:
    """Return now, and never a time before the pass began."""
    return max(clock.now(), row.started_at or clock.now())
