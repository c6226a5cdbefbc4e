"""Give a refused text the next route of its rule, when Twilio's code says that another sender may carry it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from rules.conditions import ConditionError
from rules.documents import Route
from rules.e164 import E164
from sms import conversations, errors, sending
from sms.composing import choosing
from sms.composing.choosing import NoWay, Way, Writer
from sms.composing.matching import Matching
from sms.models import Direction, Message, Sender
from sms.queueing.outcomes import Outcome
from sms.status import MessageState
from tenants import clock, hints

# Why a text waits whose sender Twilio will not carry; also says that no other route was found for it.
SENDER_STOPPED = "Its sender is stopped: see the configuration"
_BATCH = 100


def take_next_route(row: Message, now: datetime) -> bool:
    """Queue a refused text again on the next route that can carry it; False when there is none.

    The routes come in the order that was stored with the decision, also one that was drawn.
    """
    routes = _routes_left(row.decision)
    asked: Mapping[str, str] = row.decision.get("asked", {})
    writer = Writer(row.author, asked.get("chosen", ""), asked.get("replying_as", ""))
    to = E164(row.decision.get("facts", {}).get("to", row.their_address))
    wanted = Matching.from_json(row.decision.get("wanted", {}))
    tried = set(row.attempts.filter(outcome=Outcome.REJECTED).values_list("configuration_id", "sender"))
    try:
        way = choosing.choose(row.tenant, writer, routes, to, num_media=len(row.media), wanted=wanted, tried=tried)
    except NoWay:
        return False
    if way.configuration.senders.filter(address=way.choice.address, stopped_at__isnull=False).exists():
        return False
    _move(row, way, now)
    return True


def move_waiting() -> int:
    """Look once at each text that waits for a stopped sender: it takes its next route, or says why it waits."""
    moved = 0
    for sender in Sender.objects.filter(stopped_at__isnull=False).order_by("stopped_at")[:_BATCH]:
        moved += _move_waiting(sender)
    if moved:
        hints.note("send")
    return moved


@transaction.atomic
def _move_waiting(sender: Sender) -> int:
    rows = Message.objects.select_for_update(no_key=True, skip_locked=True, of=("self",)).select_related("tenant")
    queued = rows.filter(direction=Direction.OUT, state=MessageState.QUEUED, configuration=sender.configuration_id)
    unseen = queued.filter(our_address=sender.address).exclude(state_reason=SENDER_STOPPED)
    found = list(unseen.order_by("priority", "due_at", "id").defer("raw")[:_BATCH])
    may_move = errors.explain(sender.stopped_reason).next_route
    moved = {row.pk for row in found if may_move and take_next_route(row, clock.now())}
    Message.objects.filter(pk__in={row.pk for row in found} - moved).update(state_reason=SENDER_STOPPED)
    return len(moved)


def _routes_left(decision: Mapping[str, Any]) -> list[Route]:
    """Return the routes after the one that was used last."""
    try:
        routes = [Route.from_json(entry) for entry in decision.get("routes", ())]
    except ConditionError:
        return []
    used = decision.get("route", {}).get("id")
    ids = [route.id for route in routes]
    return routes[ids.index(used) + 1 :] if used in ids else []


def _move(row: Message, way: Way, now: datetime) -> None:
    row.configuration, row.number = way.configuration, way.number
    row.our_address, row.their_address = way.choice.address, way.to
    row.conversation = conversations.find_or_make(row.tenant, row.our_address, row.their_address)
    row.decision = {**row.decision, **way.to_json()}
    row.account_sid = way.configuration.account.account_sid
    row.state, row.state_reason, row.error_code = MessageState.QUEUED, "Trying the next route", ""
    row.due_at, row.lease_token, row.lease_until = now, "", None
    row.save(update_fields=_MOVED)
    sending.make_sender(way.configuration, row.our_address)
    conversations.note_outbound(row.conversation, row)


_MOVED = [
    "configuration",
    "number",
    "our_address",
    "their_address",
    "conversation",
    "decision",
    "account_sid",
    "state",
    "state_reason",
    "error_code",
    "due_at",
    "lease_token",
    "lease_until",
]
