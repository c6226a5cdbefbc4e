"""Rotation of Auth Tokens by Twilio's accounts API: a secondary one beside the primary, then in its place."""

from typing import Any

from sms.sandbox import sids
from sms.sandbox.calls import Call, Reply
from sms.sandbox.problems import Problem
from sms.sandbox.shapes import iso
from sms.sandbox.things import Account

HOST = "https://accounts.twilio.com/v1/AuthTokens"


async def create_secondary(call: Call) -> Reply:
    """Make a secondary token; both hold from now on, and webhooks are signed with the primary."""
    call.require_token()
    _home_only(call)
    if call.account.secondary_auth_token:
        raise Problem(20001, "there is a secondary Auth Token already")
    _change(call, {"secondary_auth_token": sids.token()})
    shown = _shown(call.account, "Secondary", secondary_auth_token=call.account.secondary_auth_token)
    return Reply(201, shown, sid=call.account.sid)


async def delete_secondary(call: Call) -> Reply:
    """Drop the secondary token."""
    call.require_token()
    _home_only(call)
    if not call.account.secondary_auth_token:
        raise call.missing()
    _change(call, {"secondary_auth_token": ""})
    return Reply(204, sid=call.account.sid)


async def promote(call: Call) -> Reply:
    """Make the secondary token the primary one; the former primary is dead at once."""
    call.require_token()
    _home_only(call)
    if not call.account.secondary_auth_token:
        raise call.missing()
    _change(call, {"auth_token": call.account.secondary_auth_token, "secondary_auth_token": ""})
    return Reply(200, _shown(call.account, "Promote", auth_token=call.account.auth_token), sid=call.account.sid)


def _home_only(call: Call) -> None:
    """The sandbox rotates the tokens of an account's home region; those of other regions stand still."""
    if call.region != call.account.region:
        raise call.missing()


def _change(call: Call, changes: dict[str, str]) -> None:
    call.hub.record("account.changed", sid=call.account.sid, changes=changes)


def _shown(account: Account, part: str, **token: str) -> dict[str, Any]:
    moment = iso(account.updated)
    return {
        "account_sid": account.sid,
        "date_created": moment,
        "date_updated": moment,
        "url": f"{HOST}/{part}",
        **token,
    }
