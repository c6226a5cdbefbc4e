"""Send what is queued, in steps on lists: claim (lease), mark (the point of no return), record. No network here.

Each step is a transaction of its own. A worker that dies before `mark` has sent nothing; one that dies after it leaves
texts whose outcome is unknown, and nothing here ever posts those again.
"""

import logging
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from sms import claims, pacing
from sms.ids import lease_token
from sms.models import Attempt, Configuration, Direction, Message, Sender
from sms.queueing import waiting
from sms.queueing.claimed import Claimed, Known
from sms.queueing.outcomes import Outcome, Phase
from sms.queueing.waiting import has_due, seconds_until_due
from sms.setup import configuring
from sms.status import MessageState
from tenants import clock
from tenants.ids import new_id

__all__ = ["Claimed", "Known", "claim", "close", "free", "give_back", "has_due", "mark", "seconds_until_due"]

log = logging.getLogger(__name__)

# Below this, Twilio could not be expected to deliver in time.
SHORTEST_LIFE = timedelta(seconds=10)


def make_sender(configuration: Configuration, address: str) -> None:
    """Make sure that a sending address has its row, without which nobody claims its texts."""
    row = Sender(
        tenant_id=configuration.tenant_id,
        configuration=configuration,
        address=address,
        rate=pacing.rate_of(address),
    )
    Sender.objects.bulk_create([row], ignore_conflicts=True)


def claim(slots: int, known: Known | None = None, crowded: Collection[uuid.UUID] = ()) -> list[Claimed]:
    """Lease up to so many due texts: fair between tenants, at each sender's pace, as many as each account may have.

    Accounts that are `crowded` have enough texts in flight in this worker as it is.
    """
    now = clock.now()
    found = waiting.roster(now)
    if not found.waiting or not slots:
        return []
    with transaction.atomic():
        room = dict.fromkeys(crowded, 0) | (waiting.hold_accounts(found.limits) if found.limits else {})
        shares = pacing.share(found.waiting, slots, room)
        senders = _held_senders(shares, now)
        if not senders:
            return []
        claimed = _lease(senders, shares, known or Known(), now)
        _advance(senders, claimed, now)
    return claimed


@dataclass(frozen=True, slots=True)
class _Held:
    """A sender's row as this transaction has locked it."""

    pk: uuid.UUID
    configuration: uuid.UUID
    address: str
    rate: float
    next_send_at: datetime


_HELD = claims.columns(Sender, "id", "configuration", "address", "rate", "next_send_at")


def _held_senders(shares: dict[uuid.UUID, int], now: datetime) -> list[_Held]:
    """Lock the senders: those that another worker is just serving are passed over."""
    if not shares:
        return []
    among, values = claims.among("id", sorted(shares))
    statement = (
        "SELECT id, configuration_id, address, rate, next_send_at FROM sms_sender "  # noqa: S608 (constants)
        f"WHERE {among} AND next_send_at <= %s AND stopped_at IS NULL ORDER BY id {claims.locked(skip=True)}"
    )
    return [_Held(*row) for row in claims.fetch(statement, [*values, now], _HELD)]


# The first of a sender's texts, and of those no more than a second's worth of segments, but always one.
_SLICE = """
    SELECT id FROM (
        SELECT id, segments, SUM(segments) OVER (ORDER BY priority, due_at, id) AS running FROM (
            SELECT id, segments, priority, due_at FROM sms_message
            WHERE state = 'queued' AND configuration_id = %s AND our_address = %s
            AND due_at <= %s AND (expires_at IS NULL OR expires_at > %s)
            ORDER BY priority, due_at, id LIMIT %s {locked}
        ) AS first
    ) AS slice WHERE running <= %s OR running = segments
"""
_LEASED = claims.columns(
    Message,
    "id",
    "tenant",
    "configuration",
    "our_address",
    "their_address",
    "body",
    "media",
    "segments",
    "expires_at",
    "attempt_count",
    "priority",
    "created_at",
)
_LEASED_NAMES = ", ".join(str(field.column) for field in _LEASED)


