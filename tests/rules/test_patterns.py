"""Caller masks, prefixes, lengths and extension lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.patterns import (
    PatternError,
    parse_caller_mask,
    parse_extensions,
    parse_lengths,
    parse_prefixes,
)


@pytest.mark.parametrize(
    ("mask", "sender"),
    [
        ("+12027594810", "+12027594810"),
        ("(202) 759-4810", "+12027594810"),
        ("0012027594810", "+12027594810"),
        ("12027594810", "+12027594810"),
        ("+1202*******", "+12027594810"),
        ("001202*******", "+12027594810"),
        ("0036***", "0036123"),
        ("0036***", "+36123"),
        ("+12027594810-+12027594815", "+12027594812"),
        ("2027594810-2027594815", "+12027594815"),
        ("12345", "12345"),
        ("10000-20000", "12345"),
        ("***", "123"),
        ("0000", "0000"),
        ("+0012345", "12345"),
        ("555;acme", "Acme"),
        ("Acme Bank", "ACME BANK"),
    ],
)
def test_a_sender_is_matched(mask, sender):
    assert parse_caller_mask(mask, "US").matches(sender)


@pytest.mark.parametrize(
    ("mask", "sender"),
    [
        ("+1202*******", "+120275948101"),
        ("+1202*******", "+13027594810"),
        ("0036***", "+361234"),
        ("***", "ab1"),
        ("+12027594810-+12027594815", "+12027594816"),
        ("12345", "+12027594810"),
        ("Acme", "Acmes"),
        ("Acme", "+12027594810"),
    ],
)
def test_another_sender_is_not_matched(mask, sender):
    assert not parse_caller_mask(mask, "US").matches(sender)


def test_a_mask_is_stored_in_one_form():
    mask = parse_caller_mask("(202) 759-4810; 2027594820 - 2027594825,+1 202 *** ****\nAcme;12345", "US")
    assert mask.text == "+12027594810;+12027594820-+12027594825;12345;+1202*******;Acme"
    assert parse_caller_mask(mask.text) == mask


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "Enter at least one"),
        (" ; ", "Enter at least one"),
        ("12x*", "is not a mask"),
        ("+*" + "1" * 40, "is not a mask"),
        ("+", "neither a number nor a range"),
        ("a name far too long for a sender", "neither a number nor a range"),
        ("20000-10000", "ends before it starts"),
    ],
)
def test_a_bad_mask_is_refused_with_what_to_do(text, advice):
    with pytest.raises(PatternError, match=advice):
        parse_caller_mask(text)


@given(st.text(alphabet="0123456789+*-; aZ.()", max_size=40))
def test_the_stored_form_means_the_same(text):
    try:
        mask = parse_caller_mask(text, "US")
    except PatternError:
        return
    again = parse_caller_mask(mask.text)
    assert (again.spans, again.masks, again.names) == (mask.spans, mask.masks, mask.names)


def test_prefixes_are_digits_of_the_international_number():
    assert parse_prefixes("180;33") == ("180", "33")
    assert parse_prefixes("+1 202, 0044\n33; 33") == ("1202", "44", "33")


@pytest.mark.parametrize("text", ["", "+", "1x", "1" * 16, "*"])
def test_a_bad_prefix_is_refused(text):
    with pytest.raises(PatternError, match="prefix"):
        parse_prefixes(text)


def test_lengths_may_be_ranges():
    assert parse_lengths("11;10") == (10, 11)
    assert parse_lengths("10 - 12; 7") == (7, 10, 11, 12)


@pytest.mark.parametrize("text", ["", "0", "16", "x", "12-10", "10-", "100"])
def test_a_bad_length_is_refused(text):
    with pytest.raises(PatternError, match="length from 1 to 15"):
        parse_lengths(text)


def test_extensions_are_listed_singly_and_in_ranges():
    extensions = parse_extensions("101;102; 100-200, 0500")
    assert extensions.text == "101;102;100-200;0500"
    assert all(extensions.holds(number) for number in ("101", "150", "200", "0500"))
    assert not any(extensions.holds(number) for number in ("99", "201", "1500", "500", ""))


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "Enter an extension"),
        ("abc", "is not an extension"),
        ("100-", "is not an extension"),
        ("99-200", "equally many digits"),
        ("200-100", "ends before it starts"),
    ],
)
def test_a_bad_extension_is_refused(text, advice):
    with pytest.raises(PatternError, match=advice):
        parse_extensions(text)
