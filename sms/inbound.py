"""Inbound texts: accept (once, durably, before anything is decided), then process (opt-out, route, deliveries)."""

import logging
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from rules import routing
from rules.engine import Action, Decision
from rules.facts import InboundFacts
from rules.schedule import Calendar
from sms import callbacks, claims, conversations, delivering, optouts, rows
from sms.destinations import Arrival
from sms.lists import tombstones
from sms.models import Configuration, Conversation, Direction, Message, PhoneNumber, Tombstone
from sms.status import MessageState
from sms.webhooks.payloads import InboundText
from tenants import clock, hints
from tenants.access import enter
from tenants.ids import new_id

log = logging.getLogger(__name__)

_BATCH = 20
_ROUND_SECONDS = 30.0
# What a column holds: a text is kept with its address cut rather than refused again and again.
_LONGEST_ADDRESS = 40
_MOST_SEGMENTS = 999
_LONGEST_URL = 300
_RELEASED_AT_ONCE = 1000
OPEN_TENANT = {"tenant__enabled": True, "tenant__deleted_at": None, "tenant__sms_enabled": True}
OPEN_CONFIGURATION = {"configuration__enabled": True, "configuration__deleted_at": None}
_RETRY_AFTER = (5, 30, 120, 600)
_NOTE_SECONDS = 60.0
_methods_noted: dict[tuple[uuid.UUID, str], float] = {}


_INSERT = rows.Insert(
    Message,
    *("id", "created_at", "tenant_id", "direction", "configuration_id", "our_address", "their_address", "body", "raw"),
    *("media", "segments", "state", "state_reason", "account_sid", "provider_sid", "source", "occurred_at", "due_at"),
    "signed_url",
    unless=Tombstone,
    same=("tenant_id", "digest"),
)


def accept(
    text: InboundText,
    *,
    tenant_id: uuid.UUID,
    configuration_id: uuid.UUID,
    raw: bytes,
    signed_url: str = "",
    held: bool = False,
    source: str = "webhook",
    occurred_at: datetime | None = None,
) -> bool:
    """Store a text with one statement, once per MessageSid; returns False for one that is there, or was erased.

    `held` keeps it unprocessed: the tenant or the configuration is disabled. `signed_url` is the address over which
    Twilio signed the request.
    """
    now = clock.now()
    values = {
        "id": new_id(),
        "created_at": now,
        "tenant_id": tenant_id,
        "direction": Direction.IN.value,
        "configuration_id": configuration_id,
        "our_address": text.to_address[:_LONGEST_ADDRESS],
        "their_address": text.from_address[:_LONGEST_ADDRESS],
        "body": text.body,
        "raw": raw,
        "signed_url": signed_url[:_LONGEST_URL],
        "media": [{"url": media.url, "content_type": media.content_type} for media in text.media],
        "segments": min(max(1, text.num_segments), _MOST_SEGMENTS),
        "state": (MessageState.HELD if held else MessageState.RECEIVED).value,
        "state_reason": "disabled" if held else "",
        "account_sid": text.account_sid,
        "provider_sid": text.message_sid,
        "source": source,
        "occurred_at": occurred_at or now,
        "due_at": now,
        "digest": tombstones.digest_of(text.account_sid, text.message_sid),
    }
    stored = _insert_once(values)
    if stored and not held:
        hints.hint("inbound")
    return stored


def _insert_once(values: dict[str, Any]) -> bool:
    return _INSERT.run(values)


def note_method(configuration_id: uuid.UUID, known: str, method: str) -> None:
    """Remember whether Twilio calls with GET, which the details page asks to change; once a minute at most."""
    slot, now = (configuration_id, method), time.monotonic()
    if known == method or _methods_noted.get(slot, 0.0) > now:
        return
    _methods_noted[slot] = now + _NOTE_SECONDS
    Configuration.objects.filter(pk=configuration_id).update(webhook_method=method)


def release() -> int:
    """Let through what was held while its tenant or its configuration was disabled; returns how many texts."""
    reopened = Message.objects.filter(
        direction=Direction.IN, state=MessageState.HELD, **OPEN_TENANT, **OPEN_CONFIGURATION
    )
    some = reopened.values("pk")[:_RELEASED_AT_ONCE]
    released = Message.objects.filter(pk__in=some, state=MessageState.HELD).update(
        state=MessageState.RECEIVED, state_reason="", due_at=clock.now()
    )
    if released:
        hints.hint("inbound")
    return released