def _lease(senders: Sequence[_Held], shares: dict[uuid.UUID, int], known: Known, now: datetime) -> list[Claimed]:
    """Take the texts and write one attempt for each, in the transaction of the claim."""
    token = lease_token()
    # Materialized, because a plan may run a subquery again and then take more rows than its limit.
    slices = " UNION ALL ".join([_SLICE.format(locked=claims.locked(skip=True))] * len(senders))
    statement = (
        f"WITH picked AS MATERIALIZED ({slices}) UPDATE sms_message SET state = 'sending', state_reason = '', "  # noqa: S608
        "lease_token = %s, lease_until = %s, attempt_count = attempt_count + 1, provider_sid = '', "
        "provider_status = '', error_code = '' WHERE id IN (SELECT id FROM picked) AND state = 'queued' "
        f"RETURNING {_LEASED_NAMES}"
    )
    values: list[Any] = []
    for sender in senders:
        values += [sender.configuration, sender.address, now, now, shares[sender.pk], max(1.0, sender.rate)]
    values += [token, now + timedelta(seconds=settings.LEASE_SECONDS)]
    rows = claims.fetch(statement, values, _LEASED)
    rows.sort(key=lambda row: (row[10], row[11], row[0]))
    configurations = known.configurations({row[2] for row in rows})
    by_address = {(sender.configuration, sender.address): sender.pk for sender in senders}
    claimed = [_claimed(row, configurations[row[2]], by_address[row[2], row[3]], token) for row in rows]
    _write_attempts(claimed, token)
    return claimed


def _claimed(row: tuple[Any, ...], configuration: Configuration, sender: uuid.UUID, token: str) -> Claimed:
    message, tenant, _, ours, theirs, body, media, segments, expires_at, number, _, _ = row
    return Claimed(
        message=message,
        attempt=new_id(),
        number=number,
        token=token,
        tenant=tenant,
        configuration=configuration,
        sender=sender,
        ours=ours,
        theirs=theirs,
        body=body,
        media=tuple(str(item["url"]) for item in media),
        segments=segments,
        expires_at=expires_at,
        callback=configuring.status_callback_url(configuration, message, number),
    )


def _write_attempts(claimed: Sequence[Claimed], token: str) -> None:
    rows = [
        (
            item.attempt,
            item.tenant,
            item.message,
            item.number,
            item.configuration.pk,
            item.ours,
            item.configuration.account.account_sid,
        )
        for item in claimed
    ]
    columns = ("id", "tenant", "message", "number", "configuration", "sender", "account_sid")
    claims.insert(Attempt, columns, rows, lease_token=token, phase=str(Phase.CLAIMED))


def _advance(senders: Sequence[_Held], claimed: Sequence[Claimed], now: datetime) -> None:
    """Note when each sender may go on, after the segments it was just given."""
    segments: dict[uuid.UUID, int] = {}
    for item in claimed:
        segments[item.sender] = segments.get(item.sender, 0) + item.segments
    rows = [
        (sender.pk, pacing.next_send_at(now, sender.next_send_at, segments[sender.pk], sender.rate))
        for sender in senders
        if sender.pk in segments
    ]
    claims.write(Sender, ("id", "next_send_at"), rows, served_at=now)


def mark(batch: Sequence[Claimed]) -> list[Claimed]:
    """Commit that these texts are being posted; what may not be posted any more is settled and left out.

    From here on only an answer tells that Twilio does not have a text.
    """
    with transaction.atomic():
        claims.lock_pairs((item.pair for item in batch), shared=True)
        now = clock.now()
        rows = _leased(batch)
        still_open = waiting.still_open({item.sender for item in batch})
        ours = [item for item in batch if rows.get(item.message, ("",))[0] == item.token]
        stops = {
            item.attempt: _hindrance(*rows[item.message][1:], is_open=item.sender in still_open, now=now)
            for item in ours
        }
        posted = _post_phase([attempt for attempt, stop in stops.items() if stop is None], now)
        for item in ours:
            if item.attempt not in posted:
                _settle_unposted(item, stops[item.attempt] or MessageState.SUPPRESSED, now)
    return [item for item in batch if item.attempt in posted]


