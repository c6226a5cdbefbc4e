"""Pools of numbers, typed any way a person writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.patterns import collapse_ranges, parse_pool, pool_as_text
from rules.spans import Span

SIX = tuple(f"+1202759{last}" for last in range(4810, 4816))


@pytest.mark.parametrize(
    "text",
    [
        "12027594810-12027594815",
        "12027594810 - 12027594815",
        "+12027594810-+12027594815",
        "+12027594810-12027594815",
        "+12027594810..12027594815",
        "+1 202 759-4810 - 4815",
        "+1 202 759-4810 – 4815",
        "+1 202 759-4810-4815",
        "+1 202 759 4810 to 15",
        "12027594810-15",
        "12027594810-2027594815",
        "(202) 759-4810 - (202) 759-4815",
        "202-759-4810-202-759-4815",
        "2027594810-12027594815",
        "(202) 759 4810, 2027594811;+12027594812\n202.759.4813\t0012027594814\r\n1 (202) 759-4815;",
        "12027594810-12027594815;12027594812",
    ],
)
def test_the_same_six_numbers_can_be_written_many_ways(text):
    pool = parse_pool(text, "US")
    assert pool.errors == ()
    assert pool.numbers == SIX


@pytest.mark.parametrize(
    ("text", "country", "numbers"),
    [
        ("12027594810-12027594811", "DE", ("+12027594810", "+12027594811")),
        ("020 7946 0958 - 0959", "GB", ("+442079460958", "+442079460959")),
        ("020 7946 0958 - 020 7946 0959", "GB", ("+442079460958", "+442079460959")),
        ("+44 20 7946 0958 - 020 7946 0959", "GB", ("+442079460958", "+442079460959")),
        ("+1 202–759–4810", "US", ("+12027594810",)),
        ("", "US", ()),
        (" ; ,\n", "US", ()),
    ],
)
def test_the_country_completes_what_is_written_at_home(text, country, numbers):
    pool = parse_pool(text, country)
    assert pool.errors == ()
    assert pool.numbers == numbers


@pytest.mark.parametrize(
    ("entry", "advice"),
    [
        ("12", "short code or incomplete"),
        ("banana", "digits only"),
        ("7594810-7594815", "is not a phone number"),
        ("12027594815-12027594810", "ends before it starts"),
        ("+1 202 759 4810 – x", "has no end"),
        ("+12027594810 - +442079460958", "equally many digits"),
        ("+1 202 759 4815 - 4", "ends before it starts"),
    ],
)
def test_an_entry_that_fails_is_named_and_the_rest_is_read(entry, advice):
    pool = parse_pool(f"12027594820;{entry};12027594821", "US")
    assert pool.numbers == ("+12027594820", "+12027594821")
    (error,) = pool.errors
    assert error.entry == entry.strip()
    assert advice in error.message


def test_a_range_without_an_end_says_so():
    (error,) = parse_pool("+12027594810 to x", "US").errors
    assert "has no end" in error.message


def test_a_pool_is_capped_without_expanding_the_range():
    pool = parse_pool("12020000000-12029999999;12027594810", "US")
    assert pool.numbers == ()
    (error,) = pool.errors
    assert error.entry == "+12020000000-12029999999"
    assert "at most 10,000 numbers" in error.message


def test_ten_thousand_numbers_fit():
    pool = parse_pool("12027590000-12027599999", "US")
    assert len(pool.numbers) == 10_000
    assert pool.errors == ()


def test_a_long_entry_is_cut_in_its_error():
    (error,) = parse_pool("9" * 200, "US").errors
    assert len(error.entry) < 60


def test_numbers_that_follow_each_other_are_shown_as_one_range():
    spans = collapse_ranges([*SIX, "+12027594820", "+442079460958", SIX[0]])
    assert spans == (
        Span("+12027594810", "+12027594815"),
        Span("+12027594820", "+12027594820"),
        Span("+442079460958", "+442079460958"),
    )
    assert len(spans[0]) == 6
    assert pool_as_text(SIX) == "+12027594810-12027594815"


def test_a_range_does_not_run_on_into_longer_numbers():
    assert len(collapse_ranges(["+9999999", "+10000000"])) == 2


@given(st.sets(st.integers(min_value=12027590000, max_value=12027590400), max_size=60))
def test_a_pool_written_down_reads_back_the_same(values):
    numbers = sorted(f"+{value}" for value in values)
    assert list(parse_pool(pool_as_text(numbers)).numbers) == numbers


@given(st.text(alphabet="0123456789+-. ;,()to–\n", max_size=60), st.sampled_from(["", "US", "GB"]))
def test_no_text_breaks_the_pool(text, country):
    pool = parse_pool(text, country, cap=500)
    assert all(number.startswith("+") and len(number) <= 16 for number in pool.numbers)
