"""Control calls for Messaging Services: make one, change it, move a number into it or out of it."""

import time
from dataclasses import asdict, fields
from typing import Any

from aiohttp import web

from sms.sandbox import sids
from sms.sandbox.control import Body, Refusal, account_in, answer, number_in
from sms.sandbox.hub import Hub
from sms.sandbox.things import Service

FIXED = frozenset({"sid", "account_sid", "numbers", "created", "updated", "alpha_senders", "added"})
CHANGEABLE = frozenset(field.name for field in fields(Service)) - FIXED


async def create_service(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Make a Messaging Service from numbers of the account."""
    account = account_in(hub, request)
    owned = {n.phone_number for n in hub.world.numbers_of(account.sid)}
    numbers = [str(n) for n in body.get("numbers", [])]
    if strange := [n for n in numbers if n not in owned or hub.world.service_of(n)]:
        raise Refusal(409, f"Not free numbers of this account: {', '.join(strange)}.")
    service = Service(sids.new("MG"), account.sid, "Service", numbers, time.time())
    for name, value in _changes(body).items():
        setattr(service, name, value)
    hub.record("service.created", service=asdict(service))
    return answer(asdict(hub.world.services[service.sid]), 201)


async def change_service(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Change a service, as somebody in Twilio's console would."""
    service = service_in(hub, request.match_info["service"])
    hub.record("service.changed", sid=service.sid, changes=_changes(body))
    return answer(asdict(service))


def _changes(body: Body) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name in CHANGEABLE}


async def delete_service(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Delete a service; its numbers stay with the account."""
    hub.record("service.deleted", sid=service_in(hub, request.match_info["service"]).sid)
    return web.Response(status=204)


async def place_number(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Move a number into a service, whichever it was in; without `sid` out of all."""
    number = number_in(hub, request)
    target = service_in(hub, str(body["sid"])) if body.get("sid") else None
    if target is not None and target.account_sid != number.account_sid:
        raise Refusal(409, "Number and service are of different accounts.")
    former = hub.world.service_of(number.phone_number)
    if former is not None and former is not target:
        hub.record("service.left", sid=former.sid, number=number.phone_number)
    if target is not None and former is not target:
        hub.record("service.joined", sid=target.sid, number=number.phone_number)
    return answer({"service": target.sid if target else None})


def service_in(hub: Hub, sid: str) -> Service:
    """Return a service by its SID."""
    service = hub.world.services.get(sid)
    if service is None:
        raise Refusal(404, "The sandbox has no such service.")
    return service
