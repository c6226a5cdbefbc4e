"""One REST call from credential to answer: who asks, what strikes it, what the journal keeps of it."""

import asyncio
import hmac
import json
import secrets
import socket
import struct
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import web
from multidict import MultiDictProxy

from sms.sandbox.faults import AFTER, BEFORE, Fault
from sms.sandbox.hub import HUB, Hub
from sms.sandbox.parameters import unknown
from sms.sandbox.problems import Problem
from sms.sandbox.things import ACCOUNT_PREFIX, Account, Key

DEFAULT_SILENCE = 60.0


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose credential is right."""

    hub: Hub
    request: web.Request
    account: Account
    key: Key | None
    form: MultiDictProxy[str]

    def part(self, name: str) -> str:
        """Return a named part of the path."""
        return self.request.match_info.get(name, "")

    def require_master(self) -> None:
        """Refuse a standard API key."""
        if self.key is not None and self.key.kind != "main":
            raise Problem(20003)

    def require_token(self) -> None:
        """Refuse every API key: only an Auth Token may do this."""
        if self.key is not None:
            raise Problem(20003)

    def missing(self) -> Problem:
        """Return what Twilio says about a resource that it does not have."""
        return Problem(20404, "/" + self.request.path.split("/", 2)[-1])

    @property
    def region(self) -> str:
        """The region whose host was called."""
        return region_of(self.request.match_info.get("host", ""))


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer."""

    status: int = 200
    payload: Any = None
    sid: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    code: int | None = None

    def response(self) -> web.Response:
        """Turn it into HTTP."""
        headers = {"Twilio-Request-Id": f"RQ{secrets.token_hex(16)}", "X-Home-Region": "us1", **self.headers}
        if self.payload is None:
            return web.Response(status=self.status, body=self.content, headers=headers)
        headers["Content-Type"] = "application/json"
        return web.Response(status=self.status, body=json.dumps(self.payload).encode(), headers=headers)


Handler = Callable[[Call], Awaitable[Reply]]
View = Callable[[web.Request], Awaitable[web.StreamResponse]]


def serve(operation: str, handler: Handler) -> View:
    """Make a view of a handler: faults around it, the journal behind it."""

    async def view(request: web.Request) -> web.StreamResponse:
        hub = request.app[HUB]
        form = cast(MultiDictProxy[str], await request.post())
        facts = _facts(request, form, operation)
        if pause := hub.strike(["delay"], facts):
            await asyncio.sleep(pause.seconds or 1.0)
        fault = hub.strike([*BEFORE, *AFTER], facts)
        if fault and fault.kind in BEFORE:
            reply = _instead(fault)
        else:
            reply = await _answer(hub, request, form, handler)
        _note(hub, request, form, operation, reply, fault)
        await hub.commit()
        return await _sent(request, reply, fault)

    return view


def _facts(request: web.Request, form: MultiDictProxy[str], operation: str) -> dict[str, str]:
    return {
        "to": form.get("To", request.query.get("To", "")),
        "from": form.get("From", request.query.get("From", "")),
        "account": request.match_info.get("account", ""),
        "operation": operation,
    }


async def _answer(hub: Hub, request: web.Request, form: MultiDictProxy[str], handler: Handler) -> Reply:
    try:
        account, key = _credential(hub, request)
        hub.in_flight[account.sid] += 1
        try:
            reply = await handler(Call(hub, request, account, key, form))
            reply.headers["Twilio-Concurrent-Requests"] = str(hub.in_flight[account.sid])
            return reply
        finally:
            hub.in_flight[account.sid] -= 1
    except Problem as problem:
        return Reply(problem.status, problem.body(), code=problem.code)


def _credential(hub: Hub, request: web.Request) -> tuple[Account, Key | None]:
    user, password = _basic(request.headers.get("Authorization", ""))
    in_path = request.match_info.get("account", "")
    for sid in {user, in_path}:
        if sid.startswith("AC") and (not sid.startswith(ACCOUNT_PREFIX) or sid not in hub.world.accounts):
            hub.record("foreign_sid", sid=sid, path=request.path)
            raise Problem(20003)
    key = hub.world.keys.get(user)
    account = hub.world.accounts.get(key.account_sid if key else user)
    if account is None:
        raise Problem(20003)
    region = region_of(request.match_info.get("host", ""))
    wanted = account.tokens_at(region) if key is None else [key.secret] if key.region == region else []
    if not any(hmac.compare_digest(w.encode(), password.encode()) for w in wanted):
        raise Problem(20003)
    return _acted_on(hub, account, key, in_path), key


def _acted_on(hub: Hub, account: Account, key: Key | None, in_path: str) -> Account:
    """Return the account of the path: the credential's own or, for a parent, one of its sub-accounts."""
    if not in_path or in_path == account.sid:
        return account
    child = hub.world.accounts.get(in_path)
    if child is None or child.owner_sid != account.sid or (key is not None and key.kind != "main"):
        raise Problem(20003)
    return child


def region_of(host: str) -> str:
    """Return the region of a host such as api.dublin.ie1.twilio.com; without one it is us1."""
    labels = host.split(".")
    return labels[2] if len(labels) == 5 else "us1"


def _basic(header: str) -> tuple[str, str]:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = b64decode(rest, validate=True).decode().partition(":")
    except (Base64Error, UnicodeDecodeError):
        return "", ""
    return user, password


def _instead(fault: Fault) -> Reply:
    if fault.kind == "http_502_html":
        page = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
        return Reply(502, headers={"Content-Type": "text/html"}, content=page)
    if fault.kind == "reset_before":
        return Reply(0)
    code = {"http_429": 20429, "http_500_before": 20500}.get(fault.kind, fault.code or 20001)
    problem = Problem(code, status=fault.status)
    headers = {}
    if fault.kind == "http_429" and fault.seconds is not None:
        headers["Retry-After"] = str(round(fault.seconds))
    return Reply(problem.status, problem.body(), headers=headers, code=code)


def _note(
    hub: Hub,
    request: web.Request,
    form: MultiDictProxy[str],
    operation: str,
    reply: Reply,
    fault: Fault | None,
) -> None:
    hub.record(
        "request",
        method=request.method,
        path=request.path,
        operation=operation,
        status=reply.status,
        code=reply.code,
        sid=reply.sid,
        fault=fault.kind if fault else None,
        unknown_parameters=unknown(operation, request.method, [*form, *request.query]),
        **(_whole(request, form, reply) if hub.settings.record else {}),
    )


def _whole(request: web.Request, form: MultiDictProxy[str], reply: Reply) -> dict[str, Any]:
    return {
        "content_type": request.headers.get("Content-Type", ""),
        "query": list(request.query.items()),
        "form": list(form.items()),
        "answer": reply.payload,
    }


async def _sent(request: web.Request, reply: Reply, fault: Fault | None) -> web.StreamResponse:
    kind = fault.kind if fault else ""
    if fault and kind == "timeout_after_accept":
        await asyncio.sleep(fault.seconds if fault.seconds is not None else DEFAULT_SILENCE)
    if kind in {"reset_before", "reset_after_accept", "timeout_after_accept"}:
        _reset(request)
    if kind == "http_500_after_accept":
        return Reply(500, Problem(20500).body()).response()
    if kind == "bad_json":
        whole = json.dumps(reply.payload).encode()
        return Reply(
            reply.status, headers={"Content-Type": "application/json"}, content=whole[: len(whole) // 2]
        ).response()
    return Reply(500).response() if reply.status == 0 else reply.response()


def _reset(request: web.Request) -> None:
    """Cut the connection so that the caller sees a reset, not an end."""
    transport = request.transport
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
