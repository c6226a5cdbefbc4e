"""The things the sandbox keeps: plain records, as they stand in the journal."""

from dataclasses import dataclass, field
from typing import Any

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
    owner_sid: str = ""
    region: str = "us1"
    region_tokens: dict[str, str] = field(default_factory=dict)
    balance: str = "100.00"
    currency: str = "USD"
    # Whether texts from unregistered senders to US phones are dropped, as its networks do.
    enforces_registration: bool = False
    # Countries whose geographic permission was changed; all others are as countries.is_enabled says.
    countries: dict[str, bool] = field(default_factory=dict)

    @property
    def parent_sid(self) -> str:
        """The account that owns this one: itself, unless it is a sub-account."""
        return self.owner_sid or self.sid

    def tokens_at(self, region: str) -> list[str]:
        """Return the Auth Tokens that hold in a region: each region has its own."""
        if region == self.region:
            return [token for token in (self.auth_token, self.secondary_auth_token) if token]
        return [self.region_tokens[region]] if region in self.region_tokens else []


@dataclass(slots=True)
class Key:
    """A Twilio API key; a standard one may not read accounts."""

    sid: str
    secret: str
    account_sid: str
    friendly_name: str
    kind: str
    region: str = "us1"


SHORT_CODE = "short code"


@dataclass(slots=True)
class Number:
    """A phone number or short code of an account, with its webhook settings."""

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
    type: str = "local"

    @property
    def is_short_code(self) -> bool:
        """Whether it is listed among the short codes."""
        return self.type == SHORT_CODE


@dataclass(slots=True)
class Application:
    """A TwiML application; set on a number it takes the number's texts."""

    sid: str
    account_sid: str
    friendly_name: str
    created: float
    updated: float
    sms_url: str = ""
    sms_method: str = "POST"
    sms_fallback_url: str = ""
    sms_fallback_method: str = "POST"
    message_status_callback: str = ""


@dataclass(slots=True)
class AlphaSender:
    """An alphanumeric Sender ID of a Messaging Service."""

    sid: str
    alpha_sender: str
    created: float


@dataclass(slots=True)
class Service:
    """A Messaging Service: a pool of numbers, short codes and Sender IDs of one account.

    Without other orders it defers to each number's own webhook, as one made in Twilio's console does.
    """

    sid: str
    account_sid: str
    friendly_name: str
    numbers: list[str]
    created: float = 0.0
    updated: float = 0.0
    inbound_request_url: str = ""
    inbound_method: str = "POST"
    fallback_url: str = ""
    fallback_method: str = "POST"
    status_callback: str = ""
    use_inbound_webhook_on_number: bool = True
    sticky_sender: bool = True
    mms_converter: bool = True
    smart_encoding: bool = True
    scan_message_content: str = "inherit"
    area_code_geomatch: bool = True
    synchronous_validation: bool = False
    fallback_to_long_code: bool = False
    validity_period: int = 36000
    usecase: str = "undeclared"
    alpha_senders: list[AlphaSender] = field(default_factory=list)
    added: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Brand:
    """An A2P brand: the business, as US networks know it."""

    sid: str
    account_sid: str
    created: float
    updated: float
    status: str = "APPROVED"
    brand_type: str = "STANDARD"
    identity_status: str = "VERIFIED"
    brand_score: int | None = 75
    failure_reason: str = ""
    errors: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Campaign:
    """An A2P campaign: what the numbers of one Messaging Service text about."""

    sid: str
    account_sid: str
    service_sid: str
    created: float
    updated: float
    brand_sid: str = ""
    campaign_status: str = "VERIFIED"
    usecase: str = "MIXED"
    errors: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Verification:
    """A toll-free verification: who texts from one toll-free number, and what about."""

    sid: str
    account_sid: str
    number_sid: str
    phone_number: str
    created: float
    updated: float
    status: str = "TWILIO_APPROVED"
    rejection_reason: str = ""
    error_code: int | None = None
    edit_allowed: bool | None = None


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
    # A Messaging Service that receives nothing: Twilio does not even list the text.
    is_unlisted: bool = False

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
