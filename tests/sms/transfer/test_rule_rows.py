"""Whole rules as rows: whatever a rule holds, its row reads back as the same rule, by way of the bytes of a table."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sms.transfer import conditions, rules, tables
from tests.sms.transfer.test_cells import TIMED, WEEKS

# Signs that tables, cells and spreadsheets treat in a way of their own.
TEXTS = st.text("aé;\"'@=+-,[]:(){}\\ \t\n", min_size=1, max_size=12).filter(lambda text: text.strip() == text)
NUMBERS = st.lists(st.integers(2025550100, 2025550199).map(lambda n: f"+1{n}"), min_size=1, max_size=4, unique=True)


def one(kind: str, **fields: Any) -> Any:
    return st.fixed_dictionaries({"kind": st.just(kind), **fields})


INBOUND = st.one_of(
    one("trunk", label=TEXTS),
    one("number", numbers=NUMBERS.map(sorted)),
    st.just({"kind": "range", "first": "+12025550101", "last": "+12025550109"}),
    one("country", countries=st.just(["US", "FR"])),
    one("starts_with", text=TEXTS),
    one("contains", text=TEXTS),
    one("pattern", pattern=st.sampled_from(["a+", "=x", "[;]"]), case=st.booleans()),
    one("has_media", value=st.booleans()),
    one("media_kind", kinds=st.just(["image", "audio"])),
    one("conversation", state=st.sampled_from(["first", "known", "unassigned", "assigned"])),
    one("time", period=st.sampled_from(["open", "closed", "holiday"])),
    one("time", moment=st.just({"weekdays": [5, 6], "hours": ["08:00", "12:00"]})),
)
OUTBOUND = st.one_of(
    one("all"),
    one("prefix", prefixes=st.just(["1", "44"])),
    one("length", lengths=st.lists(st.integers(1, 15), min_size=1, max_size=4)),
    one("groups", labels=st.lists(TEXTS, min_size=1, max_size=3)),
    one("message_kind", value=st.sampled_from(["sms", "mms"])),
    one("time", period=st.sampled_from(["open", "closed", "holiday"])),
)
TARGETS = st.builds(
    lambda place, time: {**place, **time},
    st.one_of(
        one("member", label=TEXTS),
        one("group", label=TEXTS),
        one("email", address=TEXTS),
        one("auto_reply", text=TEXTS),
        one("forward", number=st.just("+12025550101")),
        one("drop", reason=TEXTS),
        one("hold"),
    ),
    TIMED,
)
ROUTES = st.fixed_dictionaries(
    {
        "label": TEXTS,
        "strip": st.integers(0, 9),
        "prepend": st.sampled_from(["", "44", "+1"]),
        "sender": st.sampled_from(["", "+12025550101", "Acme Ltd"]),
        "enabled": st.booleans(),
        "weight": st.integers(1, 1000),
    }
)
WEEK = st.one_of(st.none(), WEEKS)


def there_and_back(kind: str, record: dict[str, Any]) -> dict[str, Any]:
    columns = list(rules.COLUMNS[kind])
    [row] = tables.read(tables.write(columns, [rules.to_row(kind, record)]), columns).rows
    found, problems = rules.from_row(kind, row, "US")
    assert problems == []
    return found


@settings(max_examples=200)
@given(
    name=TEXTS,
    enabled=st.booleans(),
    asked=st.lists(INBOUND, max_size=5),
    ends=st.lists(TARGETS, max_size=4),
    week=WEEK,
)
def test_an_inbound_rule_reads_back_as_it_was(name: str, enabled: bool, asked: Any, ends: Any, week: Any) -> None:
    record = {
        "name": name,
        "enabled": enabled,
        "applies": "messages",
        "hours": week,
        "holidays": [{"name": "Christmas", "start": "2026-12-24", "end": "2026-12-26", "yearly": True}],
        "conditions": conditions.in_order("inbound", asked),
        "targets": ends,
    }
    assert there_and_back("inbound", record) == record


@settings(max_examples=200)
@given(TEXTS, TEXTS, st.lists(OUTBOUND, max_size=5), st.lists(ROUTES, max_size=4), WEEK)
def test_an_outbound_rule_reads_back_as_it_was(name: str, reason: str, asked: Any, routes: Any, week: Any) -> None:
    record = {
        "name": name,
        "enabled": True,
        "priority": 7,
        "action": "hold",
        "reason": reason,
        "strategy": "random",
        "when_closed": "block",
        "hours": week,
        "sticky": True,
        "area_match": False,
        "conditions": conditions.in_order("outbound", asked),
        "routes": routes,
    }
    assert there_and_back("outbound", record) == record
