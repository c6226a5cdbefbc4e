"""Read Twilio's list of received texts, and take in what no webhook has brought.

Each account has two readings. The head goes back from now over the last day (while polling: some minutes), and its
cursor moves on only when that window was read in full. The long pass goes further back, a page here and there beside
the head: seven days every night, or as far as a person asks for. Both start where they stopped; reading twice is
harmless, since a text is stored once.
"""

import logging
import uuid
from collections.abc import Generator, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from sms import inbound, reports
from sms.lists import asking, import_signs, tombstones
from sms.lists.import_places import Here, Place
from sms.models import Attempt, Configuration, Direction, ImportCursor, Message, TwilioAccount
from sms.models.messages import Source
from sms.status import rank_of
from sms.twilio import history
from sms.twilio.history import Entry, Page, TwilioUnreachable
from sms.webhooks.payloads import InboundText, Media
from tenants import audit, clock
from tenants.audit import Actor
from tenants.failpoints import failpoint
from tenants.ids import new_id

log = logging.getLogger(__name__)

LONGEST_DAYS = 400
# With the ten seconds between two looks, a text that nobody calls about is here after 30.
_POLL_SECONDS, _TROUBLE_SECONDS, _NORMAL_SECONDS = 20, 300, 3600
_POLL_OVERLAP, _OVERLAP = timedelta(minutes=10), timedelta(hours=24)
_NIGHTLY_DAYS = 7
_NIGHTLY_SECONDS = 86_400
_BUDGET_SECONDS = 25.0
_LEASE_SECONDS = 90
_PAGES_IN_A_TURN = 5
# So many texts are stored at a time: each with files takes a question of its own.
_CHUNK = 50
_POLL_PAGE = 100
_BACK_OFF = (30, 60, 120, 300, 900)
# Twilio's own tries, with its fallback, are over by then: the text should have come.
_WEBHOOK_TIME = timedelta(seconds=60)

Reading = Generator[asking.Question, Any, int]


def work() -> int:
    """Read the lists that are due, several at once; returns how many texts were taken in."""
    import_signs.look_out()
    _begin_cursors()
    return asking.together(_turns(), seconds=_BUDGET_SECONDS)


def _begin_cursors() -> None:
    """Give every account that is in use a cursor; the first reading begins where the account's history here does."""
    used = Configuration.objects.filter(deleted_at=None, account__import_cursor=None).order_by().values("account")
    new = [ImportCursor(account_id=row["account"], due_at=clock.now()) for row in used.distinct()]
    ImportCursor.objects.bulk_create(new, ignore_conflicts=True)


# --- Whose turn it is ---


def _turns() -> Iterator[Reading]:
    """Take one account after the other, each at most once."""
    seen: set[uuid.UUID] = set()
    while (row := _take(seen)) is not None:
        seen.add(row.pk)
        yield _turn(row)


def _take(seen: set[uuid.UUID]) -> ImportCursor | None:
    """Take the account that has been due longest, unless somebody else reads its list."""
    now = clock.now()
    free = ImportCursor.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), due_at__lte=now)
    for pk in free.exclude(pk__in=seen).order_by("due_at", "pk").values_list("pk", flat=True)[:20]:
        token = new_id().hex
        if free.filter(pk=pk).update(lease_token=token, lease_until=now + timedelta(seconds=_LEASE_SECONDS)):
            return ImportCursor.objects.select_related("account").get(pk=pk)
    return None


class _TakenOver(Exception):
    """Somebody else reads this account's list now."""


def _save(row: ImportCursor, **changes: Any) -> None:
    """Note how far a reading came, as long as the lease is ours.

    Raises:
        _TakenOver: it is not.
    """
    changes["lease_until"] = clock.in_seconds(_LEASE_SECONDS)
    if not ImportCursor.objects.filter(pk=row.pk, lease_token=row.lease_token).update(**changes):
        raise _TakenOver
    for name, value in changes.items():
        setattr(row, name, value)


def _turn(row: ImportCursor) -> Reading:
    """Read some pages for one account; what is left goes on at its next turn."""
    taken = 0
    try:
        here = Here(row.account)
        if not here.configurations:
            _save(row, due_at=clock.in_seconds(_NORMAL_SECONDS * settings.TIME_SCALE))
            return 0
        taken += yield from _read_head(row, here)
        taken += yield from _read_back(row, here)
        _save(row, due_at=_next_due(row, here), read_at=clock.now(), error="", failures=0)
    except TwilioUnreachable as error:
        _note_failure(row, error)
    except _TakenOver:
        log.info("sms.import.taken_over account=%s", row.account_id.hex)
    finally:
        mine = ImportCursor.objects.filter(pk=row.pk, lease_token=row.lease_token)
        mine.update(lease_token="", lease_until=None)
    return taken


