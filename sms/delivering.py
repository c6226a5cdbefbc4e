"""Deliveries: place one row per destination, then carry out those that need the outside world, from due rows."""

import logging
import time
from collections.abc import Mapping
from datetime import datetime
from types import ModuleType

from django.db.models import QuerySet

from rules.documents import Target
from sms.destinations import DeliveryFailed, drop, inbox, mail, reply
from sms.ids import lease_token
from sms.models import Conversation, Delivery, Message
from tenants import clock, hints

log = logging.getLogger(__name__)

# One module a destination: `place` inside the deciding transaction, `deliver` outside it.
DESTINATIONS: Mapping[str, ModuleType] = {
    "member": inbox,
    "group": inbox,
    "email": mail,
    "auto_reply": reply,
    "drop": drop,
}
LADDER_SECONDS = (5, 60, 300, 1800, 7200, 18_000)
_LEASE_SECONDS = 120
_BATCH = 20
_ROUND_SECONDS = 30.0


def place(message: Message, conversation: Conversation, target: Target, position: int) -> Delivery:
    """Write the delivery of a message to one destination; inboxes are served at once, in the same transaction."""
    delivery = Delivery(
        tenant_id=message.tenant_id, message=message, position=position, kind=target.kind, label=target.label
    )
    DESTINATIONS[target.kind].place(delivery, message, conversation, target)
    if delivery.state == "delivered":
        delivery.delivered_at = clock.now()
    else:
        hints.hint("deliver")
    delivery.save(force_insert=True)
    return delivery


def work() -> int:
    """Carry out the deliveries that are due, for half a minute at most; returns how many were tried."""
    clock.sync()
    tried, until = 0, time.monotonic() + _ROUND_SECONDS
    while batch := _next():
        for delivery in batch:
            tried += _try(delivery)
            if time.monotonic() > until:
                hints.hint("deliver")
                return tried
    return tried


def due(now: datetime) -> QuerySet[Delivery]:
    """Return the deliveries to be tried by then; one that a worker was trying is due when its lease ends."""
    return Delivery.objects.filter(state__in=("pending", "delivering"), due_at__lte=now, delivered_at=None)


def _next() -> list[Delivery]:
    rows = due(clock.now()).order_by("due_at", "id").defer("message__raw")
    return list(rows.select_related("message", "tenant")[:_BATCH])


def _try(delivery: Delivery) -> int:
    """Take a delivery (another worker may be quicker), carry it out, and note how it went."""
    token = lease_token()
    taken = Delivery.objects.filter(pk=delivery.pk, state=delivery.state, due_at=delivery.due_at).update(
        state="delivering", lease_token=token, due_at=clock.in_seconds(_LEASE_SECONDS), tries=delivery.tries + 1
    )
    if not taken:
        return 0
    delivery.tries += 1
    try:
        DESTINATIONS[delivery.kind].deliver(delivery)
    except DeliveryFailed as error:
        _failed(delivery, token, error)
    except Exception as error:
        log.exception("sms.delivery.failed delivery=%s", delivery.id.hex)
        _failed(delivery, token, DeliveryFailed(type(error).__name__))
    else:
        _note(delivery, token, state="delivered", delivered_at=clock.now(), last_error="")
    return 1


def _failed(delivery: Delivery, token: str, error: DeliveryFailed) -> None:
    """Try again later on the ladder, or keep it as exhausted."""
    ended = error.permanent or delivery.tries > len(LADDER_SECONDS)
    if ended:
        _note(delivery, token, state="exhausted", last_error=str(error)[:250])
        return
    wait = LADDER_SECONDS[delivery.tries - 1]
    _note(delivery, token, state="pending", due_at=clock.in_seconds(wait), last_error=str(error)[:250])


def _note(delivery: Delivery, token: str, **values: object) -> None:
    Delivery.objects.filter(pk=delivery.pk, lease_token=token).update(**values)
