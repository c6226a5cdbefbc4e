"""Go on where a change of an Auth Token was cut off, and drop former tokens whose time is over."""

import logging
from collections.abc import Callable

from django.conf import settings

from sms.models import RotationStep, TokenRotation
from sms.rotating import flow, marking
from sms.twilio.errors import TwilioProblem
from sms.webhooks import spool
from tenants import audit, clock

log = logging.getLogger(__name__)

# After the first webhook signed with the new token, those signed with the former one have so long to arrive: Twilio
# tries for 15 seconds.
_GRACE_SECONDS = 60.0
_MOST = 50


def work(should_stop: Callable[[], bool] = lambda: False) -> int:
    """Settle what was begun and nobody follows up; finish what has been seen at work. Returns how many came to an end.

    What was only to be created is left to the person who is at it.
    """
    done = 0
    for rotation in [*_cut_off(), *_seen()]:
        if should_stop():
            break
        try:
            done += _go_on(rotation)
        except (marking.RotationRefused, TwilioProblem) as problem:
            log.warning("sms.rotation.waits account=%s: %s", rotation.account_id.hex, problem)
    return done


def _cut_off() -> list[TokenRotation]:
    quiet = clock.in_seconds(-marking.IN_FLIGHT_SECONDS * settings.TIME_SCALE)
    begun = (RotationStep.PROMOTED, RotationStep.GIVEN_UP)
    rows = TokenRotation.objects.filter(finished_at=None, begun__in=begun, changed_at__lte=quiet)
    return list(rows.select_related("account").order_by("changed_at")[:_MOST])


def _seen() -> list[TokenRotation]:
    """Return what may end; not while requests are kept on disk that came when the former token still signed."""
    before = clock.in_seconds(-_GRACE_SECONDS * settings.TIME_SCALE)
    rows = TokenRotation.objects.filter(finished_at=None, step=RotationStep.PROMOTED, seen_at__lte=before)
    found = list(rows.select_related("account").order_by("seen_at")[:_MOST])
    oldest = spool.state().oldest_age if found else None
    if oldest is None:
        return found
    kept_since = clock.in_seconds(-oldest - _GRACE_SECONDS * settings.TIME_SCALE)
    return [rotation for rotation in found if rotation.seen_at is not None and rotation.seen_at < kept_since]


def _go_on(rotation: TokenRotation) -> bool:
    if rotation.step != RotationStep.PROMOTED:
        return flow.settle(rotation)
    flow.drop(audit.PORTAL, rotation.account)
    return True