def _next_due(row: ImportCursor, here: Here) -> datetime:
    """Say when the account has its next turn: at once while something is left to read."""
    now = clock.now()
    if row.next_page or row.back_from:
        return now
    watched = here.is_unheard or (row.trouble_until is not None and row.trouble_until > now)
    seconds = _POLL_SECONDS if here.polls else _TROUBLE_SECONDS if watched else _NORMAL_SECONDS
    return now + timedelta(seconds=seconds * settings.TIME_SCALE)


def _note_failure(row: ImportCursor, error: TwilioUnreachable) -> None:
    """Wait longer after each failure. Nothing is concluded from a list that could not be read."""
    wait = _BACK_OFF[min(row.failures, len(_BACK_OFF) - 1)]
    changes: dict[str, Any] = {"failures": min(row.failures + 1, 1000), "error": _code_of(error.status)}
    changes["due_at"] = clock.in_seconds(wait * settings.TIME_SCALE)
    if 400 <= error.status < 500 and changes["error"] == "failed":
        # The place to go on is no longer known there: read the window from its top again.
        changes |= {"next_page": "", "back_page": ""}
    log.warning("sms.import.unreachable account=%s status=%d error=%s", row.account_id.hex, error.status, error)
    mine = ImportCursor.objects.filter(pk=row.pk, lease_token=row.lease_token)
    mine.update(**changes)


def _code_of(status: int) -> str:
    if status in (401, 403):
        return "refused"
    if status == 429:
        return "busy"
    return "failed" if 400 <= status < 500 else "unreachable"


# --- The two readings ---


def _read_head(row: ImportCursor, here: Here) -> Reading:
    """Read from now back to the start of the window, or go on where the last turn stopped."""
    now, taken = clock.now(), 0
    if not row.next_page:
        _save(row, reading_from=_window_start(row, here, now), reading_to=now, skipped=0)
    for _ in range(_PAGES_IN_A_TURN):
        size = _POLL_PAGE if here.polls else 0
        page = yield partial(history.page, row.account, url=row.next_page, size=size)
        start = row.reading_from or now
        taken += yield from _take_in(row, here, page, start, Source.POLLING if here.polls else Source.RECONCILED)
        is_over = not page.next_url or page.is_before(start)
        _save(row, next_page="" if is_over else page.next_url, skipped=row.skipped)
        if is_over:
            # Only now: a reading that ends before is begun again from the old cursor.
            _save(row, cursor=row.reading_to)
            break
    return taken


def _window_start(row: ImportCursor, here: Here, now: datetime) -> datetime:
    if row.cursor is None:
        return max(now - timedelta(days=_NIGHTLY_DAYS), here.began_at)
    if not here.polls:
        return row.cursor - _OVERLAP
    return min([row.cursor - _POLL_OVERLAP, *here.oldest_under_way(now)])


def _read_back(row: ImportCursor, here: Here) -> Reading:
    """Go on with the long pass, or begin the one that is due: asked for by a person, or every night."""
    now, taken = clock.now(), 0
    if row.back_from is None and not _begin_back(row, now):
        return 0
    for _ in range(_PAGES_IN_A_TURN):
        start = row.back_from or now
        since = (start - timedelta(days=1)).date()
        page = yield partial(history.page, row.account, url=row.back_page, since=since)
        taken += yield from _take_in(row, here, page, start, Source.RECONCILED)
        if not page.next_url:
            _end_back(row, start)
            break
        _save(row, back_page=page.next_url, back_reached=page.oldest or row.back_reached)
    return taken


def _begin_back(row: ImportCursor, now: datetime) -> bool:
    nightly = timedelta(seconds=_NIGHTLY_SECONDS * settings.TIME_SCALE)
    if row.wanted_since is not None:
        start = row.wanted_since
    elif row.full_at is None or row.full_at <= now - nightly:
        start = now - timedelta(days=_NIGHTLY_DAYS)
    else:
        return False
    _save(row, back_from=start, back_to=now, back_page="", back_reached=None)
    return True


def _end_back(row: ImportCursor, start: datetime) -> None:
    answered = row.wanted_since is not None and row.wanted_since >= start
    done = {"back_from": None, "back_page": "", "back_reached": start, "full_at": row.back_to}
    _save(row, **done, **({"wanted_since": None} if answered else {}))


# --- One page ---


