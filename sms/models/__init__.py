"""Tables of sms."""

from sms.models.configurations import (
    Configuration,
    RefusedRequest,
    TwilioAccount,
    UnknownPolicy,
    WebhookChange,
    WebhookKey,
)
from sms.models.conversations import Conversation, ConversationRead, InboxThread, OptOut
from sms.models.deliveries import Delivery
from sms.models.imports import ImportCursor, Tombstone
from sms.models.messages import Attempt, Direction, IdempotencyKey, Message, Sender, StatusEvent
from sms.models.transfers import TransferJob, TransferMode, TransferState
from sms.models.trunks import Brand, MemberNumber, PhoneNumber, Pool, Transport, Trunk, TrunkKind
from sms.models.usage import UsageDay, UsageProgress

__all__ = [
    "Attempt",
    "Brand",
    "Configuration",
    "Conversation",
    "ConversationRead",
    "Delivery",
    "Direction",
    "IdempotencyKey",
    "ImportCursor",
    "InboxThread",
    "MemberNumber",
    "Message",
    "OptOut",
    "PhoneNumber",
    "Pool",
    "RefusedRequest",
    "Sender",
    "StatusEvent",
    "Tombstone",
    "TransferJob",
    "TransferMode",
    "TransferState",
    "Transport",
    "Trunk",
    "TrunkKind",
    "TwilioAccount",
    "UnknownPolicy",
    "UsageDay",
    "UsageProgress",
    "WebhookChange",
    "WebhookKey",
]
