"""A database that was restored from a copy sends nothing by itself: what it thinks is waiting may have left long ago.

A number that only grows stands in the database and, beside the portal, in a file. A database behind its file is older
than what has been: sending stops, each text that it has waiting is looked for in Twilio's list, and what is certainly
not there waits until a system administrator lets sending go on.
"""

import logging
import os
import uuid
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import cast

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_noop

from sms.models import Attempt, Direction, Message
from sms.queueing.outcomes import Outcome, Phase
from sms.status import MessageState
from tenants import audit, clock, stopping
from tenants.audit import Actor
from tenants.models import SystemState

log = logging.getLogger(__name__)

# Stands where a worker's lease would: no worker may write these attempts any more.
LEASE = "restored"
PORTAL = Actor(label=gettext_noop("the portal, because this database was restored from a copy"))
_BATCH = 500


def is_behind() -> bool:
    """Say whether the database is older than what the file beside the portal has seen; one question.

    The file is read first: whoever lets the number grow in between does so in the database before the file.
    """
    if not settings.WATCH_RESTORES:
        return False
    seen = _in_file()
    return _in_database() < seen


def hold_if_behind() -> int:
    """Stop everything and set aside what a restored database has waiting; returns how many texts.

    Whoever comes first does it all, and whoever is stopped in between does it again: only then the number grows.
    """
    if not is_behind():
        return 0
    stopping.stop_everything(PORTAL)
    log.error("sms.restored: this database was restored from a copy; sending is stopped")
    held = 0
    with transaction.atomic():
        seen = _in_file()
        if SystemState.objects.select_for_update().get(pk=1).epoch < seen:
            while part := _set_some_aside():
                held += part
            SystemState.objects.filter(pk=1).update(epoch=seen + 1)
            audit.record(PORTAL, "tenants.database.restored", tenant=None, changes={"texts": held})
    return held


def advance() -> int:
    """Let the number grow, first in the database, then in the file; harmless however many do it."""
    if not settings.WATCH_RESTORES or is_behind():
        return 0
    SystemState.objects.get_or_create(pk=1)
    SystemState.objects.filter(pk=1).update(epoch=F("epoch") + 1)
    _write(_in_database())
    return 1


def looked_for() -> int:
    """Count the texts of a restored database that are still looked for, or wait for a person."""
    return Attempt.objects.filter(message__state=MessageState.UNKNOWN, lease_token=LEASE).count()


def _set_some_aside() -> int:
    """Make some waiting texts unknown ones, each with the attempt that may have been made since the copy."""
    states = (MessageState.QUEUED, MessageState.SENDING, MessageState.HELD)
    waiting = Message.objects.filter(direction=Direction.OUT, state__in=states)
    rows = list(waiting.select_for_update(of=("self",), no_key=True).order_by("id")[:_BATCH])
    sending = [row.pk for row in rows if row.state == MessageState.SENDING]
    now = clock.now()
    begun = Attempt.objects.filter(message__in=sending, number=F("message__attempt_count"))
    begun.update(
        lease_token=LEASE,
        phase=Phase.DONE,
        outcome=Outcome.AMBIGUOUS,
        posting_at=Coalesce("posting_at", "created_at"),
        finished_at=now,
    )
    waited = [row for row in rows if row.state != MessageState.SENDING]
    Attempt.objects.bulk_create([_possible_attempt(row) for row in waited])
    Message.objects.filter(pk__in=[row.pk for row in waited]).update(attempt_count=F("attempt_count") + 1)
    Message.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=MessageState.UNKNOWN,
        state_reason="The database was restored: Twilio's list is asked",
        due_at=now,
        expires_at=now + timedelta(seconds=settings.SEND_VALIDITY_SECONDS),
        lease_token="",
        lease_until=None,
    )
    return len(rows)


def _possible_attempt(row: Message) -> Attempt:
    """Return the attempt that may have been made after the copy was taken: from when the text was there."""
    return Attempt(
        tenant_id=row.tenant_id,
        message=row,
        number=row.attempt_count + 1,
        configuration_id=cast(uuid.UUID, row.configuration_id),
        sender=row.our_address,
        lease_token=LEASE,
        phase=Phase.DONE,
        outcome=Outcome.AMBIGUOUS,
        account_sid=row.account_sid,
        note="It waited in a database that was restored from a copy",
        posting_at=row.occurred_at,
        finished_at=clock.now(),
    )


def _in_database() -> int:
    return SystemState.objects.filter(pk=1).values_list("epoch", flat=True).first() or 0


def _in_file() -> int:
    try:
        return int(_file().read_text())
    except (FileNotFoundError, ValueError):
        return 0


def _write(epoch: int) -> None:
    file = _file()
    if epoch <= _in_file():
        return
    beside = file.with_suffix(f".{os.getpid()}")
    beside.write_text(str(epoch))
    os.replace(beside, file)


def _file() -> Path:
    return Path(settings.VAR_DIR) / f"epoch-{_identity()}"


@lru_cache(maxsize=1)
def _identity() -> str:
    """Return what tells this database from another one: when its first migration ran. A copy has the same."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, applied FROM django_migrations ORDER BY id LIMIT 1")
        return sha256(repr(cursor.fetchone()).encode()).hexdigest()[:12]
