"""Tables of sms."""

from sms.models.configurations import (
    ChangeKind,
    ChangeState,
    Configuration,
    RefusedRequest,
    TwilioAccount,
    UnknownPolicy,
    WebhookChange,
    WebhookKey,
)
from sms.models.conversations import Conversation, ConversationRead, InboxThread, OptOut
from sms.models.deliveries import Delivery
from sms.models.health import HealthChange, HealthReading, HealthSchedule, Tone
from sms.models.imports import ImportCursor, Tombstone
from sms.models.messages import Attempt, Direction, IdempotencyKey, Message, Sender, StatusEvent
from sms.models.mirror import AccountReading, NumberKind, Registration, TwilioNumber, TwilioService
from sms.models.rotations import RotationStep, TokenRotation
from sms.models.transfers import TransferJob, TransferMode, TransferState
from sms.models.trunks import Brand, MemberNumber, PhoneNumber, Pool, Transport, Trunk, TrunkKind
from sms.models.usage import UsageDay, UsageProgress
from sms.models.webhook_jobs import JobPurpose, JobState, PublicAddress, WebhookJob

__all__ = [
    "AccountReading",
    "Attempt",
    "Brand",
    "ChangeKind",
    "ChangeState",
    "Configuration",
    "Conversation",
    "ConversationRead",
    "Delivery",
    "Direction",
    "HealthChange",
    "HealthReading",
    "HealthSchedule",
    "IdempotencyKey",
    "ImportCursor",
    "InboxThread",
    "JobPurpose",
    "JobState",
    "MemberNumber",
    "Message",
    "NumberKind",
    "OptOut",
    "PhoneNumber",
    "Pool",
    "PublicAddress",
    "RefusedRequest",
    "Registration",
    "RotationStep",
    "Sender",
    "StatusEvent",
    "TokenRotation",
    "Tombstone",
    "Tone",
    "TransferJob",
    "TransferMode",
    "TransferState",
    "Transport",
    "Trunk",
    "TrunkKind",
    "TwilioAccount",
    "TwilioNumber",
    "TwilioService",
    "UnknownPolicy",
    "UsageDay",
    "UsageProgress",
    "WebhookChange",
    "WebhookJob",
    "WebhookKey",
]
