"""What Twilio's answers look like: every documented field, nothing of the sandbox's own."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from sms.sandbox.things import Account, Alert, Application, Media, Message, Number

VERSION = "2010-04-01"
# Of all alerts: the sandbox notes what failed, no warnings.
LOG_LEVEL = "error"

ERROR_TEXTS = {
    30003: "Unreachable destination handset",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30032: "Toll-Free Number Has Not Been Verified",
    30034: "US A2P 10DLC - Message from an Unregistered Number",
    30036: "Validity Period Expired",
    11200: "HTTP retrieval failure",
    12300: "Invalid Content-Type",
}


def rfc2822(seconds: float | None) -> str | None:
    """Write a moment as Twilio's 2010 API does."""
    return format_datetime(datetime.fromtimestamp(seconds, UTC)) if seconds is not None else None


def iso(seconds: float) -> str:
    """Write a moment as Twilio's newer APIs do."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def account_uri(sid: str) -> str:
    """Return the path under which everything of an account lives."""
    return f"/{VERSION}/Accounts/{sid}"


def message(m: Message) -> dict[str, Any]:
    """Show a message."""
    uri = f"{account_uri(m.account_sid)}/Messages/{m.sid}"
    has_price = m.status in {"sent", "delivered", "undelivered", "read", "received"}
    return {
        "account_sid": m.account_sid,
        "api_version": VERSION,
        "body": m.body,
        "date_created": rfc2822(m.created),
        "date_sent": rfc2822(m.sent),
        "date_updated": rfc2822(m.updated),
        "direction": m.direction,
        "error_code": m.error_code,
        "error_message": ERROR_TEXTS.get(m.error_code, "Unknown error") if m.error_code else None,
        "from": m.from_ or None,
        "messaging_service_sid": m.messaging_service_sid or None,
        "num_media": str(m.num_media),
        "num_segments": str(m.num_segments),
        "price": f"-{0.0079 * m.num_segments:.5f}" if has_price else None,
        "price_unit": "USD",
        "sid": m.sid,
        "status": m.status,
        "subresource_uris": {"feedback": f"{uri}/Feedback.json", "media": f"{uri}/Media.json"},
        "to": m.to,
        "uri": f"{uri}.json",
    }


def media(m: Message, item: Media) -> dict[str, Any]:
    """Show a file of a message."""
    return {
        "account_sid": m.account_sid,
        "content_type": item.content_type,
        "date_created": rfc2822(item.created),
        "date_updated": rfc2822(item.created),
        "parent_sid": m.sid,
        "sid": item.sid,
        "uri": f"{account_uri(m.account_sid)}/Messages/{m.sid}/Media/{item.sid}.json",
    }


def media_url(m: Message, item: Media) -> str:
    """Return the address of the bytes, as it stands in an inbound webhook."""
    return f"https://api.twilio.com{account_uri(m.account_sid)}/Messages/{m.sid}/Media/{item.sid}"


def number(n: Number) -> dict[str, Any]:
    """Show a phone number of an account."""
    uri = f"{account_uri(n.account_sid)}/IncomingPhoneNumbers/{n.sid}"
    return {
        "account_sid": n.account_sid,
        "address_requirements": "none",
        "address_sid": None,
        "api_version": VERSION,
        "beta": False,
        "bundle_sid": None,
        "capabilities": {"fax": False, "mms": n.mms, "sms": n.sms, "voice": n.voice},
        "date_created": rfc2822(n.created),
        "date_updated": rfc2822(n.updated),
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "emergency_status": "Active",
        "friendly_name": n.friendly_name,
        "identity_sid": None,
        "origin": "twilio",
        "phone_number": n.phone_number,
        "sid": n.sid,
        "sms_application_sid": n.sms_application_sid or None,
        "sms_fallback_method": n.sms_fallback_method,
        "sms_fallback_url": n.sms_fallback_url,
        "sms_method": n.sms_method,
        "sms_url": n.sms_url,
        "status": "in-use",
        "status_callback": n.status_callback,
        "status_callback_method": n.status_callback_method,
        "trunk_sid": n.trunk_sid or None,
        "type": n.type,
        "uri": f"{uri}.json",
        **_voice(n),
    }


def _voice(n: Number) -> dict[str, Any]:
    return {
        "voice_application_sid": n.voice_application_sid or None,
        "voice_caller_id_lookup": False,
        "voice_fallback_method": n.voice_fallback_method,
        "voice_fallback_url": n.voice_fallback_url,
        "voice_method": n.voice_method,
        "voice_receive_mode": "voice",
        "voice_url": n.voice_url,
    }


def short_code(n: Number) -> dict[str, Any]:
    """Show a short code of an account."""
    return {
        "account_sid": n.account_sid,
        "api_version": VERSION,
        "date_created": rfc2822(n.created),
        "date_updated": rfc2822(n.updated),
        "friendly_name": n.friendly_name,
        "short_code": n.phone_number,
        "sid": n.sid,
        "sms_fallback_method": n.sms_fallback_method,
        "sms_fallback_url": n.sms_fallback_url or None,
        "sms_method": n.sms_method,
        "sms_url": n.sms_url or None,
        "uri": f"{account_uri(n.account_sid)}/SMS/ShortCodes/{n.sid}.json",
    }


def application(a: Application) -> dict[str, Any]:
    """Show a TwiML application."""
    return {
        "account_sid": a.account_sid,
        "api_version": VERSION,
        "date_created": rfc2822(a.created),
        "date_updated": rfc2822(a.updated),
        "friendly_name": a.friendly_name,
        "message_status_callback": a.message_status_callback or None,
        "public_application_connect_enabled": False,
        "sid": a.sid,
        "sms_fallback_method": a.sms_fallback_method,
        "sms_fallback_url": a.sms_fallback_url or None,
        "sms_method": a.sms_method,
        "sms_status_callback": None,
        "sms_url": a.sms_url or None,
        "status_callback": None,
        "status_callback_method": "POST",
        "uri": f"{account_uri(a.account_sid)}/Applications/{a.sid}.json",
        "voice_caller_id_lookup": False,
        "voice_fallback_method": "POST",
        "voice_fallback_url": None,
        "voice_method": "POST",
        "voice_url": None,
    }


SUBRESOURCES = ("balance", "incoming_phone_numbers", "messages", "keys", "usage")


def account(a: Account) -> dict[str, Any]:
    """Show an account, with its primary token as Twilio does for master credentials."""
    uri = account_uri(a.sid)
    return {
        "auth_token": a.auth_token,
        "date_created": rfc2822(a.created),
        "date_updated": rfc2822(a.updated),
        "friendly_name": a.friendly_name,
        "owner_account_sid": a.parent_sid,
        "sid": a.sid,
        "status": a.status,
        "subresource_uris": {
            name: f"{uri}/{''.join(part.capitalize() for part in name.split('_'))}.json" for name in SUBRESOURCES
        },
        "type": a.type,
        "uri": f"{uri}.json",
    }


def alert(a: Alert) -> dict[str, Any]:
    """Show an entry of the debugger."""
    return {
        "account_sid": a.account_sid,
        "alert_text": a.text,
        "api_version": VERSION,
        "date_created": iso(a.created),
        "date_generated": iso(a.created),
        "date_updated": iso(a.created),
        "error_code": str(a.error_code),
        "log_level": LOG_LEVEL,
        "more_info": f"https://www.twilio.com/docs/errors/{a.error_code}",
        "request_method": a.request_method,
        "request_url": a.request_url,
        "resource_sid": a.resource_sid,
        "service_sid": None,
        "sid": a.sid,
        "url": f"https://monitor.twilio.com/v1/Alerts/{a.sid}",
    }
