"""Phone numbers, short codes and TwiML applications of Twilio's REST API."""

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sms.sandbox import paging, places, shapes
from sms.sandbox.calls import Call, Reply
from sms.sandbox.problems import Problem
from sms.sandbox.things import Application, Number

T = TypeVar("T")

URLS = {
    "SmsUrl": "sms_url",
    "SmsFallbackUrl": "sms_fallback_url",
    "VoiceUrl": "voice_url",
    "VoiceFallbackUrl": "voice_fallback_url",
    "StatusCallback": "status_callback",
}
METHODS = {
    "SmsMethod": "sms_method",
    "SmsFallbackMethod": "sms_fallback_method",
    "VoiceMethod": "voice_method",
    "VoiceFallbackMethod": "voice_fallback_method",
    "StatusCallbackMethod": "status_callback_method",
}
PLAIN = {
    "FriendlyName": "friendly_name",
    "SmsApplicationSid": "sms_application_sid",
    "VoiceApplicationSid": "voice_application_sid",
    "TrunkSid": "trunk_sid",
}


async def numbers(call: Call) -> Reply:
    """List the account's numbers; PhoneNumber matches parts, and * one digit or more."""
    pattern = _pattern(call.request.query.get("PhoneNumber", ""))
    rows = (n for n in _of_account(call, short_codes=False) if pattern.search(n.phone_number) and _named(call, n))
    return _page(call, "incoming_phone_numbers", rows, shapes.number)


async def short_codes(call: Call) -> Reply:
    """List the account's short codes."""
    wanted = call.request.query.get("ShortCode")
    rows = (n for n in _of_account(call, short_codes=True) if wanted in {None, n.phone_number} and _named(call, n))
    return _page(call, "short_codes", rows, shapes.short_code)


async def applications(call: Call) -> Reply:
    """List the account's TwiML applications."""
    rows = (a for a in call.hub.world.applications.values() if a.account_sid == call.account.sid and _named(call, a))
    return _page(call, "applications", rows, shapes.application)


def _of_account(call: Call, *, short_codes: bool) -> Iterable[Number]:
    everybodys = call.hub.world.numbers.values()
    return (n for n in everybodys if n.account_sid == call.account.sid and n.is_short_code == short_codes)


def _named(call: Call, thing: Number | Application) -> bool:
    return call.request.query.get("FriendlyName") in {None, thing.friendly_name}


def _page(call: Call, key: str, rows: Iterable[T], show: Callable[[T], dict[str, Any]]) -> Reply:
    newest_first = list(enumerate(rows))[::-1]
    return paging.reply(call, key, newest_first, seq=lambda row: row[0], show=lambda row: show(row[1]))


def _pattern(wanted: str) -> re.Pattern[str]:
    return re.compile("".join("[0-9]+" if c == "*" else re.escape(c) for c in wanted))


async def number(call: Call) -> Reply:
    """Show one number."""
    found = _found(call, short_code=False)
    return Reply(payload=shapes.number(found), sid=found.sid)


async def short_code(call: Call) -> Reply:
    """Show one short code."""
    found = _found(call, short_code=True)
    return Reply(payload=shapes.short_code(found), sid=found.sid)


async def application(call: Call) -> Reply:
    """Show one TwiML application."""
    found = call.hub.world.applications.get(call.part("sid"))
    if found is None or found.account_sid != call.account.sid:
        raise call.missing()
    return Reply(payload=shapes.application(found), sid=found.sid)


async def change_number(call: Call) -> Reply:
    """Set a number's webhooks and name."""
    found = _found(call, short_code=False)
    _change(call, found)
    return Reply(payload=shapes.number(found), sid=found.sid)


async def change_short_code(call: Call) -> Reply:
    """Set a short code's webhooks and name."""
    found = _found(call, short_code=True)
    _change(call, found)
    return Reply(payload=shapes.short_code(found), sid=found.sid)


async def release_number(call: Call) -> Reply:
    """Give a number back; the account no longer has it."""
    found = _found(call, short_code=False)
    call.hub.record("number.deleted", sid=found.sid)
    return Reply(204, sid=found.sid)


def _found(call: Call, *, short_code: bool) -> Number:
    found = call.hub.world.numbers.get(call.part("sid"))
    if found is None or found.account_sid != call.account.sid or found.is_short_code != short_code:
        raise call.missing()
    return found


def _change(call: Call, found: Number) -> None:
    changes = _changes(call)
    url = changes.get("sms_url", found.sms_url)
    if changes.get("sms_fallback_url") and not url:
        raise Problem(21406)
    call.hub.change_number(found, changes)


def _changes(call: Call) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for name, value in call.form.items():
        if name in URLS:
            if value and not places.is_url(value):
                raise Problem(21402, value)
            changes[URLS[name]] = value
        elif name in METHODS:
            if value.upper() not in {"GET", "POST"}:
                raise Problem(21403, value)
            changes[METHODS[name]] = value.upper()
        elif name in PLAIN:
            changes[PLAIN[name]] = value
    return changes
