"""Webhook keys that prove themselves."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.webhooks.keys import mac_ok, make

SECRET, FORMER, OTHER = b"s" * 32, b"f" * 32, b"o" * 32
KEY = make(SECRET, bytes(range(16)))


def test_a_key_is_42_plain_characters():
    assert re.fullmatch(r"[a-z2-7]{42}", KEY)
    assert KEY == "aaaqeayeaudaocajbifqydiob4us74bnya5e4zeeby"


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=1, max_size=64))
def test_a_key_proves_itself(random16, secret):
    key = make(secret, random16)
    assert mac_ok(key, [secret])
    assert not mac_ok(key, [secret + b"x"])


def test_every_secret_of_the_ring_is_tried():
    assert mac_ok(KEY, [OTHER, FORMER, SECRET])
    assert not mac_ok(KEY, [OTHER, FORMER])
    assert not mac_ok(KEY, [])
    assert not mac_ok(KEY, [b""])


@pytest.mark.parametrize(
    "key",
    ["", KEY[:-1], KEY + "a", KEY.upper(), "1" * 42, "é" * 42, KEY[:-1] + "=", " " + KEY[1:]],
)
def test_another_spelling_is_no_key(key):
    assert not mac_ok(key, [SECRET])


def test_no_single_character_can_be_changed():
    for place in range(42):
        for mark in "abcdefghijklmnopqrstuvwxyz234567":
            changed = KEY[:place] + mark + KEY[place + 1 :]
            assert mac_ok(changed, [SECRET]) == (changed == KEY)


@pytest.mark.parametrize(("secret", "random16"), [(b"", bytes(16)), (SECRET, bytes(15))])
def test_a_key_is_not_made_of_too_little(secret, random16):
    with pytest.raises(ValueError, match="needs a secret and 16 random bytes"):
        make(secret, random16)
