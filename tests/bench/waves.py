"""Thousands of outbound texts in seconds: real ones, ordered through the portal, are copied inside PostgreSQL."""

from collections.abc import Mapping

from tests.bench.databases import Database

# Ids as the portal makes them: ordered by time.
_ID = (
    "(lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint + n / 4096), 12, '0') || '7' "
    "|| lpad(to_hex(mod(n, 4096)), 3, '0') || '8' || substr(md5(random()::text || n), 1, 15))::uuid"
)
_TEXT = {
    "id": "wave.message",
    "conversation_id": "wave.conversation",
    "their_address": "wave.theirs",
    "created_at": "now()",
    "occurred_at": "now()",
    "source": "'api'",
}
_FRESH = _TEXT | {"state": "'queued'", "due_at": "now()", "expires_at": "now() + interval '10 hours'"}
_SID = "'SM' || replace(wave.message::text, '-', '')"
_TAKEN = _TEXT | {"due_at": "now() + interval '10 minutes'", "provider_sid": _SID}
_ATTEMPT = {"id": "wave.attempt", "message_id": "wave.message", "provider_sid": _SID, "created_at": "now()"}
_CONVERSATION = {"id": "wave.conversation", "their_address": "wave.theirs"}


def queue(database: Database, count: int) -> None:
    """Queue so many texts, evenly for all tenants of the scene, each to a number of its own."""
    _choose(database, count)
    _copy(database, "sms_message", _FRESH, "t.id = wave.sample")
    database.query("ANALYZE")


def take(database: Database, count: int) -> None:
    """Make so many texts that Twilio has taken and about which it has reported nothing yet."""
    _choose(database, count)
    _copy(database, "sms_message", _TAKEN, "t.id = wave.sample")
    _copy(database, "sms_attempt", _ATTEMPT, "t.message_id = wave.sample")
    database.query("ANALYZE")


def _choose(database: Database, count: int) -> None:
    database.query("DROP TABLE IF EXISTS wave")
    database.query("CREATE SEQUENCE IF NOT EXISTS their_numbers")
    database.query(
        f"CREATE TABLE wave AS SELECT {_ID} AS message, {_ID} AS conversation, {_ID} AS attempt, "  # noqa: S608 (ours)
        "'+1303' || lpad(nextval('their_numbers')::text, 7, '0') AS theirs, sample.id AS sample "
        "FROM generate_series(1, %s::int) AS n JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place, "
        "count(*) OVER () AS all_of_them FROM sms_message WHERE source = 'sample') AS sample "
        "ON mod(n, sample.all_of_them::int) + 1 = sample.place",
        count,
    )
    _copy(database, "sms_conversation", _CONVERSATION, "sms_message.id = wave.sample AND t.id = conversation_id")


def _copy(database: Database, table: str, given: Mapping[str, str], joined: str) -> None:
    columns = [
        str(name)
        for (name,) in database.query(
            "SELECT column_name::text FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'",
            table,
        )
    ]
    values = ", ".join(given.get(column, f't."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    other = ", sms_message" if "sms_message." in joined else ""
    database.query(f"INSERT INTO {table} ({names}) SELECT {values} FROM wave, {table} AS t{other} WHERE {joined}")  # noqa: S608


def outcome(database: Database) -> tuple[int, int, float]:
    """Return how many texts of the last wave were accepted, with how many SIDs, and when the last was committed."""
    rows = database.query(
        "SELECT count(*) FILTER (WHERE m.state = 'accepted'), count(DISTINCT m.provider_sid) FILTER "
        "(WHERE m.provider_sid <> ''), coalesce(extract(epoch from max(pg_xact_commit_timestamp(m.xmin))), 0)::float "
        "FROM sms_message m JOIN wave ON m.id = wave.message"
    )
    return int(rows[0][0]), int(rows[0][1]), float(rows[0][2])
