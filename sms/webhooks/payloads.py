"""Read what Twilio posts: a text that came in, or a report about one that went out; PURE.

Twilio adds parameters at any time: all are kept, few are required.
https://www.twilio.com/docs/messaging/guides/webhook-request
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

MAX_BODY = 262_144
MAX_FIELDS = 400

_SID = re.compile(r"[A-Za-z0-9]{1,34}\Z")
_STATUS = re.compile(r"[a-z_]{1,32}\Z")
_ONCE = ("MessageSid", "AccountSid", "From", "To", "MessageStatus")
_MOST_MEDIA = 10
_LONGEST_ADDRESS = 320
_LONGEST_WORD = 255
_LONGEST_URL = 2048

Parameters = tuple[tuple[str, str], ...]


class PayloadError(ValueError):
    """What was posted cannot be a webhook of Twilio; `code` is a short key, the message says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Media:
    """One picture or file that came with a text."""

    url: str
    content_type: str


@dataclass(frozen=True, slots=True)
class InboundText:
    """A text that Twilio received for one of our addresses."""

    message_sid: str
    account_sid: str
    from_address: str
    to_address: str
    body: str
    messaging_service_sid: str
    opt_out_type: str
    num_segments: int
    media: tuple[Media, ...]
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What Twilio says has become of a text we sent; `carrier_done_at` is YYMMDDhhmm as the carrier gave it."""

    message_sid: str
    account_sid: str
    status: str
    error_code: str
    error_message: str
    from_address: str
    to_address: str
    messaging_service_sid: str
    carrier_done_at: str
    parameters: Parameters


def decode_form(raw: bytes) -> list[tuple[str, str]]:
    """Decode a form, or the query of a GET; what is no UTF-8 is replaced, never refused."""
    if len(raw) > MAX_BODY:
        raise PayloadError("too_large", f"A webhook has at most {MAX_BODY} bytes.")
    if raw.count(b"&") >= MAX_FIELDS:
        raise PayloadError("too_many_fields", f"A webhook has at most {MAX_FIELDS} fields.")
    return parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, errors="replace")


def parse_message(params: Sequence[tuple[str, str]]) -> InboundText:
    """Read a text that came in."""
    parameters, fields = _fields(params)
    if fields.get("MessageStatus", "received") != "received":
        raise PayloadError("status_report", "This is a status report, not a text: its address is another one.")
    return InboundText(
        message_sid=_message_sid(fields),
        account_sid=_sid(fields, "AccountSid"),
        from_address=_address(fields, "From"),
        to_address=_address(fields, "To"),
        body=fields.get("Body", ""),
        messaging_service_sid=_optional_sid(fields, "MessagingServiceSid"),
        opt_out_type=fields.get("OptOutType", "").strip().upper()[:_LONGEST_WORD],
        num_segments=_number(fields.get("NumSegments", "")),
        media=_media(fields),
        parameters=parameters,
    )


def parse_status(params: Sequence[tuple[str, str]]) -> StatusReport:
    """Read a report about a text that went out."""
    parameters, fields = _fields(params)
    return StatusReport(
        message_sid=_message_sid(fields),
        account_sid=_sid(fields, "AccountSid"),
        status=_status(fields),
        error_code=_error_code(fields.get("ErrorCode", "")),
        error_message=fields.get("ErrorMessage", "")[:_LONGEST_URL],
        from_address=_optional_address(fields, "From"),
        to_address=_optional_address(fields, "To"),
        messaging_service_sid=_optional_sid(fields, "MessagingServiceSid"),
        carrier_done_at=fields.get("RawDlrDoneDate", "").strip()[:_LONGEST_WORD],
        parameters=parameters,
    )


def _fields(params: Sequence[tuple[str, str]]) -> tuple[Parameters, Mapping[str, str]]:
    """Drop NUL, which a database cannot store, and refuse a second value of what identifies a text."""
    parameters = tuple((name.replace("\0", ""), value.replace("\0", "")) for name, value in params)
    # Of repeated names the first value counts.
    fields = dict(reversed(parameters))
    if len(fields) < len(parameters):
        seen = Counter(name for name, _ in parameters)
        twice = [name for name in _ONCE if seen[name] > 1]
        if twice:
            raise PayloadError("repeated", f"{twice[0]} was sent more than once.")
    return parameters, fields


def _message_sid(fields: Mapping[str, str]) -> str:
    """Return the SID of the text; old set-ups of Twilio send only its older names."""
    for name in ("MessageSid", "SmsMessageSid", "SmsSid"):
        if fields.get(name):
            return _sid(fields, name)
    raise PayloadError("missing", "MessageSid is missing.")


def _sid(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name, "").strip()
    if not value:
        raise PayloadError("missing", f"{name} is missing.")
    if not _SID.match(value):
        raise PayloadError("malformed", f"{name} is no SID.")
    return value


def _optional_sid(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name, "").strip()
    return value if _SID.match(value) else ""


def _address(fields: Mapping[str, str], name: str) -> str:
    value = _optional_address(fields, name)
    if not value:
        raise PayloadError("missing", f"{name} is missing.")
    return value


def _optional_address(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name, "").strip()
    if len(value) > _LONGEST_ADDRESS:
        raise PayloadError("malformed", f"{name} is longer than any address.")
    return value


def _status(fields: Mapping[str, str]) -> str:
    value = (fields.get("MessageStatus") or fields.get("SmsStatus") or "").strip().lower()
    if not value:
        raise PayloadError("missing", "MessageStatus is missing.")
    if not _STATUS.match(value):
        raise PayloadError("malformed", "MessageStatus is no status.")
    return value


def _error_code(text: str) -> str:
    """Return the code of an error; Twilio writes "0" for none here and there."""
    number = _number(text)
    return str(number) if number else ""


def _number(text: str) -> int:
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else 0


def _media(fields: Mapping[str, str]) -> tuple[Media, ...]:
    """List what came with the text by what is there, not by NumMedia, which may be missing or wrong."""
    return tuple(
        Media(
            fields[f"MediaUrl{index}"].strip()[:_LONGEST_URL],
            fields.get(f"MediaContentType{index}", "").strip().lower()[:_LONGEST_WORD],
        )
        for index in range(_MOST_MEDIA)
        if fields.get(f"MediaUrl{index}", "").strip()
    )
