"""Control calls for faults, settings, the journal and the state as a whole."""

from dataclasses import asdict
from typing import Any

from aiohttp import web

from sms.sandbox import control_accounts, shapes
from sms.sandbox.control import Body, Refusal, answer
from sms.sandbox.faults import BadFault
from sms.sandbox.hub import Hub

NEWEST_ALERTS = 100
LONGEST_READ = 10_000


async def state(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Show everything at a glance."""
    world = hub.world
    inbound = sum(m.is_inbound for m in world.messages.values())
    return answer(
        {
            "accounts": [control_accounts.shown(hub, a) for a in world.accounts.values()],
            "counts": {
                "messages": len(world.messages),
                "inbound": inbound,
                "outbound": len(world.messages) - inbound,
                "callbacks": world.callbacks,
            },
            "opt_outs": [dict(zip(("account", "ours", "theirs"), o, strict=True)) for o in sorted(world.opt_outs)],
            "alerts": [shapes.alert(a) for a in reversed(world.alerts[-NEWEST_ALERTS:])],
            "faults": _faults(hub),
            "settings": _settings(hub),
            "pending": hub.pending,
        }
    )


async def journal(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Read the journal from a place on."""
    await hub.commit()
    query = request.query
    kinds = frozenset(filter(None, query.get("kind", "").split(",")))
    limit = min(int(query.get("limit", 1000)), LONGEST_READ)
    entries = hub.journal.read(max(int(query.get("after", 0)), 0), limit, kinds)
    return answer({"entries": entries, "last": hub.journal.last})


async def add_fault(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Order a fault."""
    try:
        fault = hub.faults.add(body)
    except BadFault as error:
        raise Refusal(400, str(error)) from None
    hub.record("fault.added", fault=fault.shown())
    return answer(fault.shown(), 201)


async def list_faults(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Show the faults in force."""
    return answer({"faults": _faults(hub)})


async def clear_faults(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """End all faults."""
    hub.record("fault.deleted", fault="all")
    hub.faults.clear()
    return web.Response(status=204)


async def delete_fault(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """End one fault."""
    fault_id = request.match_info["fault"]
    if not hub.faults.remove(fault_id):
        raise Refusal(404, "There is no such fault.")
    hub.record("fault.deleted", fault=fault_id)
    return web.Response(status=204)


async def show_settings(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Show the settings."""
    return answer(_settings(hub))


async def change_settings(hub: Hub, request: web.Request, body: Body) -> web.Response:
    """Change pace, seed, routes, or how much is recorded."""
    if "step_seconds" in body:
        hub.settings.step_seconds = max(float(body["step_seconds"]), 0.0)
    if "record" in body:
        hub.settings.record = bool(body["record"])
    if "seed" in body:
        hub.faults.reseed(int(body["seed"]))
    if "routes" in body:
        hub.settings.routes = {str(public): str(local) for public, local in body["routes"].items()}
    return answer(_settings(hub))


def _faults(hub: Hub) -> list[dict[str, Any]]:
    return [fault.shown() for fault in hub.faults.active.values()]


def _settings(hub: Hub) -> dict[str, Any]:
    return {**asdict(hub.settings), "seed": hub.faults.seed}
