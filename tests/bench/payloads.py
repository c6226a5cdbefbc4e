"""What Twilio posts, made and signed before the clock runs; each request is another text."""

import base64
import hashlib
import hmac
import itertools
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.bench.bench import PUBLIC

_count = itertools.count(1)
BODY = "Bench text with umlauts äöü, as long as most are: see you at eight, and bring the keys please."


def sid(prefix: str = "SM") -> str:
    """Return another SID."""
    return f"{prefix}{next(_count):032x}"


def request(path: str, fields: dict[str, str], token: str) -> bytes:
    """Return a signed request as bytes on the wire."""
    body = urlencode(fields).encode()
    signed = PUBLIC + path + "".join(name + value for name, value in sorted(parse_qsl(body.decode(), True)))
    signature = base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {urlsplit(PUBLIC).netloc}\r\n"
        f"Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nContent-Length: {len(body)}\r\n"
        f"User-Agent: TwilioProxy/1.1\r\nAccept: */*\r\nI-Twilio-Idempotency-Token: {next(_count):032x}\r\n"
        f"X-Twilio-Signature: {signature}\r\n\r\n"
    )
    return head.encode() + body


def texts(path: str, account: str, token: str, count: int) -> list[bytes]:
    """Return so many texts that come in, as Twilio's own look: 18 fields."""
    return [request(path, _text(account), token) for _ in range(count)]


def _text(account: str) -> dict[str, str]:
    number = sid()
    return {
        "ToCountry": "US",
        "ToState": "DC",
        "SmsMessageSid": number,
        "NumMedia": "0",
        "ToCity": "WASHINGTON",
        "FromZip": "20500",
        "SmsSid": number,
        "FromState": "DC",
        "SmsStatus": "received",
        "FromCity": "WASHINGTON",
        "Body": BODY,
        "FromCountry": "US",
        "To": "+12025550101",
        "NumSegments": "1",
        "MessageSid": number,
        "AccountSid": account,
        "From": f"+1202556{next(_count) % 10000:04d}",
        "ApiVersion": "2010-04-01",
    }


def reports(targets: Sequence[tuple[str, str, str, str]], token: str) -> list[bytes]:
    """Return one status report for each (path, account, SID, status)."""
    return [request(path, _report(account, number, status), token) for path, account, number, status in targets]


def _report(account: str, number: str, status: str) -> dict[str, str]:
    return {
        "SmsSid": number,
        "SmsStatus": status,
        "MessageStatus": status,
        "To": "+12025560000",
        "MessageSid": number,
        "AccountSid": account,
        "From": "+12025550101",
        "ApiVersion": "2010-04-01",
    }
