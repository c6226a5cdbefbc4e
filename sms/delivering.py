"""Deliveries: place one row per destination; try, fail and give up by leases; try again what a person wants tried."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import ModuleType

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rules import targets
from sms.destinations import (
    Arrival,
    DeliveryFailed,
    DeliverySkipped,
    drop,
    extension,
    forward,
    group,
    hold,
    inbox,
    mail,
    reply,
)
from sms.ids import lease_token
from sms.models import Delivery
from tenants import audit, clock, hints
from tenants.audit import Actor
from tenants.failpoints import failpoint
from tenants.models import Tenant

log = logging.getLogger(__name__)

# One module a destination: `place` inside the deciding transaction, `deliver` outside it.
DESTINATIONS: Mapping[str, ModuleType] = {
    targets.ToMember.kind: inbox,
    targets.ToExtension.kind: extension,
    targets.ToGroup.kind: group,
    targets.ToEmail.kind: mail,
    targets.AutoReply.kind: reply,
    targets.Forward.kind: forward,
    targets.Hold.kind: hold,
    targets.Drop.kind: drop,
}
# What waits for others' servers.
REMOTE = frozenset(kind for kind, module in DESTINATIONS.items() if module.REMOTE)
# What a person can have tried again once it was given up.
REPLAYABLE = frozenset(kind for kind, module in DESTINATIONS.items() if module.REPLAYABLE)
# Longer than any delivery may take, however the clocks of a test run are scaled.
_SHORTEST_LEASE = 30.0
_LEASE_SECONDS = 120.0
_LONGEST_REASON = 250


def place(arrival: Arrival, ends: Sequence[targets.Target], *, first: int = 0) -> None:
    """Write one delivery for each destination of a text, counted from `first`.

    Inboxes are served at once, in the same transaction.
    """
    for position, target in enumerate(ends, first):
        message = arrival.message
        delivery = Delivery(tenant_id=message.tenant_id, message=message, position=position, kind=target.kind)
        DESTINATIONS[target.kind].place(delivery, arrival, target)
        if delivery.state == "delivered":
            delivery.delivered_at = clock.now()
        else:
            hints.hint("deliver")
        delivery.save(force_insert=True)


def title(delivery: Delivery) -> str:
    """Say in words where a text went, or is to go."""
    module = DESTINATIONS.get(delivery.kind)
    return _(module.TITLE) % {"label": delivery.label} if module else delivery.label


def work(should_stop: Callable[[], bool] = lambda: False) -> int:
    """Carry out the deliveries that are due, for half a minute at most; returns how many were tried."""
    from sms.delivery_rounds import Round

    return Round(should_stop).run()


def due(now: datetime) -> QuerySet[Delivery]:
    """Return the deliveries to be tried by then; one that a worker was trying is due when its lease ends."""
    return Delivery.objects.filter(state__in=("pending", "delivering"), due_at__lte=now, delivered_at=None)


def take(delivery: Delivery) -> str:
    """Lease a delivery; returns its token, or nothing when another worker was quicker."""
    token = lease_token()
    lease = max(_SHORTEST_LEASE, _LEASE_SECONDS * settings.TIME_SCALE)
    same = Delivery.objects.filter(pk=delivery.pk, state=delivery.state, due_at=delivery.due_at)
    taken = same.update(state="delivering", lease_token=token, due_at=clock.in_seconds(lease), tries=delivery.tries + 1)
    if not taken:
        return ""
    delivery.tries, delivery.state, delivery.lease_token = delivery.tries + 1, "delivering", token
    if delivery.tries > len(_ladder(delivery)) + 1:
        # Its worker died again and again before it could say so: it must not take another one along.
        settle(delivery, token, DeliveryFailed("The worker stopped while it was trying."))
        return ""
    return token


def attempt(delivery: Delivery) -> Exception | None:
    """Carry a leased delivery out; returns what went wrong."""
    failpoint("deliver.claimed")
    try:
        DESTINATIONS[delivery.kind].deliver(delivery)
    except Exception as error:
        return error
    failpoint("deliver.done")
    return None


def settle(delivery: Delivery, token: str, error: Exception | None) -> None:
    """Note how a try went, if the lease is still ours: delivered, tried again on the ladder, or kept as exhausted."""
    if error is None:
        _note(delivery, token, state="delivered", delivered_at=clock.now(), last_error="")
        return
    if isinstance(error, DeliverySkipped):
        _note(delivery, token, state="skipped", last_error=str(error)[:_LONGEST_REASON])
        return
    if not isinstance(error, DeliveryFailed):
        log.error("sms.delivery.failed delivery=%s", delivery.id.hex, exc_info=error)
        error = DeliveryFailed(type(error).__name__)
    reason, ladder = str(error)[:_LONGEST_REASON], _ladder(delivery)
    if error.permanent or delivery.tries > len(ladder):
        _note(delivery, token, state="exhausted", due_at=clock.now(), last_error=reason)
        return
    wait = ladder[delivery.tries - 1] * settings.TIME_SCALE
    _note(delivery, token, state="pending", due_at=clock.in_seconds(wait), last_error=reason)


def _ladder(delivery: Delivery) -> tuple[int, ...]:
    ladder: tuple[int, ...] = DESTINATIONS[delivery.kind].LADDER
    return ladder


def _note(delivery: Delivery, token: str, **values: object) -> None:
    Delivery.objects.filter(pk=delivery.pk, state="delivering", lease_token=token).update(**values)


def failed(tenant: Tenant) -> QuerySet[Delivery]:
    """Return what could not be delivered and was given up: kept until somebody has it tried again."""
    return tenant.deliveries.filter(state="exhausted")


@transaction.atomic
def replay(actor: Actor, delivery: Delivery) -> bool:
    """Try a failed delivery again from the start of its ladder; False when there is nothing to try any more."""
    done = _again(failed(delivery.tenant).filter(pk=delivery.pk))
    if done:
        changes = {"destination": delivery.label}
        audit.record(actor, "sms.delivery.replayed", delivery.message, changes, tenant=delivery.tenant)
    return bool(done)


@transaction.atomic
def replay_all(actor: Actor, tenant: Tenant, rows: QuerySet[Delivery]) -> int:
    """Try failed deliveries of a tenant again, all at once; returns how many."""
    done = _again(rows.filter(tenant=tenant, state="exhausted"))
    if done:
        audit.record(actor, "sms.deliveries.replayed", None, {"count": done}, tenant=tenant)
    return done


def _again(rows: QuerySet[Delivery]) -> int:
    """Set rows back to be tried now. A reader may still know an earlier try's end: the text may arrive twice."""
    again = rows.filter(kind__in=REPLAYABLE).order_by()
    done = again.update(state="pending", tries=0, due_at=clock.now(), lease_token="")
    if done:
        hints.hint("deliver")
    return done
