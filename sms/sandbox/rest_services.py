"""Messaging Services of Twilio's messaging API, version 1: the services and what is in their pools."""

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any, TypeVar

from sms.sandbox import paging, places, shapes_messaging, sids
from sms.sandbox.calls import Call, Reply
from sms.sandbox.checks import SENDER_ID
from sms.sandbox.problems import Problem
from sms.sandbox.things import AlphaSender, Number, Service

T = TypeVar("T")

LONGEST_NAME = 64
MOST_ALPHA_SENDERS = 1

URLS = {"InboundRequestUrl": "inbound_request_url", "FallbackUrl": "fallback_url", "StatusCallback": "status_callback"}
METHODS = {"InboundMethod": "inbound_method", "FallbackMethod": "fallback_method"}
SWITCHES = {
    "UseInboundWebhookOnNumber": "use_inbound_webhook_on_number",
    "StickySender": "sticky_sender",
    "MmsConverter": "mms_converter",
    "SmartEncoding": "smart_encoding",
    "FallbackToLongCode": "fallback_to_long_code",
    "AreaCodeGeomatch": "area_code_geomatch",
    "SynchronousValidation": "synchronous_validation",
}
PLAIN = {"FriendlyName": "friendly_name", "Usecase": "usecase", "ScanMessageContent": "scan_message_content"}


async def index(call: Call) -> Reply:
    """List the account's services, newest first."""
    rows = numbered(s for s in call.hub.world.services.values() if s.account_sid == call.account.sid)
    return page_of(call, "services", rows, lambda service: _shown(call, service))


async def create(call: Call) -> Reply:
    """Make a service; one made by this API does not look at its numbers' own webhooks."""
    if not call.form.get("FriendlyName"):
        raise Problem(20001, "FriendlyName")
    service = Service(sids.new("MG"), call.account.sid, "", [], time.time(), use_inbound_webhook_on_number=False)
    for name, value in changes(call.form.items()).items():
        setattr(service, name, value)
    call.hub.record("service.created", service=asdict(service))
    return Reply(201, _shown(call, call.hub.world.services[service.sid]), sid=service.sid)


async def fetch(call: Call) -> Reply:
    """Show one service."""
    service = found(call)
    return Reply(payload=_shown(call, service), sid=service.sid)


async def update(call: Call) -> Reply:
    """Change a service's addresses and switches."""
    service = found(call)
    call.hub.record("service.changed", sid=service.sid, changes=changes(call.form.items()))
    return Reply(payload=_shown(call, service), sid=service.sid)


async def delete(call: Call) -> Reply:
    """Delete a service; its numbers stay with the account."""
    service = found(call)
    call.hub.record("service.deleted", sid=service.sid)
    return Reply(204, sid=service.sid)


def _shown(call: Call, service: Service) -> dict[str, Any]:
    return shapes_messaging.service(service, is_registered=call.hub.world.registers.has_campaign(service.sid))


