"""Drop: the text is stored, shown in the log, and goes nowhere."""

from django.utils.translation import gettext_noop

from rules.targets import Drop
from sms.destinations import Arrival
from sms.models import Delivery

TITLE = gettext_noop("Dropped, as the rule says")
REMOTE = REPLAYABLE = False
LADDER: tuple[int, ...] = ()


def place(delivery: Delivery, arrival: Arrival, target: Drop) -> None:
    """Note that the rule wanted it so, and why."""
    delivery.state, delivery.label, delivery.last_error = "delivered", target.reason[:254], target.reason[:250]


def deliver(delivery: Delivery) -> None:
    """Nothing is left to do."""
