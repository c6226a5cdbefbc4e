"""Geographic permissions of Twilio's accounts API: to which countries an account may text."""

import json
from typing import Any

from sms.sandbox import countries
from sms.sandbox.calls import Call, Reply
from sms.sandbox.problems import Problem
from sms.sandbox.things import Account

REFUSED = 30649
SUCCESS = 0


async def show(call: Call) -> Reply:
    """Show the permission of the countries asked for, of all without any."""
    wanted = [c.strip().upper() for c in call.request.query.get("CountryCode", "").split(",") if c.strip()]
    if strange := [country for country in wanted if country not in countries.PREFIXES]:
        raise Problem(20001, f"CountryCode: {', '.join(strange)}")
    account = _holder(call)
    return Reply(payload={"permissions": [_shown(account, c) for c in wanted or sorted(countries.PREFIXES)]})


async def change(call: Call) -> Reply:
    """Allow or refuse countries, each on its own; the risky ones stay as they are."""
    if call.account.owner_sid:
        raise Problem(30648)
    wanted = [_parsed(text) for text in call.form.getall("Permissions", [])]
    if not wanted:
        raise Problem(20001, "Permissions")
    allowed = {c: on for c, on in wanted if c in countries.PREFIXES and not _refusal(c)}
    changed = {**call.account.countries, **allowed}
    call.hub.record("account.changed", sid=call.account.sid, changes={"countries": changed})
    return Reply(payload={"permissions": [_shown(call.account, c, _refusal(c)) for c, _ in wanted]})


def _holder(call: Call) -> Account:
    """Return the account whose permissions hold: sub-accounts have their parent's."""
    return call.hub.world.accounts[call.account.parent_sid]


def _parsed(text: str) -> tuple[str, bool]:
    try:
        one = json.loads(text)
        return str(one["country_code"]).upper(), str(one["enabled"]).lower() == "true"
    except (ValueError, KeyError, TypeError):
        raise Problem(20001, "Permissions") from None


def _refusal(country: str) -> str:
    if country in countries.HIGH_RISK:
        return "High risk country permission cannot be updated"
    return "" if country in countries.PREFIXES.keys() - countries.UNSUPPORTED else "Country is not supported"


def _shown(account: Account, country: str, refusal: str = "") -> dict[str, Any]:
    return {
        "country_code": country,
        "type": "country",
        "enabled": countries.is_enabled(country, account.countries),
        "error_code": REFUSED if refusal else SUCCESS,
        "error_messages": [refusal] if refusal else [],
    }
