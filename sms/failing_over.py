"""Give a refused text the next route of its rule, when Twilio's code says that another sender may carry it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rules.conditions import ConditionError
from rules.documents import Route
from rules.e164 import E164
from sms import choosing, conversations, sending
from sms.choosing import NoWay, Way, Writer
from sms.models import Message
from sms.status import MessageState


def take_next_route(row: Message, now: datetime) -> bool:
    """Queue a refused text again on the next route that can carry it; False when there is none."""
    routes = _routes_left(row.decision)
    asked: Mapping[str, str] = row.decision.get("asked", {})
    writer = Writer(row.author, asked.get("chosen", ""), asked.get("replying_as", ""))
    to = E164(row.decision.get("facts", {}).get("to", row.their_address))
    try:
        way = choosing.choose(row.tenant, writer, routes, to, num_media=len(row.media))
    except NoWay:
        return False
    _move(row, way, now)
    return True


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
