"""Send what is queued, in steps on lists: claim (lease), mark (the point of no return), record. No network here.

Each step is a transaction of its own. A worker that dies before `mark` has sent nothing; one that dies after it leaves
texts whose outcome is unknown, and nothing here ever posts those again.
"""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet

from sms import claims, configuring, pacing
from sms.ids import lease_token
from sms.models import Attempt, Configuration, Direction, Message, OptOut, Sender
from sms.outcomes import Outcome, Phase
from sms.pacing import Waiting
from sms.status import MessageState
from tenants import clock
from tenants.ids import new_id

log = logging.getLogger(__name__)

_MOST_SENDERS = 200
# Below this, Twilio could not be expected to deliver in time.
SHORTEST_LIFE = timedelta(seconds=10)

OPEN_TENANT = {"tenant__enabled": True, "tenant__deleted_at": None, "tenant__sms_enabled": True}
OPEN_CONFIGURATION = {
    "configuration__enabled": True,
    "configuration__deleted_at": None,
    "configuration__held_reason": "",
}


@dataclass(frozen=True, slots=True)
class Claimed:
    """A text that this worker has leased, with everything its POST needs."""

    message: uuid.UUID
    attempt: uuid.UUID
    number: int
    token: str
    tenant: uuid.UUID
    configuration: Configuration
    ours: str
    theirs: str
    body: str
    media: tuple[str, ...]
    segments: int
    expires_at: datetime | None
    callback: str

    @property
    def pair(self) -> claims.Pair:
        """What an opt-out is about."""
        return self.tenant, self.ours, self.theirs


def make_sender(configuration: Configuration, address: str) -> None:
    """Make sure that a sending address has its row, without which nobody claims its texts."""
    row = Sender(
        tenant_id=configuration.tenant_id,
        configuration=configuration,
        address=address,
        rate=pacing.rate_of(address),
    )
    Sender.objects.bulk_create([row], ignore_conflicts=True)


def claim(slots: int) -> list[Claimed]:
    """Lease up to so many due texts: fair between tenants, and at each sender's pace."""
    now = clock.now()
    shares = pacing.share(_waiting(now), slots)
    if not shares:
        return []
    with transaction.atomic():
        senders = list(
            Sender.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(pk__in=shares, next_send_at__lte=now)
            .order_by("pk")
        )
        token = lease_token()
        taken = claims.take(
            [_due_of(sender, now)[: shares[sender.pk]] for sender in senders],
            state=MessageState.SENDING,
            state_reason="",
            lease_token=token,
            lease_until=now + timedelta(seconds=settings.LEASE_SECONDS),
            attempt_count=F("attempt_count") + 1,
            provider_sid="",
            provider_status="",
            error_code="",
        )
        claimed = _with_attempts(taken, token)
        _advance(senders, claimed, now)
    return claimed


def has_due() -> bool:
    """Whether a claim would find something, now."""
    return bool(_waiting(clock.now(), limit=1))


def seconds_until_due(longest: float) -> float | None:
    """Return when a pausing sender or a text to be tried again is due; None when not within the longest."""
    now = clock.now()
    horizon = now + timedelta(seconds=longest)
    paced = _senders(horizon).filter(next_send_at__lte=horizon, next_send_at__gt=now)
    moments = [paced.aggregate(at=Min("next_send_at"))["at"]]
    open_queue = Message.objects.filter(**OPEN_TENANT, **OPEN_CONFIGURATION)
    retried = open_queue.filter(state=MessageState.QUEUED, due_at__gt=now, due_at__lte=horizon)
    moments.append(retried.order_by("due_at").values_list("due_at", flat=True).first())
    found = [moment for moment in moments if moment is not None]
    return (min(found) - now).total_seconds() if found else None


def _due(now: datetime) -> QuerySet[Message]:
    alive = Q(expires_at=None) | Q(expires_at__gt=now)
    return Message.objects.filter(alive, state=MessageState.QUEUED, due_at__lte=now)


def _senders(now: datetime) -> QuerySet[Sender]:
    """Return the senders that have something due by then and that nothing holds."""
    due = _due(now).filter(configuration=OuterRef("configuration"), our_address=OuterRef("address"))
    return Sender.objects.filter(Exists(due), **OPEN_TENANT, **OPEN_CONFIGURATION)


def _waiting(now: datetime, limit: int = _MOST_SENDERS) -> list[Waiting]:
    ready = _senders(now).filter(next_send_at__lte=now).order_by("served_at", "id")
    return [Waiting(*row) for row in ready.values_list("pk", "tenant_id", "rate")[:limit]]


def _due_of(sender: Sender, now: datetime) -> QuerySet[Message]:
    own = _due(now).filter(configuration_id=sender.configuration_id, our_address=sender.address)
    return own.order_by("priority", "due_at", "id")


def _with_attempts(taken: Sequence[uuid.UUID], token: str) -> list[Claimed]:
    """Write one attempt per leased text, in the transaction of the claim."""
    rows = Message.objects.filter(pk__in=taken).order_by("priority", "created_at", "id").defer("raw", "decision")
    found = list(rows)
    configurations = Configuration.objects.select_related("account").prefetch_related("webhook_keys")
    by_id = configurations.in_bulk({row.configuration_id for row in found})
    claimed = [_claimed(row, by_id[row.configuration_id], token) for row in found if row.configuration_id]
    Attempt.objects.bulk_create(
        Attempt(
            id=item.attempt,
            tenant_id=item.tenant,
            message_id=item.message,
            number=item.number,
            configuration=item.configuration,
            sender=item.ours,
            lease_token=token,
            phase=Phase.CLAIMED,
            account_sid=item.configuration.account.account_sid,
        )
        for item in claimed
    )
    return claimed


