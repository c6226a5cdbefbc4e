"""Whether the portal may start: its keys are sound, they open what the database holds, and texts can be kept."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from portal import resealing
from sms.webhooks import spool
from tenants import secrets


def problem() -> str:
    """Return in a sentence why the portal must not start; nothing when it may."""
    return secrets.ring_problem() or spool.problem() or _sealed_problem()


def refuse_if_unfit() -> None:
    """Stop a program of the portal that could not do its work.

    Raises:
        ImproperlyConfigured: the text says what to do.
    """
    if text := problem():
        raise ImproperlyConfigured(text)


def _sealed_problem() -> str:
    """Look into the database; one that is away or still empty is no reason not to start."""
    try:
        return resealing.unopened()
    except DatabaseError:
        return ""
    finally:
        # Asked before servers fork: no child may inherit the connection.
        if not connection.in_atomic_block:
            connection.close()


@register(Tags.security)
def check_ring(**kwargs: Any) -> list[CheckMessage]:
    """Say in `manage.py check` what is wrong with the keys."""
    text = secrets.ring_problem()
    return [Error(text, id="portal.E001")] if text else []


@register(Tags.database)
def check_sealed(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Say in `manage.py check --database default` and before migrating that secrets cannot be opened."""
    text = _sealed_problem() if databases and not secrets.ring_problem() else ""
    return [Error(text, id="portal.E002")] if text else []