def _take_in(row: ImportCursor, here: Here, page: Page, start: datetime, source: str) -> Reading:
    """Store the received texts of a page that are not here yet, and commit; returns how many."""
    came = [entry for entry in page.entries if entry.is_inbound and entry.at >= start]
    placed = list(here.places(came))
    row.skipped += len(came) - len(placed)
    # Oldest first, as they came; a part at a time, so that nothing is lost when the turn ends.
    new, taken = sorted(_unknown_here(here.account, placed), key=lambda found: found[0].at), 0
    for chunk in (new[first : first + _CHUNK] for first in range(0, len(new), _CHUNK)):
        with_files = [entry.sid for entry, _ in chunk if entry.num_media]
        files: dict[str, Any] = {}
        if with_files:
            files = yield partial(history.media_of, here.account, with_files)
        taken += _store_all(row, chunk, files, source)
    if source == Source.POLLING:
        _take_statuses(here, page)
    return taken


def _store_all(row: ImportCursor, chunk: Sequence[tuple[Entry, Place]], files: dict[str, Any], source: str) -> int:
    with transaction.atomic():
        stored = [(entry, place) for entry, place in chunk if _store(entry, place, files.get(entry.sid, ()), source)]
        _note_missed(stored)
    _save(row, imported=F("imported") + len(stored))
    if stored:
        failpoint("import.page_stored")
    return len(stored)


def _unknown_here(account: TwilioAccount, placed: Sequence[tuple[Entry, Place]]) -> list[tuple[Entry, Place]]:
    """Leave out what is stored already: most of every window. The insert still decides."""
    sids = [entry.sid for entry, _ in placed]
    tenants = {place.configuration.tenant_id for _, place in placed}
    known = Message.objects.filter(
        tenant__in=tenants, account_sid=account.account_sid, provider_sid__in=sids, direction=Direction.IN
    )
    there = set(known.values_list("tenant", "provider_sid"))
    new = [(entry, place) for entry, place in placed if (place.configuration.tenant_id, entry.sid) not in there]
    erased = tombstones.among(tenants, account.account_sid, [entry.sid for entry, _ in new])
    return [(entry, place) for entry, place in new if (place.configuration.tenant_id, entry.sid) not in erased]


def _store(entry: Entry, place: Place, files: Sequence[tuple[str, str]], source: str) -> bool:
    text = InboundText(
        message_sid=entry.sid,
        account_sid=entry.account_sid,
        from_address=entry.from_address,
        to_address=entry.to_address,
        body=entry.body.replace("\0", ""),
        messaging_service_sid=entry.messaging_service_sid,
        opt_out_type="",
        num_segments=entry.num_segments,
        media=tuple(Media(url, content_type) for url, content_type in files),
        parameters=(),
    )
    return inbound.accept(
        text,
        tenant_id=place.configuration.tenant_id,
        configuration_id=place.configuration.pk,
        raw=b"",
        held=place.held,
        source=str(source),
        occurred_at=entry.at,
    )


def _note_missed(stored: Sequence[tuple[Entry, Place]]) -> None:
    """Remember configurations whose webhook should have brought a text, and did not."""
    now = clock.now()
    missed: set[uuid.UUID] = set()
    for entry, place in stored:
        signed = place.configuration.signed_at
        after = entry.at if signed is None or entry.at > signed else None
        if after is not None and now - timedelta(hours=24) < after < now - _WEBHOOK_TIME * settings.TIME_SCALE:
            missed.add(place.configuration.pk)
    Configuration.objects.filter(pk__in=missed).update(missed_at=now)


def _take_statuses(here: Here, page: Page) -> None:
    """While nobody calls, the same list tells how the sent texts do."""
    sent = {entry.sid: entry for entry in page.entries if not entry.is_inbound}
    tenants = {found.tenant_id for found in here.configurations}
    ours = Attempt.objects.filter(tenant__in=tenants, account_sid=here.account.account_sid)
    for attempt in reports.with_sid(ours, list(sent)):
        entry = sent[attempt.provider_sid]
        if (rank_of(entry.status) or 0) > attempt.provider_rank:
            reports.apply_report(attempt.tenant_id, history.as_report(entry.as_sent), source="list")


# --- What people ask for and see ---


def cursor_of(configuration: Configuration) -> ImportCursor | None:
    """Return how far the list of a configuration's account was read; nothing before the first reading."""
    return ImportCursor.objects.filter(account=configuration.account_id).first()


def read_since(actor: Actor, configuration: Configuration, since: datetime) -> None:
    """Have the account's list read back to a day, for every number that a tenant holds on it."""
    with transaction.atomic():
        row, _ = ImportCursor.objects.get_or_create(account=configuration.account)
        ImportCursor.objects.filter(pk=row.pk).update(
            wanted_since=since, wanted_by=actor.label[:254], due_at=clock.now(), failures=0, imported=0
        )
        audit.record(
            actor, "sms.import.ordered", configuration, {"since": since.date().isoformat()}, tenant=configuration.tenant
        )
