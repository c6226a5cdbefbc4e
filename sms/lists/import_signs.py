"""Signs that texts may have been missed: the lists of the accounts concerned are then read soon, and more often."""

import uuid
from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Q

from sms.models import ImportCursor, RefusedRequest
from tenants import clock
from tenants.models import PeriodicRun

OUTAGE, SPOOL, SIGNATURES, CREDENTIALS = "outage", "spool", "signatures", "credentials"
# How long a sign keeps its accounts watched more closely.
_WATCHED_SECONDS = 1800
_BURST, _BURST_SECONDS = 3, 300
# Nobody looked at the lists for so long: the portal, or its database, was away.
_GAP_SECONDS = 120
_SEEN = "sms.lists.seen"


def note_trouble(reason: str, accounts: Collection[uuid.UUID] | None = None) -> int:
    """Have lists read at once (those of all accounts, when none is named); returns how many were not watched yet."""
    now = clock.now()
    until = now + timedelta(seconds=_WATCHED_SECONDS * settings.TIME_SCALE)
    rows = ImportCursor.objects.all() if accounts is None else ImportCursor.objects.filter(account__in=accounts)
    calm = rows.filter(Q(trouble_until=None) | Q(trouble_until__lte=now))
    noted = calm.update(trouble=reason, trouble_until=until, due_at=now)
    rows.filter(trouble_until__gt=now).update(trouble_until=until)
    return noted


def credentials_changed(account: uuid.UUID) -> None:
    """Forget what the old credentials led to, and read what came in meanwhile."""
    now = clock.now()
    until = now + timedelta(seconds=_WATCHED_SECONDS * settings.TIME_SCALE)
    ImportCursor.objects.filter(account=account).update(
        trouble=CREDENTIALS, trouble_until=until, due_at=now, error="", failures=0
    )


def note_start() -> None:
    """Have lists read after the web server was away; without a database somebody else will find out.

    Called before the server has workers: none may inherit the connection.
    """
    try:
        note_trouble(OUTAGE)
    except DatabaseError:
        return
    finally:
        connection.close()


def look_out() -> None:
    """Look for signs that need no hook: a pause in our own work, and bursts of refused signatures."""
    if _was_away():
        note_trouble(OUTAGE)
    since = clock.in_seconds(-_BURST_SECONDS * settings.TIME_SCALE)
    refused = RefusedRequest.objects.filter(created_at__gt=since, reason="bad_signature").order_by()
    bursts = refused.values("configuration__account").annotate(count=Count("pk")).filter(count__gte=_BURST)
    accounts = [row["configuration__account"] for row in bursts[:1000]]
    if accounts:
        note_trouble(SIGNATURES, accounts)


def _was_away() -> bool:
    now = clock.now()
    row, new = PeriodicRun.objects.get_or_create(name=_SEEN, defaults={"last_run": now})
    PeriodicRun.objects.filter(pk=row.pk).update(last_run=now)
    gap = timedelta(seconds=max(_GAP_SECONDS * settings.TIME_SCALE, 5))
    return not new and row.last_run is not None and now - row.last_run > gap