def work(should_stop: Callable[[], bool] = lambda: False) -> int:
    """Process the texts and apply the reports that are due, in turn, for half a minute at most; returns how many."""
    clock.sync()
    done, until = 0, time.monotonic() + _ROUND_SECONDS
    while not should_stop() and (batch := _work_batch() + callbacks.apply_due()):
        done += batch
        if time.monotonic() > until:
            hints.hint("inbound")
            break
    return done


def _work_batch() -> int:
    """Process one batch in one transaction; rows that other workers hold are left to them."""
    with transaction.atomic():
        due = list(
            Message.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("tenant", "configuration")
            .filter(state=MessageState.RECEIVED, direction=Direction.IN, due_at__lte=clock.now())
            .order_by("due_at", "id")[:_BATCH]
        )
        claims.lock_pairs((optouts.pair_of(message) for message in due if optouts.is_word(message)), shared=False)
        # Conversations in one order, and configurations last: nobody waits in a ring for another batch, or for results.
        conversations.lock_between(optouts.pair_of(message) for message in due)
        for message in sorted(due, key=optouts.pair_of):
            _process_or_postpone(message)
        _note_arrivals(due)
    return len(due)


def _note_arrivals(messages: Iterable[Message]) -> None:
    """Remember on each configuration when its last text arrived."""
    last: dict[uuid.UUID, datetime] = {}
    for message in messages:
        if (key := message.configuration_id) and (key not in last or last[key] < message.occurred_at):
            last[key] = message.occurred_at
    for key in sorted(last):
        Configuration.objects.filter(pk=key).update(last_in_at=last[key])


def _process_or_postpone(message: Message) -> None:
    """Process one text; one that fails is kept and tried again later, and never stops the others."""
    try:
        with transaction.atomic():
            process(message)
    except Exception:
        log.exception("sms.inbound.failed message=%s", message.id.hex)
        wait = _RETRY_AFTER[min(message.attempt_count, len(_RETRY_AFTER) - 1)]
        Message.objects.filter(pk=message.pk).update(
            attempt_count=message.attempt_count + 1, due_at=clock.in_seconds(wait), state_reason="will be tried again"
        )


def process(message: Message) -> Decision:
    """Give a stored text its conversation, honour opt-out words, decide, and write one delivery per destination.

    Runs inside the caller's transaction, on a row that the caller has locked.
    """
    enter(message.tenant)
    number = number_of(message)
    conversation, is_new = conversations.get_or_make(message.tenant, message.our_address, message.their_address)
    conversations.note_inbound(conversation, message)
    optouts.note_inbound(message)
    facts = facts_of(message, number, "" if is_new else conversations.hold_on(conversation))
    decision, rule_set = routing.route_inbound(message.tenant, facts)
    message.conversation, message.number = conversation, number
    message.decision = decision.to_snapshot(rule_set)
    message.state = MessageState.UNROUTED if decision.action == Action.UNROUTED else MessageState.ROUTED
    message.state_reason, message.due_at = "", None
    message.save(update_fields=["conversation", "number", "decision", "state", "state_reason", "due_at"])
    deliver(message, conversation, decision)
    return decision


def number_of(message: Message) -> PhoneNumber | None:
    """Return the number of ours that a text came to, if it is one."""
    live = message.tenant.phone_numbers.filter(e164=message.our_address, released_at=None)
    return live.select_related("pool").first()


def facts_of(message: Message, number: PhoneNumber | None, conversation: str = "") -> InboundFacts:
    """Return what inbound rules may ask about a text; `conversation` as InboundFacts has it."""
    trunk_id = number.pool.trunk_id if number else message.configuration.trunk_id if message.configuration else None
    return InboundFacts(
        our_address=message.our_address,
        their_address=message.their_address,
        body=message.body,
        num_media=len(message.media),
        trunk=trunk_id.hex if trunk_id else "",
        number=number.id.hex if number else "",
        at=message.occurred_at,
        media=tuple(str(item.get("content_type", "")) for item in message.media),
        conversation=conversation,
    )


def deliver(message: Message, conversation: Conversation, decision: Decision, *, first: int = 0) -> None:
    """Write the deliveries of a decision about a text, counted from `first`."""
    calendar = decision.rule.calendar if decision.rule else Calendar.always()
    at = decision.facts.at
    delivering.place(Arrival(message, conversation, calendar, at), decision.targets, first=first)
