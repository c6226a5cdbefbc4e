"""How long a request waits for the database: webhooks briefly, since Twilio asks again, all others patiently."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from tenants import deadline

# A webhook is answered within 2 s of its first byte; what is not stored by then goes to the spool.
_BRIEF_SECONDS = 1.2
# For each statement of a page: well below Twilio's 15 s, since pages and webhooks share the web server's threads.
_PATIENT_SECONDS = 10.0
_REMEMBERED_SECONDS = 5.0
# Settings of the session, in one round trip: a pooler between us and PostgreSQL must pool by session.
_BRIEF = {
    "sqlite": "PRAGMA busy_timeout = 1500",
    "postgresql": "SET statement_timeout = 1000; SET lock_timeout = 500",
}
_PATIENT = {
    "sqlite": "PRAGMA busy_timeout = 20000",
    "postgresql": "SET statement_timeout = DEFAULT; SET lock_timeout = DEFAULT",
}


@contextmanager
def briefly() -> Iterator[None]:
    """Give all that follows a second together, connecting included."""
    with deadline.all_within(_BRIEF_SECONDS):
        yield


def tell_server() -> None:
    """Have the server give up soon as well; costs a statement only when the connection was patient before."""
    if connection.in_atomic_block:
        return
    # The statement itself shows whether the connection still works: the caller tries a lost one again.
    connection.health_check_done = True  # type: ignore[attr-defined]
    connection.ensure_connection()
    if _brief() is not connection.connection:
        _say(_BRIEF[connection.vendor])
        connection._brief = connection.connection  # type: ignore[attr-defined]


@contextmanager
def patiently() -> Iterator[None]:
    """Let a page wait as long as the settings allow, within reason for each statement.

    Not while the server is frozen: the pages of a busy portal would then hold every thread, and webhooks got none.
    """
    is_frozen = deadline.missed_lately(_REMEMBERED_SECONDS)
    with deadline.each_within(_BRIEF_SECONDS if is_frozen else _PATIENT_SECONDS):
        wait_patiently()
        yield


def wait_patiently() -> None:
    """Let the server take its time again; costs a statement only when it was told to be brief."""
    if _brief() is None or connection.in_atomic_block:
        return
    if _brief() is connection.connection:
        _say(_PATIENT[connection.vendor])
    connection._brief = None  # type: ignore[attr-defined]


def _brief() -> object:
    """Return the connection to the server that was told to be brief."""
    return getattr(connection, "_brief", None)


def _say(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