def changes(form: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the fields of a service that a form changes; an unknown parameter is ignored, as Twilio does."""
    found: dict[str, Any] = {}
    for name, value in form:
        if name in URLS:
            found[URLS[name]] = _url(name, value)
        elif name in METHODS:
            found[METHODS[name]] = _one_of(name, value.upper(), ("GET", "POST"))
        elif name in SWITCHES:
            found[SWITCHES[name]] = _one_of(name, value.lower(), ("true", "false")) == "true"
        elif name == "ValidityPeriod":
            found["validity_period"] = _period(value)
        elif name in PLAIN:
            found[PLAIN[name]] = value
    if len(found.get("friendly_name", "")) > LONGEST_NAME:
        raise Problem(20001, "FriendlyName")
    return found


def _url(name: str, value: str) -> str:
    if value and not places.is_url(value):
        raise Problem(20001, name)
    return value


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise Problem(20001, name)
    return value


def _period(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= 36000:
        raise Problem(20001, "ValidityPeriod")
    return int(value)


def found(call: Call) -> Service:
    """Return the service in the path, if it is this account's."""
    service = call.hub.world.services.get(call.part("service"))
    if service is None or service.account_sid != call.account.sid:
        raise call.missing()
    return service


async def numbers(call: Call) -> Reply:
    """List the phone numbers of a pool."""
    return _members(call, "phone_numbers", shapes_messaging.pooled_number, short_codes=False)


async def short_codes(call: Call) -> Reply:
    """List the short codes of a pool."""
    return _members(call, "short_codes", shapes_messaging.pooled_short_code, short_codes=True)


def _members(call: Call, key: str, show: Callable[[Service, Number], dict[str, Any]], *, short_codes: bool) -> Reply:
    service = found(call)
    members = (call.hub.world.number_of(address) for address in service.numbers)
    rows = numbered(n for n in members if n and n.is_short_code == short_codes)
    return page_of(call, key, rows, lambda number: show(service, number))


async def add_number(call: Call) -> Reply:
    """Put a phone number into the pool."""
    service, number = found(call), _owned(call, call.form.get("PhoneNumberSid", ""), short_code=False)
    _join(call, service, number)
    return Reply(201, shapes_messaging.pooled_number(service, number), sid=number.sid)


async def add_short_code(call: Call) -> Reply:
    """Put a short code into the pool."""
    service, number = found(call), _owned(call, call.form.get("ShortCodeSid", ""), short_code=True)
    _join(call, service, number)
    return Reply(201, shapes_messaging.pooled_short_code(service, number), sid=number.sid)


def _owned(call: Call, sid: str, *, short_code: bool) -> Number:
    number = call.hub.world.numbers.get(sid)
    if number is None or number.account_sid != call.account.sid or number.is_short_code != short_code:
        raise call.missing()
    return number


def _join(call: Call, service: Service, number: Number) -> None:
    holder = call.hub.world.service_of(number.phone_number)
    if holder is not None:
        raise Problem(21710 if holder is service else 21712)
    call.hub.record("service.joined", sid=service.sid, number=number.phone_number)


async def number(call: Call) -> Reply:
    """Show a phone number of the pool."""
    service, member = found(call), _member(call)
    return Reply(payload=shapes_messaging.pooled_number(service, member), sid=member.sid)


async def short_code(call: Call) -> Reply:
    """Show a short code of the pool."""
    service, member = found(call), _member(call)
    return Reply(payload=shapes_messaging.pooled_short_code(service, member), sid=member.sid)


async def remove_number(call: Call) -> Reply:
    """Take a phone number or short code out of the pool."""
    service, member = found(call), _member(call)
    call.hub.record("service.left", sid=service.sid, number=member.phone_number)
    return Reply(204, sid=member.sid)


def _member(call: Call) -> Number:
    member = call.hub.world.numbers.get(call.part("sid"))
    if member is None or call.hub.world.service_of(member.phone_number) is not found(call):
        raise call.missing()
    return member


async def alpha_senders(call: Call) -> Reply:
    """List the Sender IDs of a pool."""
    service = found(call)
    rows = numbered(service.alpha_senders)
    return page_of(call, "alpha_senders", rows, lambda sender: shapes_messaging.alpha_sender(service, sender))


async def add_alpha_sender(call: Call) -> Reply:
    """Put a Sender ID into the pool; Twilio takes one a service."""
    service, wanted = found(call), call.form.get("AlphaSender", "")
    if not SENDER_ID.fullmatch(wanted):
        raise Problem(20001, "AlphaSender")
    if len(service.alpha_senders) >= MOST_ALPHA_SENDERS:
        raise Problem(21714)
    sender = AlphaSender(sids.new("AI"), wanted, time.time())
    call.hub.record("alpha_sender.added", sid=service.sid, alpha_sender=asdict(sender))
    return Reply(201, shapes_messaging.alpha_sender(service, sender), sid=sender.sid)


async def alpha_sender(call: Call) -> Reply:
    """Show a Sender ID."""
    service, sender = _alpha_sender(call)
    return Reply(payload=shapes_messaging.alpha_sender(service, sender), sid=sender.sid)


async def remove_alpha_sender(call: Call) -> Reply:
    """Take a Sender ID out of the pool."""
    service, sender = _alpha_sender(call)
    call.hub.record("alpha_sender.removed", sid=service.sid, alpha_sender=sender.sid)
    return Reply(204, sid=sender.sid)


def _alpha_sender(call: Call) -> tuple[Service, AlphaSender]:
    service = found(call)
    sender = next((a for a in service.alpha_senders if a.sid == call.part("sid")), None)
    if sender is None:
        raise call.missing()
    return service, sender


def numbered(rows: Iterable[T]) -> list[tuple[int, T]]:
    """Count rows that come oldest first, and turn them round."""
    return list(enumerate(rows))[::-1]


def page_of(call: Call, key: str, rows: Iterable[tuple[int, T]], show: Callable[[T], dict[str, Any]]) -> Reply:
    """Show one page of numbered rows as the messaging API does."""
    page = paging.reply(call, key, rows, seq=lambda row: row[0], show=lambda row: show(row[1]))
    return paging.modern(page, key, shapes_messaging.HOST)
