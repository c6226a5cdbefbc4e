"""Control calls for accounts and their keys."""

import secrets
import time
from dataclasses import asdict
from typing import Any

from aiohttp import web

from sms.sandbox import shapes, sids
from sms.sandbox.control import Body, Refusal, account_in, answer, e164, one_of
from sms.sandbox.hub import Hub
from sms.sandbox.things import ACCOUNT_PREFIX, Account, Key

TYPES = ("Full", "Trial")
REGIONS = ("us1", "ie1", "au1")
STATUSES = ("active", "suspended", "closed")


def shown(hub: Hub, account: Account) -> dict[str, Any]:
    """Return an account with everything a demo or a test may want."""
    return {
        "sid": account.sid,
        "auth_token": account.auth_token,
        "secondary_auth_token": account.secondary_auth_token or None,
        "friendly_name": account.friendly_name,
        "type": account.type,
        "status": account.status,
        "parent": account.owner_sid or None,
        "region": account.region,
        "region_tokens": account.region_tokens,
        "balance": account.balance,
        "currency": account.currency,
        "countries": account.countries,
        "enforces_registration": account.enforces_registration,
        "verified": account.verified,
        "numbers": [shapes.number(n) for n in hub.world.numbers_of(account.sid) if not n.is_short_code],
        "short_codes": [shapes.short_code(n) for n in hub.world.numbers_of(account.sid) if n.is_short_code],
        "applications": [asdict(a) for a in hub.world.applications.values() if a.account_sid == account.sid],
        "keys": [k.sid for k in hub.world.keys.values() if k.account_sid == account.sid],
        "services": [asdict(s) for s in hub.world.services.values() if s.account_sid == account.sid],
    }


async def create_account(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Issue an account; naming a SID that exists returns that account unchanged."""
    sid = body.get("sid") or sids.new_account()
    if not sid.startswith(ACCOUNT_PREFIX) or len(sid) != 34:
        raise Refusal(400, f"A sandbox SID is {ACCOUNT_PREFIX} and 20 hex digits more.")
    if sid in hub.world.accounts:
        return answer(shown(hub, hub.world.accounts[sid]))
    now = time.time()
    account = Account(
        sid=sid,
        auth_token=body.get("auth_token") or sids.token(),
        friendly_name=str(body.get("friendly_name", "Sandbox account")),
        type=one_of(TYPES, body.get("type", "Full")),
        created=now,
        updated=now,
        secondary_auth_token=sids.token() if body.get("secondary") else "",
        **_standing(hub, body),
    )
    hub.record("account.created", account=asdict(account))
    return answer(shown(hub, hub.world.accounts[sid]), 201)


async def show_account(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Show an account."""
    return answer(shown(hub, account_in(hub, request)))


async def change_account(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Suspend, rename, rotate tokens, set money, region, parent or geographic permissions."""
    account = account_in(hub, request)
    changes: dict[str, Any] = {}
    if "status" in body:
        changes["status"] = one_of(STATUSES, body["status"])
    if "type" in body:
        changes["type"] = one_of(TYPES, body["type"])
    if "friendly_name" in body:
        changes["friendly_name"] = str(body["friendly_name"])
    if "rotate" in body:
        changes |= _rotation(account, body["rotate"])
    if "auth_token" in body:
        changes["auth_token"] = str(body["auth_token"])
    if "countries" in body:
        changes["countries"] = {**account.countries, **{str(c): bool(on) for c, on in body["countries"].items()}}
    changes |= _standing(hub, body)
    hub.record("account.changed", sid=account.sid, changes=changes)
    # Sub-accounts share the fate of their parent.
    for child in [a.sid for a in hub.world.accounts.values() if a.owner_sid == account.sid and "status" in changes]:
        hub.record("account.changed", sid=child, changes={"status": changes["status"]})
    return answer(shown(hub, account))


def _standing(hub: Hub, body: Body) -> dict[str, Any]:
    """Return what a call says about an account's parent, region and money."""
    found: dict[str, Any] = {name: str(body[name]) for name in ("balance", "currency") if name in body}
    if "enforces_registration" in body:
        found["enforces_registration"] = bool(body["enforces_registration"])
    if "region" in body:
        found["region"] = one_of(REGIONS, body["region"])
    if "region_tokens" in body:
        found["region_tokens"] = {one_of(REGIONS, r): str(token) for r, token in body["region_tokens"].items()}
    if "parent" in body:
        if body["parent"] and body["parent"] not in hub.world.accounts:
            raise Refusal(404, "The sandbox has no such parent.")
        found["owner_sid"] = str(body["parent"] or "")
    return found


def _rotation(account: Account, how: str) -> dict[str, str]:
    if how == "primary":
        return {"auth_token": sids.token()}
    if how == "secondary":
        return {"secondary_auth_token": sids.token()}
    if how == "drop_secondary":
        return {"secondary_auth_token": ""}
    if how == "promote" and account.secondary_auth_token:
        return {"auth_token": account.secondary_auth_token, "secondary_auth_token": ""}
    raise Refusal(400, "rotate is primary, secondary, drop_secondary, or promote when there is a secondary token.")


async def verify_number(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Let a trial account text a phone."""
    account = account_in(hub, request)
    verified = sorted({*account.verified, e164(body["phone_number"])})
    hub.record("account.changed", sid=account.sid, changes={"verified": verified})
    return answer(shown(hub, account), 201)


async def create_key(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Issue an API key."""
    account = account_in(hub, request)
    key = Key(
        sid=sids.new("SK"),
        secret=secrets.token_urlsafe(24),
        account_sid=account.sid,
        friendly_name=str(body.get("friendly_name", "")),
        kind=one_of(("standard", "main"), body.get("kind", "standard")),
        region=one_of(REGIONS, body.get("region", account.region)),
    )
    hub.record("key.created", key=asdict(key))
    return answer(asdict(key), 201)


async def delete_key(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Withdraw an API key."""
    key = hub.world.keys.get(request.match_info["key"])
    if key is None or key.account_sid != account_in(hub, request).sid:
        raise Refusal(404, "The account has no such key.")
    hub.record("key.deleted", sid=key.sid)
    return web.Response(status=204)
