"""The things the sandbox keeps: plain records, as they stand in the journal."""

from dataclasses import dataclass, field

ACCOUNT_PREFIX = "AC5a4db0c55a4d"

FINAL = frozenset({"delivered", "undelivered", "failed", "canceled", "read", "received"})


@dataclass(slots=True)
class Account:
    """A Twilio account that the sandbox has issued."""

    sid: str
    auth_token: str
    friendly_name: str
    type: str
    created: float
    updated: float
    secondary_auth_token: str = ""
    status: str = "active"
    verified: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Key:
    """A Twilio API key; a standard one may not read accounts."""

    sid: str
    secret: str
    account_sid: str
    friendly_name: str
    kind: str


@dataclass(slots=True)
class Number:
    """A phone number of an account, with its webhook settings."""

    sid: str
    account_sid: str
    phone_number: str
    friendly_name: str
    created: float
    updated: float
    sms: bool = True
    mms: bool = True
    voice: bool = True
    sms_url: str = ""
    sms_method: str = "POST"
    sms_fallback_url: str = ""
    sms_fallback_method: str = "POST"
    sms_application_sid: str = ""
    voice_url: str = ""
    voice_method: str = "POST"
    voice_fallback_url: str = ""
    voice_fallback_method: str = "POST"
    status_callback: str = ""
    status_callback_method: str = "POST"
    voice_application_sid: str = ""
    trunk_sid: str = ""


@dataclass(slots=True)
class Service:
    """A Messaging Service: a pool of numbers of one account."""

    sid: str
    account_sid: str
    friendly_name: str
    numbers: list[str]


@dataclass(slots=True)
class Media:
    """One file of a message; its bytes are in a file of their own, named after the SID."""

    sid: str
    content_type: str
    size: int
    created: float


@dataclass(slots=True)
class Message:
    """One text, either way. `seq` orders messages in the whole sandbox."""

    sid: str
    seq: int
    account_sid: str
    direction: str
    from_: str
    to: str
    body: str
    status: str
    num_segments: int
    created: float
    updated: float
    sent: float | None = None
    error_code: int | None = None
    messaging_service_sid: str = ""
    status_callback: str = ""
    validity_period: int = 36000
    send_at: float | None = None
    media_urls: list[str] = field(default_factory=list)
    media: list[Media] = field(default_factory=list)
    num_media: int = 0

    @property
    def is_final(self) -> bool:
        """Say whether Twilio will change this message no more by itself."""
        return self.status in FINAL

    @property
    def is_inbound(self) -> bool:
        """Say whether a phone sent it."""
        return self.direction == "inbound"

    @property
    def phone(self) -> str:
        """The address at the far end."""
        return self.from_ if self.is_inbound else self.to

    @property
    def ours(self) -> str:
        """The address of the account."""
        return self.to if self.is_inbound else self.from_


@dataclass(slots=True)
class Alert:
    """What Twilio's debugger would show about a webhook that failed."""

    sid: str
    account_sid: str
    error_code: int
    resource_sid: str
    request_url: str
    request_method: str
    text: str
    created: float
