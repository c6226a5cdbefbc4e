"""Accounts, phone numbers, balance and alerts of Twilio's REST API."""

import re
from typing import Any

from sms.sandbox import paging, places, shapes
from sms.sandbox.calls import Call, Reply
from sms.sandbox.problems import Problem
from sms.sandbox.things import Number

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


async def account(call: Call) -> Reply:
    """Show the account; master credentials see its primary token."""
    call.require_master()
    return Reply(payload=shapes.account(call.account), sid=call.account.sid)


async def accounts(call: Call) -> Reply:
    """List the accounts the credential may see: its own and its sub-accounts."""
    call.require_master()
    query = call.request.query
    name, status = query.get("FriendlyName"), query.get("Status")
    rows = [
        (seq, a)
        for seq, a in reversed(list(enumerate(call.hub.world.accounts.values())))
        if call.account.sid in {a.sid, a.owner_sid} and name in {None, a.friendly_name} and status in {None, a.status}
    ]
    return paging.reply(call, "accounts", rows, seq=lambda row: row[0], show=lambda row: shapes.account(row[1]))


async def balance(call: Call) -> Reply:
    """Show the balance; a sub-account has none of its own."""
    account = call.account
    if account.owner_sid:
        raise call.missing()
    return Reply(payload={"account_sid": account.sid, "balance": account.balance, "currency": account.currency})


async def numbers(call: Call) -> Reply:
    """List the account's numbers; PhoneNumber matches parts, and * one digit or more."""
    pattern = _pattern(call.request.query.get("PhoneNumber", ""))
    name = call.request.query.get("FriendlyName")
    rows = [
        (seq, n)
        for seq, n in reversed(list(enumerate(call.hub.world.numbers.values())))
        if n.account_sid == call.account.sid
        and pattern.search(n.phone_number)
        and (name is None or n.friendly_name == name)
    ]
    return paging.reply(
        call, "incoming_phone_numbers", rows, seq=lambda row: row[0], show=lambda row: shapes.number(row[1])
    )


def _pattern(wanted: str) -> re.Pattern[str]:
    return re.compile("".join("[0-9]+" if c == "*" else re.escape(c) for c in wanted))


async def number(call: Call) -> Reply:
    """Show one number."""
    found = _number(call)
    return Reply(payload=shapes.number(found), sid=found.sid)


async def change_number(call: Call) -> Reply:
    """Set a number's webhooks and name."""
    found = _number(call)
    changes = _changes(call)
    url = changes.get("sms_url", found.sms_url)
    if changes.get("sms_fallback_url") and not url:
        raise Problem(21406)
    call.hub.change_number(found, changes)
    return Reply(payload=shapes.number(found), sid=found.sid)


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


def _number(call: Call) -> Number:
    found = call.hub.world.numbers.get(call.part("sid"))
    if found is None or found.account_sid != call.account.sid:
        raise call.missing()
    return found


async def alerts(call: Call) -> Reply:
    """List what the debugger saw, newest first."""
    query = call.request.query
    rows = [
        (seq, alert)
        for seq, alert in reversed(list(enumerate(call.hub.world.alerts)))
        if alert.account_sid == call.account.sid
        and query.get("StartDate", "") <= shapes.iso(alert.created)
        and shapes.iso(alert.created) <= query.get("EndDate", "~")
    ]
    found = paging.reply(call, "alerts", rows, seq=lambda row: row[0], show=lambda row: shapes.alert(row[1]))
    return paging.modern(found, "alerts", "https://monitor.twilio.com")


async def nothing(call: Call) -> Reply:
    """Answer what Twilio says about a resource it does not have."""
    raise call.missing()
