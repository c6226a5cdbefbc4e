"""Control calls for what US networks know: brands, campaigns, toll-free verifications. Setting again changes."""

import time
from dataclasses import asdict, fields
from typing import Any, TypeVar

from aiohttp import web

from sms.sandbox import sids
from sms.sandbox.control import Body, Refusal, account_in, answer, number_in, one_of
from sms.sandbox.control_services import service_in
from sms.sandbox.hub import Hub
from sms.sandbox.things import Brand, Campaign, Verification

BRANDS = ("PENDING", "APPROVED", "FAILED", "IN_REVIEW", "DELETION_PENDING", "DELETION_FAILED", "SUSPENDED")
CAMPAIGNS = ("PENDING", "IN_PROGRESS", "VERIFIED", "FAILED", "SUSPENDED")
VERIFICATIONS = ("PENDING_REVIEW", "IN_REVIEW", "TWILIO_APPROVED", "TWILIO_REJECTED")
FIXED = frozenset({"sid", "account_sid", "service_sid", "number_sid", "phone_number", "created", "updated"})

Row = TypeVar("Row", Brand, Campaign, Verification)


async def set_brand(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Register an account's brand, or change the one it has."""
    account, now = account_in(hub, request), time.time()
    rows = [b for b in hub.world.registers.brands.values() if b.account_sid == account.sid]
    brand = rows[0] if rows else Brand(sids.new("BN"), account.sid, now, now)
    return _entered(hub, "brand", _changed(brand, body, status=BRANDS))


async def set_campaign(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Register a Messaging Service's campaign, or change the one it has."""
    service, now = service_in(hub, request.match_info["service"]), time.time()
    rows = hub.world.registers.campaigns_of(service.sid)
    campaign = rows[0] if rows else Campaign(sids.new("QE"), service.account_sid, service.sid, now, now)
    return _entered(hub, "campaign", _changed(campaign, body, campaign_status=CAMPAIGNS))


async def set_verification(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Verify a toll-free number, or change what became of it."""
    number, now = number_in(hub, request), time.time()
    verification = hub.world.registers.verification_of(number.sid) or Verification(
        sids.new("HH"), number.account_sid, number.sid, number.phone_number, now, now
    )
    return _entered(hub, "verification", _changed(verification, body, status=VERIFICATIONS))


def _changed(row: Row, body: Body, **allowed: tuple[str, ...]) -> Row:
    known = {field.name for field in fields(row)} - FIXED
    for name, value in body.items():
        if name in known:
            setattr(row, name, one_of(allowed[name], value) if name in allowed else value)
    row.updated = time.time()
    return row


def _entered(hub: Hub, register: str, row: Brand | Campaign | Verification) -> web.Response:
    shown: dict[str, Any] = asdict(row)
    hub.record("registration", register=register, row=shown)
    return answer(shown, 201)


async def drop_campaign(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Withdraw a service's campaign."""
    for campaign in hub.world.registers.campaigns_of(service_in(hub, request.match_info["service"]).sid):
        hub.record("registration.deleted", register="campaign", sid=campaign.sid)
    return web.Response(status=204)


async def drop_verification(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Withdraw a toll-free number's verification."""
    verification = hub.world.registers.verification_of(number_in(hub, request).sid)
    if verification is None:
        raise Refusal(404, "The number has no verification.")
    hub.record("registration.deleted", register="verification", sid=verification.sid)
    return web.Response(status=204)
