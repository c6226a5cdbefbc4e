"""The control API's plumbing: JSON in and out, and one shape for errors."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from yarl import URL

from sms.sandbox import places
from sms.sandbox.checks import E164
from sms.sandbox.hub import HUB, Hub
from sms.sandbox.things import Account, Number

Body = Mapping[str, Any]
Action = Callable[[Hub, web.Request, Body], Awaitable[web.Response]]


class Refusal(Exception):
    """Raised when a control call cannot be done; the text says what to do."""

    def __init__(self, status: int, text: str) -> None:
        self.status, self.text = status, text
        super().__init__(text)


def control(action: Action) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Make a view of an action; what it recorded is on disk before the answer."""

    async def view(request: web.Request) -> web.Response:
        hub = request.app[HUB]
        try:
            _guard(request)
            response = await action(hub, request, await _body(request))
        except Refusal as refusal:
            return web.json_response({"error": refusal.text}, status=refusal.status)
        except (KeyError, TypeError, ValueError) as error:
            return web.json_response({"error": f"That call does not fit: {error!r}."}, status=400)
        await hub.commit()
        return response

    return view


def _guard(request: web.Request) -> None:
    """Let in only programs of this machine: no other host, and no web page in somebody's browser."""
    if not places.is_here(request.remote or "") or not places.is_here(URL(f"//{request.host}").host or ""):
        raise Refusal(403, "The control API answers only on this machine.")
    if "Origin" in request.headers:
        raise Refusal(403, "The control API does not answer web pages.")


async def _body(request: web.Request) -> Body:
    text = await request.text()
    body = json.loads(text) if text else {}
    if not isinstance(body, dict):
        raise Refusal(400, "Send a JSON object.")
    return body


def account_in(hub: Hub, request: web.Request) -> Account:
    """Return the account named in the path."""
    account = hub.world.accounts.get(request.match_info["account"])
    if account is None:
        raise Refusal(404, "The sandbox has no such account.")
    return account


def number_in(hub: Hub, request: web.Request) -> Number:
    """Return the number named in the path, if it is the account's."""
    number = hub.world.number_of(request.match_info["number"])
    if number is None or number.account_sid != account_in(hub, request).sid:
        raise Refusal(404, "The account has no such number.")
    return number


def e164(text: Any) -> str:
    """Return a number as it must be written."""
    if not isinstance(text, str) or not E164.fullmatch(text):
        raise Refusal(400, "Write the number as + and digits, such as +15551230001.")
    return text


def one_of(allowed: tuple[str, ...], value: Any) -> str:
    """Return one of the words allowed."""
    if value not in allowed:
        raise Refusal(400, f"Choose one of: {', '.join(allowed)}.")
    return str(value)


def answer(payload: Any, status: int = 200) -> web.Response:
    """Answer JSON."""
    return web.json_response(payload, status=status)