_UNMARKED = claims.columns(Message, "id", "lease_token", "lease_until", "expires_at")


def _leased(batch: Sequence[Claimed]) -> dict[uuid.UUID, tuple[Any, ...]]:
    """Lock the messages that are being sent, in order: token, end of the lease and of its life."""
    among, values = claims.among("id", sorted({item.message for item in batch}))
    statement = (
        "SELECT id, lease_token, lease_until, expires_at FROM sms_message "  # noqa: S608 (constants)
        f"WHERE {among} AND state = 'sending' ORDER BY id {claims.locked()}"
    )
    rows = claims.fetch(statement, values, _UNMARKED) if batch else []
    return {row[0]: row[1:] for row in rows}


def _hindrance(
    lease_until: datetime, expires_at: datetime | None, *, is_open: bool, now: datetime
) -> MessageState | None:
    """Return the state of a leased text that must not be posted, None if it may."""
    if expires_at is not None and expires_at < now + SHORTEST_LIFE:
        return MessageState.EXPIRED
    margin = timedelta(seconds=settings.LEASE_SECONDS / 3)
    return MessageState.QUEUED if not is_open or lease_until <= now + margin else None


_MARKED = claims.columns(Attempt, "id")


def _post_phase(attempts: Sequence[uuid.UUID], now: datetime) -> set[uuid.UUID]:
    """Write the marker. The statement looks for opt-outs itself: nothing that was read before it counts."""
    if not attempts:
        return set()
    among, values = claims.among("id", attempts)
    statement = (
        "UPDATE sms_attempt SET phase = 'posting', posting_at = %s "  # noqa: S608 (constants)
        f"WHERE {among} AND phase = 'claimed' AND NOT EXISTS ("
        "SELECT 1 FROM sms_message AS text JOIN sms_optout AS opt_out ON opt_out.tenant_id = text.tenant_id "
        "AND opt_out.our_address = text.our_address AND opt_out.their_address = text.their_address "
        "AND opt_out.ended_at IS NULL WHERE text.id = sms_attempt.message_id) RETURNING id"
    )
    return {found for (found,) in claims.fetch(statement, [now, *values], _MARKED)}


def _settle_unposted(item: Claimed, state: MessageState, now: datetime) -> None:
    """Close the attempt. A text that stays in the queue keeps its place there."""
    close(item.attempt, Outcome.NOT_SENT, now)
    done = {} if state == MessageState.QUEUED else {"due_at": None}
    free([item.message]).update(state=state, lease_token="", lease_until=None, **done)


@transaction.atomic
def give_back(batch: Sequence[Claimed]) -> int:
    """Put texts back that were leased and not marked: whoever comes next sends them. Returns how many."""
    rows = _leased(batch)
    ours = [item.attempt for item in batch if rows.get(item.message, ("",))[0] == item.token]
    claimed = Attempt.objects.filter(pk__in=ours, phase=Phase.CLAIMED)
    found = dict(claimed.values_list("pk", "message_id"))
    note = "Given back: the worker stopped"
    claimed.update(phase=Phase.DONE, outcome=Outcome.NOT_SENT, finished_at=clock.now(), note=note)
    free(list(found.values())).update(state=MessageState.QUEUED, lease_token="", lease_until=None)
    return len(found)


def free(messages: Sequence[uuid.UUID]) -> QuerySet[Message]:
    """Return the rows of texts that are being sent, to be given another state."""
    return Message.objects.filter(pk__in=messages, state=MessageState.SENDING, direction=Direction.OUT)


def close(attempt: uuid.UUID, outcome: Outcome, now: datetime, **values: Any) -> None:
    """Write how an attempt ended."""
    Attempt.objects.filter(pk=attempt).update(phase=Phase.DONE, outcome=outcome, finished_at=now, **values)
