"""Tables of sms."""

from sms.models.configurations import Configuration, RefusedRequest, TwilioAccount, WebhookChange, WebhookKey
from sms.models.conversations import Conversation, ConversationRead, InboxThread, OptOut
from sms.models.deliveries import Delivery
from sms.models.messages import Attempt, Direction, IdempotencyKey, Message, Sender, StatusEvent
from sms.models.trunks import Brand, MemberNumber, PhoneNumber, Pool, Transport, Trunk, TrunkKind

__all__ = [
    "Attempt",
    "Brand",
    "Configuration",
    "Conversation",
    "ConversationRead",
    "Delivery",
    "Direction",
    "IdempotencyKey",
    "InboxThread",
    "MemberNumber",
    "Message",
    "OptOut",
    "PhoneNumber",
    "Pool",
    "RefusedRequest",
    "Sender",
    "StatusEvent",
    "Transport",
    "Trunk",
    "TrunkKind",
    "TwilioAccount",
    "WebhookChange",
    "WebhookKey",
]
