"""Whether the portal can do its work: database, broker, sweep, queues, oldest waiting text; in words, with advice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import redis
from django.conf import settings
from django.utils.translation import gettext as _

from sms import canaries, restored
from sms.models import Message
from sms.webhooks import spool
from tenants import clock
from tenants.models import PeriodicRun, SystemState

_SWEEP_LATE_SECONDS = 60
# Longer than a task may take: with every worker busy a queue still gets its turn within that.
_QUEUE_LATE_SECONDS = 120
_RECEIVED_LATE_SECONDS = 120
_SPOOL_LATE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the portal; `advice` stands only beside what is not well."""

    name: str
    label: str
    text: str
    advice: str = ""
    age: int | None = None
    well: bool = True
    # Who did it: for system administrators only.
    detail: str = ""


def parts() -> list[Part]:
    """Look at every part; raises what the database raises when it is away.

    Only the broker is asked over the network, briefly: everything else stands in the database.
    """
    clock.sync()
    now = clock.now()
    return [
        Part("database", _("Database"), _("Answers")),
        _broker(),
        *_workers(now),
        _sending(),
        _waiting(now),
        _spool(),
    ]


def alarms() -> int:
    """Count what is not well of what one question tells, for a menu that must be quick; a stop has its own banner."""
    return sum(not part.well for part in _workers(clock.now()))


def report() -> dict[str, Any]:
    """Return the state of the parts, as `/readyz` shows it; ages are in seconds, and no tenant or person is named."""
    found = {part.name: part for part in parts()}
    queues = {name: found[f"queue.{name}"] for name in canaries.QUEUES}
    return {
        "ready": True,
        "database": "ok",
        "broker": _said(found["broker"]),
        "sweep": _said(found["sweep"]),
        "sweep_age": found["sweep"].age,
        "queues": {name: {"state": _said(part), "age": part.age} for name, part in queues.items()},
        "sending": _said(found["sending"]),
        "oldest_due_age": found["waiting"].age,
        "spool": spooled(),
        "problems": [f"{part.label}: {_said(part)}" for part in found.values() if not part.well],
    }


def spooled() -> dict[str, Any]:
    """Return what this host keeps on disk for the database, which need not answer."""
    kept, part = spool.state(), _spool()
    counts = {"files": kept.files, "bytes": kept.bytes, "rejected": kept.rejected, "poison": kept.poison}
    return {"state": _said(part), "oldest_age": part.age, **counts}


def _said(part: Part) -> str:
    return "ok" if part.well else f"{part.text}. {part.advice}"


def _workers(now: datetime) -> Iterator[Part]:
    """Say when the sweep last ran, and when something was last taken from each queue."""
    sweep, taken = "sms.leases", {canaries.name_of(queue): queue for queue in canaries.QUEUES}
    runs = dict(PeriodicRun.objects.filter(name__in=[sweep, *taken]).values_list("name", "last_run"))
    yield _sweep(_age(runs.get(sweep), now))
    for name, queue in taken.items():
        yield _queue(queue, _age(runs.get(name), now))


def _broker() -> Part:
    label = _("Broker")
    with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.3, socket_timeout=0.3) as server:
        try:
            server.ping()
        except redis.RedisError:
            advice = _("Texts are taken and wait. Start Redis, or work them off with manage.py drain")
            return Part("broker", label, _("Not reachable"), advice, well=False)
    return Part("broker", label, _("Answers"))


def _spool() -> Part:
    """Say what this host keeps on disk for the database."""
    label, kept = _("Spool"), spool.state()
    if spool.problem():
        advice = _("Texts would be lost with the database: set VAR_DIR to a folder that may be written to")
        return Part("spool", label, _("Cannot be written to"), advice, well=False)
    if kept.poison:
        text = _("%d requests could not be stored and are set aside") % kept.poison
        advice = _("Look for sms.spool.failed in the log; they are in the folder poison")
        return Part("spool", label, text, advice, well=False)
    age = None if kept.oldest_age is None else int(kept.oldest_age)
    if age is not None and age > _SPOOL_LATE_SECONDS:
        text = _("%(files)d requests wait, the oldest for %(age)d s") % {"files": kept.files, "age": age}
        return Part("spool", label, text, _("Is manage.py spool running on this host?"), age, well=False)
    return Part("spool", label, _("Empty") if age is None else _("%d requests wait") % kept.files, age=age)


def _sweep(age: int | None) -> Part:
    if age is not None and age <= _SWEEP_LATE_SECONDS:
        return Part("sweep", _("Sweep"), _("Runs"), age=age)
    text = _("Has never run") if age is None else _("Late: last ran %d s ago") % age
    return Part("sweep", _("Sweep"), text, _("Are beat and a worker of the queue maint running?"), age, well=False)


def _queue(queue: str, age: int | None) -> Part:
    name, label = f"queue.{queue}", _("Queue %s") % queue
    if age is not None and age <= _QUEUE_LATE_SECONDS:
        return Part(name, label, _("Consumed"), age=age)
    text = _("Not consumed") if age is None else _("Not consumed for %d s") % age
    advice = _("Restart the worker; it must be started with --queues %s") % ",".join(canaries.QUEUES)
    return Part(name, label, text, advice, age, well=False)


def _sending() -> Part:
    state = SystemState.objects.filter(sending_stopped_at__isnull=False).first()
    if state is None:
        return Part("sending", _("Sending"), _("On"))
    advice = _("Nothing is sent, for no tenant, until a system administrator lets it go on")
    if left := restored.looked_for():
        advice = _("%(count)d texts of the restored database are looked for at Twilio. %(advice)s") % {
            "count": left,
            "advice": advice,
        }
    by = _("Stopped by %s") % state.sending_stopped_by
    return Part("sending", _("Sending"), _("Stopped by hand"), advice, well=False, detail=by)


def _waiting(now: datetime) -> Part:
    """Say how long the oldest text has waited; what was received waits for nobody, what is to be sent may be held."""
    ages = {state: _oldest(state, now) for state in ("received", "queued")}
    age = max((age for age in ages.values() if age is not None), default=None)
    label = _("Oldest waiting text")
    if (ages["received"] or 0) > _RECEIVED_LATE_SECONDS:
        advice = _("Look at the queue inbound, and in the log for sms.inbound.failed")
        return Part("waiting", label, _("A received text is not processed"), advice, age, well=False)
    return Part("waiting", label, _("Nothing waits") if age is None else _("Waits since then"), age=age)


def _oldest(state: str, now: datetime) -> int | None:
    due = Message.objects.filter(state=state, due_at__lte=now).order_by("due_at", "id")
    return _age(due.values_list("due_at", flat=True).first(), now)


def _age(moment: datetime | None, now: datetime) -> int | None:
    return int((now - moment).total_seconds()) if moment else None
