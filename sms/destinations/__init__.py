"""Destinations of inbound texts: one module each, with `place` and `deliver`.

`TITLE` says the destination on the message's page. `LADDER` holds the seconds before each further try. `REMOTE` says
that `deliver` waits for somebody else's server: it runs beside others, in a thread of its own, and must not use the
database. `REPLAYABLE` says that a person may have it tried again once it was given up. `foresee`, where there is one,
says before a text comes who would get it at an instant, and writes nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from rules.schedule import Calendar
from sms.models import Conversation, Delivery, Message
from tenants import clock


@dataclass(frozen=True, slots=True)
class Arrival:
    """A text that is to be delivered, its conversation, and by which calendar and instant (UTC) its rule decided."""

    message: Message
    conversation: Conversation
    calendar: Calendar
    at: datetime


class DeliveryFailed(Exception):
    """A destination could not be reached; `permanent` means that trying again is of no use."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class DeliverySkipped(Exception):
    """Nothing is to be delivered after all; the reason is kept and nobody is alarmed."""


def finish(delivery: Delivery) -> bool:
    """Note a leased delivery as done, in the transaction of what it does; False when the lease is not ours any more.

    So both are there or neither, wherever a worker stops.
    """
    leased = Delivery.objects.filter(pk=delivery.pk, state="delivering", lease_token=delivery.lease_token)
    return bool(leased.update(state="delivered", delivered_at=clock.now(), last_error=""))
