"""Numbers as people write them, and the other addresses a text can come from."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.e164 import (
    AddressKind,
    LineKind,
    NumberError,
    area_of,
    classify_address,
    country_of,
    format_for_people,
    line_of,
    parse_number,
)


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("+12027594810", "", "+12027594810"),
        ("+1 202 759-4810", "DE", "+12027594810"),
        ("(202) 759 4810", "US", "+12027594810"),
        ("202.759.4810", "us", "+12027594810"),
        ("12027594810", "US", "+12027594810"),
        ("12027594810", "DE", "+12027594810"),
        ("12027594810", "", "+12027594810"),
        ("00 44 20 7946 0958", "US", "+442079460958"),
        ("011 44 20 7946 0958", "US", "+442079460958"),
        ("+44 (0)20 7946 0958", "", "+442079460958"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("030 1234567", "DE", "+49301234567"),
        ("tel:+1-202-759-4810", "", "+12027594810"),
        ("\u202a+1\u00a0202\u00a0759\u00a04810\u202c", "", "+12027594810"),
        ("＋１２０２７５９４８１０", "", "+12027594810"),
        ("07700 900123", "GB", "+447700900123"),
        ("+447700900123", "", "+447700900123"),
        ("+15005550006", "", "+15005550006"),
    ],
)
def test_a_number_is_read_the_way_a_person_writes_it(written, country, number):
    assert parse_number(written, country) == number


@pytest.mark.parametrize(
    ("written", "country", "advice"),
    [
        ("", "US", "Enter a phone number."),
        ("  ", "US", "Enter a phone number."),
        ("+", "US", "has no digits"),
        ("1-800-FLOWERS", "US", "digits only"),
        ("+1 202 759-4810 ext 5", "US", "without an extension"),
        ("12345", "US", "is a short code or incomplete"),
        ("759-4810", "US", "is not a phone number"),
        ("2027594810", "", "needs its country code"),
        ("+999123456789", "", "is not a phone number"),
        ("+1202759481", "", "is not a phone number"),
        ("+12027594810 4815", "US", "is not a phone number"),
        ("1" * 61, "US", "too long"),
    ],
)
def test_what_is_no_number_is_refused_with_what_to_do(written, country, advice):
    with pytest.raises(NumberError, match=advice):
        parse_number(written, country)


@given(st.text(max_size=70), st.sampled_from(["", "US", "GB", "XX"]))
def test_a_text_that_is_read_as_a_number_reads_the_same_again(text, country):
    with suppress(NumberError):
        number = parse_number(text, country)
        assert parse_number(number) == number


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("+12027594810", "+1 202-759-4810"),
        ("+442079460958", "+44 20 7946 0958"),
        ("12345", "12345"),
        ("Acme", "Acme"),
        ("+9991234567", "+9991234567"),
        ("", ""),
    ],
)
def test_numbers_are_shown_for_people_and_the_rest_as_it_is(address, shown):
    assert format_for_people(address) == shown


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("+12027594810", "US"),
        ("+16045550123", "CA"),
        ("+17875550123", "PR"),
        ("+491701234567", "DE"),
        ("+447700900123", "GB"),
        ("+80012345678", ""),
        ("+9991234567", ""),
        ("Acme", ""),
    ],
)
def test_the_country_of_a_number(address, country):
    assert country_of(address) == country


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("+12027594810", AddressKind.E164),
        ("12345", AddressKind.SHORT_CODE),
        ("Acme", AddressKind.ALPHANUMERIC),
        ("O2-Info", AddressKind.ALPHANUMERIC),
        ("whatsapp:+12027594810", AddressKind.CHANNEL),
        ("rcs:acme_agent", AddressKind.CHANNEL),
        ("MG" + "0a" * 16, AddressKind.MESSAGING_SERVICE),
        ("", AddressKind.OTHER),
        ("+0123", AddressKind.OTHER),
        ("+12027594810\n", AddressKind.OTHER),
        ("This is far too long for a sender", AddressKind.OTHER),
    ],
)
def test_every_address_is_recognised_for_what_it_is(address, kind):
    assert classify_address(address) is kind


@given(st.text())
def test_no_address_is_ever_refused(text):
    assert classify_address(text) in AddressKind


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("+18005550123", LineKind.TOLL_FREE),
        ("+18885550123", LineKind.TOLL_FREE),
        ("+12025550101", LineKind.LOCAL),
        ("+442071838750", LineKind.LOCAL),
        ("+447400123456", LineKind.MOBILE),
        ("+448001111111", LineKind.TOLL_FREE),
        ("+4915112345678", LineKind.MOBILE),
        ("+449012345678", None),
        ("12345", None),
        ("Acme", None),
    ],
)
def test_what_kind_of_line_a_number_is(address, line):
    assert line_of(address) == line


@pytest.mark.parametrize(
    ("address", "area"),
    [
        ("+12027594810", "+1202"),
        ("+12025550199", "+1202"),
        ("+442079460958", "+4420"),
        ("+447400123456", "+447400"),
        ("+4930901820", "+4930"),
        ("+491701234567", "+49170"),
        ("+33142685300", "+331"),
        ("+390612345678", "+3906"),
        ("+67512345678", ""),
        ("12345", ""),
        ("Acme", ""),
        ("", ""),
    ],
)
def test_how_the_numbers_of_an_area_begin(address, area):
    assert area_of(address) == area
