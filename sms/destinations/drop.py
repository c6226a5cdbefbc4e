"""Drop: the text is stored, shown in the log, and goes nowhere."""

from rules.targets import Target
from sms.models import Conversation, Delivery, Message

REMOTE = False
LADDER: tuple[int, ...] = ()


def place(delivery: Delivery, message: Message, conversation: Conversation, target: Target) -> None:
    """Note that the rule wanted it so."""
    delivery.state = "delivered"


def deliver(delivery: Delivery) -> None:
    """Nothing is left to do."""
