"""Media of Twilio's REST API: the list, the record, the bytes behind a redirect, and removal."""

import hashlib
import hmac

from aiohttp import web

from sms.sandbox import files, paging, shapes
from sms.sandbox.calls import Call, Reply
from sms.sandbox.hub import HUB
from sms.sandbox.problems import Problem
from sms.sandbox.rest_messages import found
from sms.sandbox.things import Account, Media, Message

CDN = "https://mms.twiliocdn.com"


async def index(call: Call) -> Reply:
    """List the files of a message."""
    message = found(call)
    rows = list(enumerate(message.media))[::-1]
    return paging.reply(
        call, "media_list", rows, seq=lambda row: row[0], show=lambda row: shapes.media(message, row[1])
    )


async def fetch(call: Call) -> Reply:
    """Show the record of a file."""
    message, item = _item(call)
    return Reply(payload=shapes.media(message, item), sid=item.sid)


async def content(call: Call) -> Reply:
    """Send the caller to the bytes, on another host that must not be given the credential."""
    message, item = _item(call)
    place = f"{CDN}/{message.account_sid}/{_ticket(call.account, item.sid)}/{item.sid}"
    return Reply(302, headers={"Location": place}, sid=item.sid, content=b"")


async def delete(call: Call) -> Reply:
    """Remove a file."""
    _, item = _item(call)
    call.hub.record("media.deleted", sid=item.sid)
    files.forget(call.hub, item)
    return Reply(204, sid=item.sid)


async def from_cdn(request: web.Request) -> web.Response:
    """Answer the bytes to whoever has the ticket; a credential brought along is refused, as at a real store."""
    hub = request.app[HUB]
    entry = hub.world.media(request.match_info["media"])
    if "Authorization" in request.headers:
        return web.Response(status=400, text="Only one auth mechanism allowed")
    if entry is None:
        return web.Response(status=404)
    message, item = entry
    ticket = _ticket(hub.world.accounts[message.account_sid], item.sid)
    if not hmac.compare_digest(ticket, request.match_info["ticket"]):
        return web.Response(status=403)
    return web.Response(body=files.read(hub, item), headers={"Content-Type": item.content_type})


def _item(call: Call) -> tuple[Message, Media]:
    message = found(call)
    wanted = call.part("media")
    item = next((m for m in message.media if m.sid == wanted), None)
    if item is None:
        raise Problem(20404, "/" + call.request.path.split("/", 2)[2])
    return message, item


def _ticket(account: Account, sid: str) -> str:
    return hmac.new(account.sid.encode(), sid.encode(), hashlib.sha256).hexdigest()[:32]
