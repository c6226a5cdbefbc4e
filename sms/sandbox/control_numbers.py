"""Control calls for phone numbers, short codes and TwiML applications."""

import time
from dataclasses import asdict
from typing import Any

from aiohttp import web

from sms.sandbox import checks, shapes, sids
from sms.sandbox.control import Body, Refusal, account_in, answer, e164, number_in, one_of
from sms.sandbox.hub import Hub
from sms.sandbox.things import SHORT_CODE, Account, Application, Number

TOLL_FREE = "toll free"
KINDS = ("local", "mobile", TOLL_FREE, SHORT_CODE)
TOLL_FREE_AREAS = ("+1800", "+1833", "+1844", "+1855", "+1866", "+1877", "+1888")
FIELDS = (
    *("sms_url", "sms_method", "sms_fallback_url", "sms_fallback_method", "sms_application_sid"),
    *("trunk_sid", "friendly_name"),
)
APPLICATION_FIELDS = ("sms_url", "sms_method", "sms_fallback_url", "sms_fallback_method", "friendly_name")
MOST_NUMBERS = 20_000


async def create_number(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Give an account a number or a short code; giving it again changes nothing."""
    account = account_in(hub, request)
    address = _address(body["phone_number"], body.get("type"))
    existing = hub.world.number_of(address)
    if existing is not None:
        if existing.account_sid != account.sid:
            raise Refusal(409, f"{address} belongs to another sandbox account.")
        return answer(_shown(existing))
    return answer(_shown(_create(hub, account, address, body)), 201)


async def create_numbers(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Give an account `count` numbers in a row from `first` on; those it has stay as they are."""
    account, first, count = account_in(hub, request), e164(body["first"]), int(body["count"])
    if not 1 <= count <= MOST_NUMBERS:
        raise Refusal(400, f"count is 1 to {MOST_NUMBERS}.")
    addresses = [f"+{int(first) + n}" for n in range(count)]
    if taken := next((a for a in addresses if (n := hub.world.number_of(a)) and n.account_sid != account.sid), None):
        raise Refusal(409, f"{taken} belongs to another sandbox account.")
    made = [_create(hub, account, a, body) for a in addresses if hub.world.number_of(a) is None]
    return answer({"created": len(made), "sids": [number.sid for number in made]}, 201)


def _create(hub: Hub, account: Account, address: str, body: Body) -> Number:
    now, can, kind = time.time(), body.get("capabilities") or {}, _kind(address, body.get("type"))
    number = Number(
        sid=sids.new("SC" if kind == SHORT_CODE else "PN"),
        account_sid=account.sid,
        phone_number=address,
        created=now,
        updated=now,
        sms=bool(can.get("sms", True)),
        mms=bool(can.get("mms", True)),
        voice=bool(can.get("voice", True)),
        type=kind,
        **{"friendly_name": address, **{name: str(body[name]) for name in FIELDS if name in body}},
    )
    hub.record("number.created", number=asdict(number))
    return hub.world.numbers[number.sid]


def _address(text: Any, kind: Any) -> str:
    if kind != SHORT_CODE:
        return e164(text)
    if not isinstance(text, str) or not checks.SHORT_CODE.fullmatch(text):
        raise Refusal(400, "Write the short code as 3 to 8 digits.")
    return text


def _kind(address: str, wanted: Any) -> str:
    if wanted:
        return one_of(KINDS, wanted)
    return TOLL_FREE if address.startswith(TOLL_FREE_AREAS) else "local"


def _shown(number: Number) -> dict[str, Any]:
    return shapes.short_code(number) if number.is_short_code else shapes.number(number)


async def change_number(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Change a number, as somebody in Twilio's console would."""
    number = number_in(hub, request)
    changes: dict[str, Any] = {name: str(body[name] or "") for name in FIELDS if name in body}
    if "type" in body:
        changes["type"] = one_of(KINDS[:3], body["type"])
    changes |= {name: bool(can) for name, can in (body.get("capabilities") or {}).items() if name in _ABILITIES}
    hub.change_number(number, changes)
    return answer(_shown(number))


_ABILITIES = ("sms", "mms", "voice")


async def delete_number(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Release a number."""
    hub.record("number.deleted", sid=number_in(hub, request).sid)
    return web.Response(status=204)


async def create_application(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Make a TwiML application."""
    now = time.time()
    application = Application(
        sid=sids.new("AP"),
        account_sid=account_in(hub, request).sid,
        created=now,
        updated=now,
        **{"friendly_name": "Application", **_application_fields(body)},
    )
    hub.record("application.created", application=asdict(application))
    return answer(asdict(application), 201)


async def change_application(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Change a TwiML application."""
    application = _application(hub, request)
    hub.record("application.changed", sid=application.sid, changes=_application_fields(body))
    return answer(asdict(application))


async def delete_application(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Delete a TwiML application; numbers that name it get no texts any more."""
    hub.record("application.deleted", sid=_application(hub, request).sid)
    return web.Response(status=204)


def _application_fields(body: Body) -> dict[str, str]:
    return {name: str(body[name] or "") for name in APPLICATION_FIELDS if name in body}


def _application(hub: Hub, request: web.Request) -> Application:
    found = hub.world.applications.get(request.match_info["application"])
    if found is None or found.account_sid != account_in(hub, request).sid:
        raise Refusal(404, "The account has no such application.")
    return found
