"""Placeholders in automatic replies: which there are, what is refused, and what stands in their place."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.placeholders import PLACEHOLDERS, PlaceholderError, check_placeholders, fill, first_word, opening_in_words
from rules.schedule import Calendar, Holiday, Week

VIENNA = ZoneInfo("Europe/Vienna")
OFFICE = Week.from_json({day: [["09:00", "12:00"], ["13:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")})
CALENDAR = Calendar(VIENNA, OFFICE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Thank you.",
        *(f"Hello {{{name}}}." for name in PLACEHOLDERS),
        "{name}{sender}",
        "Write {{name}} as it stands",
        "{{ and }}",
        "{{{name}}}",
    ],
)
def test_these_are_taken(text: str) -> None:
    check_placeholders(text)


@pytest.mark.parametrize(
    ("text", "culprit"),
    [
        ("Hello {nmae}", "{nmae}"),
        ("Hello {Name}", "{Name}"),
        ("Hello { name }", "{ name }"),
        ("Hello {}", "{}"),
        ("Hello {name", "{name"),
        ("Hello name}", "}"),
        ("{{{nmae}}}", "{nmae}"),
        ("{name.__class__}", "{name.__class__}"),
    ],
)
def test_an_unknown_placeholder_is_named_with_those_there_are(text: str, culprit: str) -> None:
    with pytest.raises(PlaceholderError) as refused:
        check_placeholders(text)
    assert f"“{culprit}” is no placeholder" in str(refused.value)
    assert "{name}" in str(refused.value)
    assert "{{" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Hello {name}, this is {company}.", "Hello Ann, this is Acme."),
        ("{{name}} is {name}", "{name} is Ann"),
        ("{{{name}}}", "{Ann}"),
        ("Kept from before: {ticket} }", "Kept from before: {ticket} }"),
    ],
)
def test_placeholders_are_filled_in(text: str, filled: str) -> None:
    assert fill(text, {"name": "Ann", "company": "Acme"}) == filled


def test_a_value_is_never_read_for_placeholders_again() -> None:
    assert fill("{name}", {"name": "{company} {{", "company": "Acme"}) == "{company} {{"


@given(st.text())
def test_any_text_with_its_braces_doubled_is_taken_and_comes_out_as_it_was(text: str) -> None:
    doubled = text.replace("{", "{{").replace("}", "}}")
    check_placeholders(doubled)
    assert fill(doubled, {}) == text


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 11, 23, 8, 0, tzinfo=UTC), "now"),
        (datetime(2026, 11, 23, 7, 59, tzinfo=UTC), "today at 09:00"),
        (datetime(2026, 11, 23, 11, 30, tzinfo=UTC), "today at 13:00"),
        (datetime(2026, 11, 23, 20, 0, tzinfo=UTC), "tomorrow at 09:00"),
        (datetime(2026, 11, 23, 23, 30, tzinfo=UTC), "today at 09:00"),
        (datetime(2026, 11, 27, 20, 0, tzinfo=UTC), "on Monday at 09:00"),
    ],
)
def test_the_next_opening_is_said_by_the_tenants_clock(at: datetime, words: str) -> None:
    assert opening_in_words(CALENDAR, at) == words


def test_an_opening_a_week_away_has_its_date() -> None:
    closed = Calendar(VIENNA, OFFICE, (Holiday("Winter", date(2026, 12, 21), date(2027, 1, 3)),))
    assert opening_in_words(closed, datetime(2026, 12, 20, 12, 0, tzinfo=UTC)) == "on Monday, 4 January, at 09:00"


def test_an_office_that_never_opens_opens_later() -> None:
    never = Calendar(VIENNA, Week.from_json({}))
    assert opening_in_words(never, datetime(2026, 12, 20, 12, 0, tzinfo=UTC)) == "later"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("PRICE list", "PRICE"),
        ("  «Öffnungszeiten»?", "Öffnungszeiten"),
        ("https://evil.example/x", "https"),
        ("👍", ""),
        ("", ""),
        ("x" * 99, "x" * 30),
    ],
)
def test_the_first_word_holds_no_address(text: str, word: str) -> None:
    assert first_word(text) == word
