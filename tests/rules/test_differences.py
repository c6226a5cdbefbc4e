"""Differences between versions in words: what was added, removed, moved, and each field that changed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.changing import differences
from rules.changing.differences import FieldChange


def rule(key: str, **fields: Any) -> dict[str, Any]:
    usual = {"conditions": [{"kind": "all_numbers"}], "targets": [{"kind": "drop"}]}
    return {"id": key, "name": key.title(), "enabled": True, **usual, **fields}


def document(*rules: dict[str, Any], **calendar: Any) -> dict[str, Any]:
    return {"calendar": {"zone": "UTC", "week": None, "holidays": [], **calendar}, "rules": list(rules)}


def between(before: dict[str, Any], after: dict[str, Any], kind: str = "inbound") -> differences.Differences:
    return differences.between(kind, before, after)


def whats(found: differences.Differences) -> list[tuple[str, str]]:
    return [(change.what, change.id) for change in found.rules]


def test_the_same_is_no_difference() -> None:
    found = between(document(rule("a")), document(rule("a")))
    assert not found
    assert found.summary() == "Nothing was changed."


def test_added_removed_changed_and_moved_rules_are_told_apart() -> None:
    before = document(rule("a"), rule("b"), rule("c"), rule("d"))
    after = document(rule("d"), rule("a", enabled=False), rule("e"), rule("b"))
    found = between(before, after)
    assert whats(found) == [("moved", "d"), ("changed", "a"), ("added", "e"), ("removed", "c")]
    assert (found.rules[0].former_place, found.rules[0].place) == (4, 1)
    assert found.summary() == "“E” was added; “A” was changed; “D” was moved; “C” was removed."


def test_many_rules_are_counted() -> None:
    found = between(document(), document(*(rule(key) for key in "abc")))
    assert found.summary() == "3 rules were added."


@given(st.permutations("abcdefg"))
def test_only_as_many_rules_are_moved_as_must_be(order: list[str]) -> None:
    found = between(document(*map(rule, "abcdefg")), document(*map(rule, order)))
    moved = {change.id for change in found.rules}
    kept = [key for key in order if key not in moved]
    assert kept == sorted(kept)
    assert bool(moved) == (order != sorted(order))


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ({"enabled": True}, {"enabled": False}, FieldChange("Enabled", "yes", "no")),
        ({}, {"applies": "messages"}, FieldChange("Applies to", "both", "messages")),
        (
            {"conditions": [{"kind": "contains", "text": "a"}]},
            {"conditions": [{"kind": "contains", "text": "b"}]},
            FieldChange("If", "the text contains “a”", "the text contains “b”"),
        ),
        ({"targets": []}, {}, FieldChange("Send it to", "nothing", "nobody: it is dropped")),
        (
            {"hours": None},
            {"hours": {"mon": [["09:00", "17:00"]]}},
            FieldChange("Own hours", "none of its own", "Monday 09:00 – 17:00"),
        ),
        ({"hours": {}}, {"hours": {"day": 1}}, None),
        (
            {"holidays": None},
            {"holidays": [{"name": "Easter", "start": "2027-03-28", "end": "2027-03-28"}]},
            FieldChange("Own holidays", "none of its own", "Easter (2027-03-28 – 2027-03-28)"),
        ),
        ({"of_the_future": 1}, {"of_the_future": 2}, FieldChange("Of the future", "1", "2")),
    ],
)
def test_a_changed_field_is_said_in_words(before: Any, after: Any, change: FieldChange | None) -> None:
    [found] = differences.of_rule("inbound", rule("a", **before), rule("a", **after))
    assert found == change or (change is None and "days mon to sun" in found.after)


def test_what_an_older_document_does_not_say_is_as_usual() -> None:
    new = rule("a", applies="both", hours=None, holidays=None)
    assert differences.of_rule("inbound", rule("a"), new) == ()


def test_names_that_are_only_for_people_are_no_difference() -> None:
    old, new = ({"kind": "group", "id": "1", "label": name} for name in ("Sales", "Selling"))
    assert differences.of_rule("inbound", rule("a", targets=[old]), rule("a", targets=[new])) == ()
    routes = [{"id": key, "configuration": "c", "label": key} for key in ("1", "2")]
    before, after = ({"id": "a", "name": "A", "routes": [route]} for route in routes)
    assert differences.of_rule("outbound", before, after) == ()


def test_numbers_that_the_words_leave_out_are_shown_all_the_same() -> None:
    def listening(last: str) -> dict[str, Any]:
        numbers = [f"+1202555010{n}" for n in (1, 2, 3)] + [last]
        return rule("a", conditions=[{"kind": "number", "numbers": numbers, "ids": numbers}])

    [found] = differences.of_rule("inbound", listening("+12025550107"), listening("+12025550108"))
    assert "+12025550107" in found.before
    assert "+12025550108" in found.after


def test_routes_are_said_whole() -> None:
    route = {"configuration": "c", "label": "Main", "strip": 1, "prepend": "44", "sender": "+12025550101", "weight": 2}
    entry = {"id": "a", "name": "A", "enabled": True, "routes": [route, {"configuration": "d", "enabled": False}, {}]}
    [found] = differences.in_words("outbound", entry)
    assert (
        found.after
        == "Main, strip 1, prepend 44, from +1 202-555-0101, weight 2; d, off; (“configuration” is missing.)"
    )


def test_the_calendar_is_compared_too() -> None:
    holiday = {"name": "Easter", "start": "2027-03-28", "end": "2027-03-28", "yearly": False}
    found = between(document(), document(week={}, zone="Europe/Berlin", holidays=[holiday]))
    assert [change.label for change in found.calendar] == ["Time zone", "Office hours", "Holidays"]
    assert found.calendar[1].after == "never open"
    assert found.summary() == "The office hours or holidays were changed."
