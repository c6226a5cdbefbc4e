"""How long a request waits for the database: webhooks briefly, since Twilio asks again, all others patiently."""

from django.db import connection

# Milliseconds. Settings of the session: a pooler between us and PostgreSQL must pool by session.
_BRIEF = {
    "sqlite": ["PRAGMA busy_timeout = 1500"],
    "postgresql": ["SET statement_timeout = 1000", "SET lock_timeout = 500"],
}
_PATIENT = {
    "sqlite": ["PRAGMA busy_timeout = 20000"],
    "postgresql": ["SET statement_timeout = DEFAULT", "SET lock_timeout = DEFAULT"],
}


def wait_briefly() -> None:
    """Let this thread's connection give up soon; costs a statement only when it was patient before."""
    if connection.in_atomic_block:
        return
    # What the next statement would do anyway; a connection made only then would not know.
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    if _brief() is not connection.connection:
        _say(_BRIEF[connection.vendor])
        connection._brief = connection.connection  # type: ignore[attr-defined]


def wait_patiently() -> None:
    """Let this thread's connection wait as long as the settings allow again."""
    if _brief() is None or connection.in_atomic_block:
        return
    if _brief() is connection.connection:
        _say(_PATIENT[connection.vendor])
    connection._brief = None  # type: ignore[attr-defined]


def _brief() -> object:
    """Return the connection to the server that was told to be brief."""
    return getattr(connection, "_brief", None)


def _say(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
