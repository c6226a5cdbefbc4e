"""Control calls that stand for the phones of other people: text a number, read what came."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from sms.sandbox import files, inbound
from sms.sandbox.control import Body, Refusal, answer
from sms.sandbox.hub import Hub
from sms.sandbox.inbound import Dates, File
from sms.sandbox.things import Message, Number

ARRIVED = frozenset({"sent", "delivered", "read"})
MOST_MEDIA = 10


async def text(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Send a text from a phone to a number of an account."""
    phone, number = request.match_info["phone"], _number(hub, body["to"])
    dates = Dates(float(body.get("ago_seconds", 0)), bool(body.get("undated")))
    message = inbound.receive(hub, number, phone, str(body.get("body", "")), _files(body), dates)
    await hub.commit()
    shown = {"sid": message.sid, "account_sid": number.account_sid, "from": phone, "to": number.phone_number}
    if not body.get("wait", True):
        hub.spawn(_deliver(hub, number, message))
        return answer({**shown, "webhook": None}, 201)
    tries = await inbound.deliver(hub, number, message)
    return answer({**shown, "webhook": inbound.shown(tries)}, 201)


async def _deliver(hub: Hub, number: Number, message: Message) -> None:
    await inbound.deliver(hub, number, message)


def _number(hub: Hub, address: Any) -> Number:
    number = hub.world.number_of(str(address))
    if number is None:
        raise Refusal(404, f"No sandbox account has the number {address}.")
    if not number.sms:
        raise Refusal(409, f"{address} cannot receive texts.")
    if hub.world.accounts[number.account_sid].status != "active":
        raise Refusal(409, f"The account of {address} is not active.")
    return number


def _files(body: Body) -> list[File]:
    wanted = body.get("media") or []
    if len(wanted) > MOST_MEDIA:
        raise Refusal(400, f"A text carries at most {MOST_MEDIA} files.")
    try:
        return [File(str(item["content_type"]), base64.b64decode(item["base64"], validate=True)) for item in wanted]
    except binascii.Error:
        raise Refusal(400, "The media is not base64.") from None


async def messages(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Show a phone's texts, both ways, oldest first."""
    phone = request.match_info["phone"]
    found = hub.world.phone_messages(phone)
    after = hub.world.messages.get(request.query.get("after", ""))
    return answer({"phone": phone, "messages": [_shown(m) for m in found if not after or m.seq > after.seq]})


def _shown(message: Message) -> dict[str, Any]:
    return {
        "sid": message.sid,
        "account_sid": message.account_sid,
        "from_phone": message.is_inbound,
        "from": message.from_,
        "to": message.to,
        "body": message.body,
        "status": message.status,
        "error_code": message.error_code,
        "arrived": message.is_inbound or message.status in ARRIVED,
        "media": [
            {"sid": m.sid, "content_type": m.content_type, "url": f"/sandbox/media/{m.sid}"} for m in message.media
        ],
        "date_created": _moment(message.created),
    }


async def index(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """List the phones that ever texted or were texted, the latest first."""
    rows: list[dict[str, Any]] = []
    for phone in hub.world.by_phone:
        if found := hub.world.phone_messages(phone):
            last = max(found, key=lambda m: m.seq)
            shown = {"phone": phone, "messages": len(found), "last_body": last.body}
            rows.append({**shown, "last_at": _moment(last.created)})
    return answer({"phones": sorted(rows, key=lambda row: row["last_at"], reverse=True)})


async def media(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Answer the bytes of a file."""
    entry = hub.world.media(request.match_info["media"])
    if entry is None:
        raise Refusal(404, "There is no such file.")
    return web.Response(body=files.read(hub, entry[1]), headers={"Content-Type": entry[1].content_type})


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
