"""Brands, campaigns and toll-free verifications of Twilio's messaging API, version 1: read only."""

from typing import TypeVar

from sms.sandbox import shapes_registration as shapes
from sms.sandbox.calls import Call, Reply
from sms.sandbox.rest_services import found, numbered, page_of
from sms.sandbox.things import Brand, Campaign, Verification

Row = TypeVar("Row", Brand, Campaign, Verification)


async def brands(call: Call) -> Reply:
    """List the account's A2P brands."""
    rows = (b for b in call.hub.world.registers.brands.values() if b.account_sid == call.account.sid)
    return page_of(call, "data", numbered(rows), shapes.brand)


async def brand(call: Call) -> Reply:
    """Show one A2P brand."""
    row = _own(call, call.hub.world.registers.brands.get(call.part("sid")))
    return Reply(payload=shapes.brand(row), sid=row.sid)


async def campaigns(call: Call) -> Reply:
    """List the A2P campaigns of a Messaging Service; there is one at most."""
    rows = call.hub.world.registers.campaigns_of(found(call).sid)
    return page_of(call, "compliance", numbered(rows), shapes.campaign)


async def campaign(call: Call) -> Reply:
    """Show an A2P campaign of a Messaging Service."""
    row = _own(call, call.hub.world.registers.campaigns.get(call.part("sid")))
    if row.service_sid != found(call).sid:
        raise call.missing()
    return Reply(payload=shapes.campaign(row), sid=row.sid)


async def verifications(call: Call) -> Reply:
    """List the account's toll-free verifications."""
    query = call.request.query
    number, status = query.get("TollfreePhoneNumberSid"), query.get("Status")
    rows = (
        v
        for v in call.hub.world.registers.verifications.values()
        if v.account_sid == call.account.sid and number in {None, v.number_sid} and status in {None, v.status}
    )
    return page_of(call, "verifications", numbered(rows), shapes.verification)


async def verification(call: Call) -> Reply:
    """Show one toll-free verification."""
    row = _own(call, call.hub.world.registers.verifications.get(call.part("sid")))
    return Reply(payload=shapes.verification(row), sid=row.sid)


def _own(call: Call, row: Row | None) -> Row:
    if row is None or row.account_sid != call.account.sid:
        raise call.missing()
    return row
