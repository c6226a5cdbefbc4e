"""SMS parts: what a text costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.segments import _BASIC, _EXTENSION, TOLL_FREE, count

GSM = st.text(alphabet=sorted(_BASIC | _EXTENSION), max_size=700)
ANY = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400)


def test_the_basic_table_has_its_127_characters():
    assert len(_BASIC) == 127
    assert len(_EXTENSION) == 10


@pytest.mark.parametrize(
    ("body", "encoding", "segments", "units", "left"),
    [
        ("", "GSM-7", 0, 0, 160),
        ("a" * 160, "GSM-7", 1, 160, 0),
        ("a" * 161, "GSM-7", 2, 161, 145),
        ("a" * 306, "GSM-7", 2, 306, 0),
        ("a" * 307, "GSM-7", 3, 307, 152),
        ("€" * 80, "GSM-7", 1, 160, 0),
        ("a" * 152 + "€" + "a" * 10, "GSM-7", 2, 164, 141),
        ("€" * 153, "GSM-7", 3, 306, 151),
        ("Ç", "GSM-7", 1, 1, 159),
        ("ç", "UCS-2", 1, 1, 69),
        ("\r\n", "GSM-7", 1, 2, 158),
        ("\f", "GSM-7", 1, 2, 158),
        ("\x1b", "UCS-2", 1, 1, 69),
        ("я" * 70, "UCS-2", 1, 70, 0),
        ("я" * 71, "UCS-2", 2, 71, 63),
        ("я" * 134, "UCS-2", 2, 134, 0),
        ("😀" * 35, "UCS-2", 1, 70, 0),
        ("😀" * 66, "UCS-2", 2, 132, 1),
        ("😀" * 67, "UCS-2", 3, 134, 65),
        ("[я]", "UCS-2", 1, 3, 67),
    ],
)
def test_a_text_is_counted_as_it_is_billed(body, encoding, segments, units, left):
    counted = count(body)
    assert (counted.encoding, counted.segments) == (encoding, segments)
    assert (counted.units, counted.units_left) == (units, left)


def test_the_characters_that_force_the_dear_encoding_are_named_with_their_place():
    assert count("It’s “5–6” €").forcing == ((2, "’"), (5, "“"), (7, "–"), (9, "”"))
    assert count("plain [text] €").forcing == ()


def test_toll_free_parts_are_one_unit_shorter():
    assert count("a" * 306).segments == 2
    assert count("a" * 306, TOLL_FREE).segments == 3
    assert count("я" * 134, TOLL_FREE).segments == 3


@given(GSM)
def test_gsm_texts_never_cost_more_than_their_units_demand(body):
    counted = count(body)
    assert counted.encoding == "GSM-7"
    assert counted.units == len(body) + sum(mark in _EXTENSION for mark in body)
    if counted.segments > 1:
        assert -(-counted.units // 153) <= counted.segments <= -(-counted.units // 152)


@given(ANY)
def test_the_encoding_follows_from_the_characters_alone(body):
    counted = count(body)
    assert (counted.encoding == "UCS-2") == bool(counted.forcing)
    assert all(body[index] == mark for index, mark in counted.forcing)
    if counted.encoding == "UCS-2":
        assert counted.units == len(body.encode("utf-16-le")) // 2


@given(ANY)
def test_no_part_is_overfull_and_no_pair_is_cut(body):
    counted = count(body)
    single, part = (160, 153) if counted.encoding == "GSM-7" else (70, 67)
    assert (counted.segments <= 1) == (counted.units <= single)
    if counted.segments > 1:
        lost = counted.segments * part - counted.units - counted.units_left
        assert 0 <= lost < counted.segments
    assert counted.units_left >= 0


@given(ANY, ANY)
def test_a_longer_text_never_takes_fewer_parts(start, end):
    assert count(start + end).segments >= count(start).segments
