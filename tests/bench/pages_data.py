"""Fill a PostgreSQL database with the texts of a thousand very uneven tenants. Run inside the portal's settings:

python -m tests.bench.pages_data <texts in all> <texts of the tenant that is measured> <tenants>
"""

import json
import sys
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate
from typing import Any

import django

DAYS, COUNTED_DAYS = 60, 31
# How quickly tenants get smaller: of five million texts the largest has 320,000, the smallest 1,300.
_STEEPNESS = 0.8
MEASURED, LARGEST = "measured", "largest"
RARE_WORD, WORD = "heliotrope", "invoice"

# One text: `g` counts up with the time, `n` is its tenant, `c` the conversation, `r` decides what became of it. `v`
# varies what it says in every tenant alike, also where a tenant has every thousandth text.
_TEXTS = """
SELECT t.*, place.tenant, place.configuration, place.ours,
       '+1' || 2000000000 + (t.n::bigint * 1000003 + t.c::bigint * 7907) %% 7999999999 AS theirs
FROM (
    SELECT d.g, d.n, d.r, d.g + d.g / %(every)s AS v, floor(d.s * greatest(1, d.size / 20))::int AS c,
           %(start)s::timestamptz + d.g * (%(span)s::interval / %(total)s) AS at
    FROM (
        SELECT b.g, b.n, b.r, b.s, p.size
        FROM (
            SELECT g, random() AS r, random() AS s,
                   CASE WHEN g %% %(every)s = 0 THEN 0 ELSE width_bucket(random(), %(shares)s::float8[]) + 1 END AS n
            FROM generate_series(1, %(total)s) AS g
        ) AS b JOIN place AS p USING (n)
    ) AS d
) AS t JOIN place USING (n)
"""
_HEX = "lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')"
_COLUMNS = {
    "id": f"({_HEX} || '7' || substr(md5(g::text), 1, 3) || '8' || substr(md5(g::text), 4, 15))::uuid",
    "created_at": "at",
    "occurred_at": "at",
    "tenant_id": "tenant",
    "configuration_id": "configuration",
    "conversation_id": "md5(n || ':' || c)::uuid",
    "direction": "CASE WHEN v % 5 < 2 THEN 'in' ELSE 'out' END",
    "our_address": "ours",
    "their_address": "theirs",
    "body": (
        "(ARRAY['Your order', 'The delivery', 'Our appointment', 'The parcel', 'Your table'])[1 + v % 5] || ' ' || g "
        "|| (ARRAY[' is ready', ' was moved', ' comes later', ' is confirmed'])[1 + v % 4] || ' for '"
        "|| (ARRAY['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'the weekend'])[1 + v % 6]"
        f"|| CASE WHEN v % 50 = 3 THEN ', see {WORD}' WHEN v % 20011 = 7 THEN ', {RARE_WORD}' ELSE ', thank you' END"
    ),
    "state": "CASE WHEN v % 5 < 2 THEN (CASE WHEN r < 0.002 THEN 'unrouted' ELSE 'routed' END) "
    "WHEN r < 0.001 THEN 'unknown' WHEN r < 0.003 THEN 'canceled' WHEN r < 0.01 THEN 'rejected' ELSE 'accepted' END",
    "provider_status": "CASE WHEN v % 5 < 2 OR r < 0.01 THEN '' WHEN r < 0.04 THEN 'undelivered' ELSE 'delivered' END",
    "account_sid": "'AC' || md5(n::text)",
    "provider_sid": "'SM' || md5(g::text)",
    "due_at": "NULL",
}