def _claimed(row: Message, configuration: Configuration, token: str) -> Claimed:
    return Claimed(
        message=row.pk,
        attempt=new_id(),
        number=row.attempt_count,
        token=token,
        tenant=row.tenant_id,
        configuration=configuration,
        ours=row.our_address,
        theirs=row.their_address,
        body=row.body,
        media=tuple(str(item["url"]) for item in row.media),
        segments=row.segments,
        expires_at=row.expires_at,
        callback=configuring.status_callback_url(configuration, row.pk, row.attempt_count),
    )


def _advance(senders: Sequence[Sender], claimed: Sequence[Claimed], now: datetime) -> None:
    """Note when each sender may go on, after the segments it was just given."""
    segments: dict[tuple[uuid.UUID, str], int] = {}
    for item in claimed:
        key = (item.configuration.pk, item.ours)
        segments[key] = segments.get(key, 0) + item.segments
    rows = []
    for sender in senders:
        given = segments.get((sender.configuration_id, sender.address), 0)
        if given:
            rows.append((sender.pk, pacing.next_send_at(now, sender.next_send_at, given, sender.rate)))
    claims.write(Sender, ("id", "next_send_at"), rows, served_at=now)


def mark(batch: Sequence[Claimed]) -> list[Claimed]:
    """Commit that these texts are being posted; what may not be posted any more is settled and left out.

    From here on only an answer tells that Twilio does not have a text.
    """
    with transaction.atomic():
        claims.lock_pairs((item.pair for item in batch), shared=True)
        now = clock.now()
        rows = {row["pk"]: row for row in _leased(batch)}
        ours = [item for item in batch if item.message in rows and rows[item.message]["lease_token"] == item.token]
        going = {item.attempt for item in ours if _hindrance(rows[item.message], now) is None}
        posted = set(_post_phase(going, now))
        for item in ours:
            if item.attempt not in posted:
                _settle_unposted(item, _hindrance(rows[item.message], now) or MessageState.SUPPRESSED, now)
    return [item for item in batch if item.attempt in posted]


def _leased(batch: Sequence[Claimed]) -> list[Any]:
    """Lock the messages that are still ours, in order, with what could stand in the way."""
    opted_out = OptOut.objects.filter(
        tenant=OuterRef("tenant"),
        our_address=OuterRef("our_address"),
        their_address=OuterRef("their_address"),
        ended_at=None,
    )
    is_open = Q(**OPEN_TENANT, **OPEN_CONFIGURATION)
    return list(
        Message.objects.select_for_update(no_key=True)
        .filter(pk__in=[item.message for item in batch], lease_token__in={item.token for item in batch})
        .filter(state=MessageState.SENDING)
        .order_by("pk")
        .annotate(stopped=Exists(opted_out), open=Exists(Message.objects.filter(is_open, pk=OuterRef("pk"))))
        .values("pk", "lease_token", "lease_until", "expires_at", "stopped", "open")
    )


def _hindrance(row: dict[str, Any], now: datetime) -> MessageState | None:
    """Return the state of a leased text that must not be posted, None if it may."""
    if row["stopped"]:
        return MessageState.SUPPRESSED
    if row["expires_at"] is not None and row["expires_at"] < now + SHORTEST_LIFE:
        return MessageState.EXPIRED
    margin = timedelta(seconds=settings.LEASE_SECONDS / 3)
    return MessageState.QUEUED if not row["open"] or row["lease_until"] <= now + margin else None


def _post_phase(attempts: set[uuid.UUID], now: datetime) -> list[uuid.UUID]:
    """Write the marker. The statement looks for opt-outs itself: nothing that was read before it counts."""
    if not attempts:
        return []
    stopped = OptOut.objects.filter(
        tenant=OuterRef("tenant"),
        our_address=OuterRef("message__our_address"),
        their_address=OuterRef("message__their_address"),
        ended_at=None,
    )
    rows = Attempt.objects.filter(~Exists(stopped), pk__in=attempts, phase=Phase.CLAIMED)
    return claims.change(rows, phase=Phase.POSTING, posting_at=now)


def _settle_unposted(item: Claimed, state: MessageState, now: datetime) -> None:
    close(item.attempt, Outcome.NOT_SENT, now)
    due = {"due_at": now} if state == MessageState.QUEUED else {"due_at": None}
    free([item.message]).update(state=state, lease_token="", lease_until=None, **due)


def free(messages: Sequence[uuid.UUID]) -> QuerySet[Message]:
    """Return the rows of texts that are being sent, to be given another state."""
    return Message.objects.filter(pk__in=messages, state=MessageState.SENDING, direction=Direction.OUT)


def close(attempt: uuid.UUID, outcome: Outcome, now: datetime, **values: Any) -> None:
    """Write how an attempt ended."""
    Attempt.objects.filter(pk=attempt).update(phase=Phase.DONE, outcome=outcome, finished_at=now, **values)
