"""What the answers of Twilio's messaging API, version 1, look like."""

from typing import Any

from sms.sandbox.shapes import iso
from sms.sandbox.things import AlphaSender, Number, Service

HOST = "https://messaging.twilio.com"


def service(s: Service, *, is_registered: bool = False) -> dict[str, Any]:
    """Show a Messaging Service."""
    url = f"{HOST}/v1/Services/{s.sid}"
    return {
        "account_sid": s.account_sid,
        "area_code_geomatch": s.area_code_geomatch,
        "date_created": iso(s.created),
        "date_updated": iso(s.updated),
        "fallback_method": s.fallback_method,
        "fallback_to_long_code": s.fallback_to_long_code,
        "fallback_url": s.fallback_url or None,
        "friendly_name": s.friendly_name,
        "inbound_method": s.inbound_method,
        "inbound_request_url": s.inbound_request_url or None,
        "links": {
            "alpha_senders": f"{url}/AlphaSenders",
            "channel_senders": f"{url}/ChannelSenders",
            "destination_alpha_senders": f"{url}/DestinationAlphaSenders",
            "messages": f"{url}/Messages",
            "phone_numbers": f"{url}/PhoneNumbers",
            "short_codes": f"{url}/ShortCodes",
            "us_app_to_person": f"{url}/Compliance/Usa2p",
            "us_app_to_person_usecases": f"{url}/Compliance/Usa2p/Usecases",
        },
        "mms_converter": s.mms_converter,
        "scan_message_content": s.scan_message_content,
        "sid": s.sid,
        "smart_encoding": s.smart_encoding,
        "status_callback": s.status_callback or None,
        "sticky_sender": s.sticky_sender,
        "synchronous_validation": s.synchronous_validation,
        "url": url,
        "us_app_to_person_registered": is_registered,
        "use_inbound_webhook_on_number": s.use_inbound_webhook_on_number,
        "usecase": s.usecase,
        "validity_period": s.validity_period,
    }


def pooled_number(s: Service, n: Number) -> dict[str, Any]:
    """Show a phone number of a pool."""
    return {**_member(s, n, "PhoneNumbers"), "phone_number": n.phone_number}


def pooled_short_code(s: Service, n: Number) -> dict[str, Any]:
    """Show a short code of a pool."""
    return {**_member(s, n, "ShortCodes"), "short_code": n.phone_number}


def _member(s: Service, n: Number, part: str) -> dict[str, Any]:
    added = iso(s.added.get(n.phone_number, s.created))
    able = [("MMS", n.mms), ("SMS", n.sms), ("Voice", n.voice and not n.is_short_code)]
    return {
        "account_sid": s.account_sid,
        "capabilities": [name for name, can in able if can],
        "country_code": "US",
        "date_created": added,
        "date_updated": added,
        "service_sid": s.sid,
        "sid": n.sid,
        "url": f"{HOST}/v1/Services/{s.sid}/{part}/{n.sid}",
    }


def alpha_sender(s: Service, a: AlphaSender) -> dict[str, Any]:
    """Show a Sender ID of a pool."""
    return {
        "account_sid": s.account_sid,
        "alpha_sender": a.alpha_sender,
        "capabilities": ["SMS"],
        "date_created": iso(a.created),
        "date_updated": iso(a.created),
        "service_sid": s.sid,
        "sid": a.sid,
        "url": f"{HOST}/v1/Services/{s.sid}/AlphaSenders/{a.sid}",
    }
