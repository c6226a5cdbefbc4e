"""The row of a rotation: which step was begun, who may go on, why one was not done."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from sms.models import RotationStep, TokenRotation
from sms.twilio.errors import TwilioProblem
from tenants import clock

# Longer than a call lasts: who has not answered by then has died.
IN_FLIGHT_SECONDS = 20.0
# Begun, these must be settled before anything else is tried.
_DECISIVE = (RotationStep.PROMOTED, RotationStep.GIVEN_UP)


class RotationRefused(Exception):
    """The step was not done; the text says why and what to do."""


def busy() -> str:
    """Say that somebody else is just asking Twilio."""
    return _("Somebody is at this step just now. Reload the page in a moment.")


def is_asking(rotation: TokenRotation) -> bool:
    """Whether somebody is most likely just asking Twilio."""
    since = clock.now() - timedelta(seconds=IN_FLIGHT_SECONDS * settings.TIME_SCALE)
    return bool(rotation.begun) and not rotation.problem and rotation.changed_at > since


def begin(rotation: TokenRotation, target: RotationStep, among: tuple[RotationStep, ...]) -> None:
    """Say on the row, committed, what Twilio is asked for next; only one at a time gets past.

    Raises:
        RotationRefused: somebody else is at it, or it is not this step's turn.
    """
    if rotation.begun in _DECISIVE and target not in _DECISIVE:
        raise RotationRefused(_("Another step was begun and its outcome is not known yet. Finish that one first."))
    now = clock.now()
    quiet = now - timedelta(seconds=IN_FLIGHT_SECONDS * settings.TIME_SCALE)
    free = Q(begun="") | ~Q(problem="") | Q(changed_at__lte=quiet)
    row = TokenRotation.objects.filter(free, pk=rotation.pk, step__in=among, finished_at=None)
    if not row.update(begun=target, problem="", changed_at=now):
        rotation.refresh_from_db(fields=["step", "begun", "problem", "changed_at", "finished_at"])
        raise RotationRefused(busy() if is_asking(rotation) else _("This step is done, or not yet due. Go on below."))
    rotation.begun, rotation.problem, rotation.changed_at = target, "", now


def write(rotation: TokenRotation, **changes: Any) -> bool:
    """Change the row, unless somebody else has taken over meanwhile."""
    mine = TokenRotation.objects.filter(
        pk=rotation.pk, begun=rotation.begun, changed_at=rotation.changed_at, finished_at=None
    )
    if not mine.update(**changes):
        return False
    for name, value in changes.items():
        setattr(rotation, name, value)
    return True


def advance(rotation: TokenRotation, step: RotationStep, **more: Any) -> None:
    """Say that a step is done."""
    if not write(rotation, step=step, begun="", problem="", changed_at=clock.now(), **more):
        raise RotationRefused(busy())


@contextmanager
def noted(rotation: TokenRotation, *, keeps: type[TwilioProblem] | tuple[()] = ()) -> Iterator[None]:
    """Keep why a step was not done. After a problem of the kind `keeps`, Twilio may have done it: it stays begun."""
    try:
        yield
    except (RotationRefused, TwilioProblem) as problem:
        changes = {"problem": str(problem)[:250]}
        write(rotation, **changes if isinstance(problem, keeps) else {**changes, "begun": ""})
        raise