def fill(total: int, measured: int, tenants: int) -> dict[str, Any]:
    """Make the tenants, their texts in the order of time, their conversations and counted days."""
    from django.db import connection

    from sms.models import Conversation, Message

    sizes = _sizes(total, measured, tenants)
    with connection.cursor() as cursor:
        cursor.execute(
            "SET session_replication_role = replica; SET maintenance_work_mem = '512MB'; SELECT setseed(0.4)"
        )
        _make_places(cursor, sizes)
        span = {"total": total, "start": _now() - timedelta(days=DAYS), "span": f"{DAYS} days"}
        shares = list(accumulate(size / (total - measured) for size in sizes[1:-1]))
        indexes = _drop_indexes(cursor, "sms_message")
        _insert(cursor, Message, _COLUMNS, _TEXTS, **span, every=max(1, total // measured), shares=shares)
        for statement in indexes:
            cursor.execute(statement)
        _insert(cursor, Conversation, _CONVERSATION, _CONVERSATIONS, **span)
        cursor.execute("SET session_replication_role = origin")
    _count()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(
            "SELECT tenants_tenant.slug, count(*) FROM sms_message JOIN tenants_tenant ON tenants_tenant.id = "
            "tenant_id WHERE slug IN (%s, %s) GROUP BY slug",
            [MEASURED, LARGEST],
        )
        return {"texts": total, LARGEST: 0, **dict(cursor.fetchall())}


_CONVERSATIONS = """
SELECT n, c, tenant, ours, '+1' || 2000000000 + (n::bigint * 1000003 + c::bigint * 7907) %% 7999999999 AS theirs,
       %(start)s::timestamptz + random() * %(span)s::interval AS at, %(total)s AS total
FROM place, generate_series(0, greatest(1, size / 20) - 1) AS c
"""
_CONVERSATION = {
    "id": "md5(n || ':' || c)::uuid",
    "created_at": "at",
    "tenant_id": "tenant",
    "our_address": "ours",
    "their_address": "theirs",
    "last_message_at": "at",
    "inbound_count": "8",
    "preview": "'Your order is ready'",
}


def _sizes(total: int, measured: int, tenants: int) -> list[int]:
    """Return how many texts each tenant gets: the measured one first, then the largest and so on down."""
    weights = [number**-_STEEPNESS for number in range(1, tenants)]
    return [measured, *(int((total - measured) * weight / sum(weights)) for weight in weights)]


def _now() -> Any:
    from tenants import clock

    return clock.now()


def _make_places(cursor: Any, sizes: list[int]) -> None:
    """Make the tenants, and the table from which the texts take theirs."""
    from tenants.models import Tenant
    from tests import factories

    names = [MEASURED, LARGEST, *(f"tenant-{number}" for number in range(2, len(sizes)))][: len(sizes)]
    tenants = Tenant.objects.bulk_create(Tenant(name=name, slug=name, country="US") for name in names)
    trunk = factories.make_trunk("Main")
    rows: list[tuple[Any, ...]] = []
    for number, (tenant, size) in enumerate(zip(tenants, sizes, strict=True)):
        configuration = None
        if number < 2:
            factories.make_member(tenant, f"{tenant.slug}@portal.example", "admin")
            configuration = factories.make_configuration(tenant, trunk, factories.make_account(tenant))
        rows.append((number, tenant.id, configuration and configuration.id, f"+1{3000000000 + number}", size))
    cursor.execute("CREATE TEMP TABLE place (n int PRIMARY KEY, tenant uuid, configuration uuid, ours text, size int)")
    cursor.executemany("INSERT INTO place VALUES (%s, %s, %s, %s, %s)", rows)
    cursor.execute("ANALYZE place")


def _insert(cursor: Any, model: Any, columns: dict[str, str], source: str, **parameters: Any) -> None:
    """Insert rows made by the database, with the model's own defaults for every column that is not named."""
    from django.db import connection

    written, values = dict(columns), dict(parameters)
    for field in model._meta.concrete_fields:
        if field.column not in written:
            values[field.column] = field.get_db_prep_save(field.get_default(), connection)
            written[field.column] = f"%({field.column})s"
    expressions = [text if text.startswith("%(") else text.replace("%", "%%") for text in written.values()]
    statement = f"INSERT INTO {model._meta.db_table} ({', '.join(written)}) SELECT {', '.join(expressions)} FROM ({source}) AS made"  # noqa: E501, S608
    cursor.execute(statement, values)


def _drop_indexes(cursor: Any, table: str) -> list[str]:
    """Drop what would slow a mass of rows down; returns the statements that make it again."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s "
        "AND indexname NOT IN (SELECT conname FROM pg_constraint)",
        [table],
    )
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f'DROP INDEX "{name}"')
    return [statement for _, statement in found]


def _count() -> None:
    """Count the days that a dashboard shows, as the portal's own sweep does."""
    from sms.models import UsageProgress
    from sms.showing import counting
    from tenants.models import Tenant

    until = counting.floor(_now())
    first = (until - timedelta(days=COUNTED_DAYS)).date()
    tenants = list(Tenant.objects.values_list("pk", flat=True))
    for day in range(COUNTED_DAYS + 1):
        counting.recount(tenants, first + timedelta(days=day), first + timedelta(days=day))
    UsageProgress.objects.create(since=datetime.combine(first, time(), tzinfo=UTC), until=until)


if __name__ == "__main__":
    django.setup()
    print(json.dumps(fill(*map(int, sys.argv[1:]))))
