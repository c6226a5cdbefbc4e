"""Caller masks, prefixes, lengths, extension lists, and patterns for texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.patterns import (
    PatternError,
    Span,
    TextPattern,
    parse_caller_mask,
    parse_extensions,
    parse_lengths,
    parse_prefixes,
    parse_text_pattern,
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
    assert parse_lengths("1-15") == tuple(range(1, 16))
    assert parse_lengths("1;15") == (1, 15)


@pytest.mark.parametrize("text", ["", "0", "16", "x", "12-10", "10-", "100", "0-3", "14-16"])
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


@pytest.mark.parametrize(
    ("pattern", "match_case", "text", "found"),
    [
        ("order [0-9]{4}", False, "My ORDER 1234, please", "ORDER 1234"),
        ("order", True, "My ORDER 1234", None),
        ("order", True, "my order", "order"),
        ("^order$", False, "order", "order"),
        ("^order$", False, "my order", None),
        ("x*", False, "abc", ""),
        (r"\p{Greek}+", False, "Ελλάδα!", "Ελλάδα"),
        ("(?s)a.b", False, "a\nb", "a\nb"),
        ("a.b", False, "a\nb", None),
        ("caf(é|e)$", False, "CAFÉ", "CAFÉ"),
        ("a" * 500, False, "a" * 500, "a" * 500),
    ],
)
def test_a_text_pattern_finds_the_first_part_that_fits(pattern, match_case, text, found):
    read = parse_text_pattern(pattern, match_case=match_case)
    assert read.find(text) == found
    assert (read.text, read.match_case) == (pattern, match_case)


def test_a_text_pattern_is_for_any_case_unless_told():
    assert parse_text_pattern("a").find("A") == TextPattern("a").find("A") == "A"


LOOK = "it cannot look ahead or behind, as (?=…), (?!…), (?<=…) and (?<!…) do"
BACK = r"it cannot refer back to what it has found, as \1 does"
FAST = "it has no groups or repeats that hold fast, such as (?>…) and a++"


@pytest.mark.parametrize(
    ("pattern", "error"),
    [
        *((one, f"“{one}” asks for what this kind of pattern (RE2) lacks: {LOOK}.") for one in ("(?=a)", "x(?!a)")),
        *((one, f"“{one}” asks for what this kind of pattern (RE2) lacks: {LOOK}.") for one in ("(?<=a)b", "(?<!a)b")),
        *((one, f"“{one}” asks for what this kind of pattern (RE2) lacks: {BACK}.") for one in (r"(a)\1", r"(a)\k<n>")),
        ("(?P<n>a)(?P=n)", f"“(?P<n>a)(?P=n)” asks for what this kind of pattern (RE2) lacks: {BACK}."),
        *((one, f"“{one}” asks for what this kind of pattern (RE2) lacks: {FAST}.") for one in ("(?>a)", "a++", "a?+")),
        ("a{1001}", "“a{1001}” needs too much room: repeat less often, never more than 1000 times."),
        ("((a{9}){99}){99}", "“((a{9}){99}){99}” needs too much room: repeat less often, never more than 1000 times."),
        (r"(\p{L}{20}){40}", r"“(\p{L}{20}){40}” needs too much room: repeat less often, never more than 1000 times."),
        ("(", "“(” is not a pattern: missing ): (. Put \\ before . * + ? ( ) [ to mean it."),
        ("[z-a]", "“[z-a]” is not a pattern: invalid character class range: z-a. Put"),
        ("\udc80", "“\udc80” is not a pattern: it has broken characters. Put"),
        ("a" * 501, "The pattern has more than 500 characters: shorten it, or make two rules."),
    ],
)
def test_a_text_pattern_that_cannot_be_used_says_why(pattern, error):
    with pytest.raises(PatternError) as raised:
        parse_text_pattern(pattern)
    assert str(raised.value).startswith(error)


@pytest.mark.timeout(60)  # an engine that goes back would need longer than the sun has
def test_a_text_pattern_takes_no_longer_on_a_text_made_to_slow_it_down():
    assert parse_text_pattern("(a+)+$").find("a" * 20_000 + "b") is None


def test_a_run_knows_its_numbers():
    run = Span("+0098", "+0102")
    assert list(run) == ["+0098", "+0099", "+0100", "+0101", "+0102"]
    assert (len(run), run.start) == (5, "+0")
    assert list(Span("098", "101")) == ["098", "099", "100", "101"]
    assert Span("55", "55").start == "55"
    assert Span("10", "90").start == ""


@pytest.mark.parametrize(
    ("one", "other", "includes", "meets"),
    [
        (("10", "20"), ("10", "20"), True, True),
        (("10", "20"), ("11", "19"), True, True),
        (("10", "20"), ("15", "25"), False, True),
        (("10", "20"), ("05", "15"), False, True),
        (("10", "20"), ("20", "30"), False, True),
        (("10", "20"), ("21", "30"), False, False),
        (("10", "20"), ("00", "09"), False, False),
        (("10", "20"), ("150", "160"), False, False),
    ],
)
def test_runs_include_and_meet_others(one, other, includes, meets):
    assert Span(*one).includes(Span(*other)) is includes
    assert Span(*one).meets(Span(*other)) is Span(*other).meets(Span(*one)) is meets


@pytest.mark.parametrize(
    ("wider", "narrower", "includes"),
    [
        ("+1415*******", "+1415555****", True),
        ("+1415555****", "+1415*******", False),
        ("+1415*******", "+1415******", False),
        ("+1415*******", "+14155550123", True),
        ("+1415*******", "+14155550100-14155550199", True),
        ("+141555501**", "+14155550100-14155550199", True),
        ("+1415555010*", "+14155550100-14155550199", False),
        ("+14155550***", "+14155550099-14155550101", True),
        ("+1*155550***", "+14155550099-14155550101", True),
        ("+1415555*1**", "+14155550100-14155551199", False),
        ("+14150000000-14159999999", "+1415*******", True),
        ("+14150000001-14159999999", "+1415*******", False),
        ("+14150000000-14159999998", "+1415*******", False),
        ("+14155550100-14155550199", "+14155550150-14155550160", True),
        ("+14155550100-14155550150", "+14155550150-14155550160", False),
        ("Acme;Shop", "ACME", True),
        ("Acme", "Acme;Shop", False),
        ("Acme;+1415*******", "+14155550123;acme", True),
        ("Acme;+1415*******", "+14155550123;72975", False),
        ("7297*", "72975;72976", True),
    ],
)
def test_a_caller_mask_includes_another(wider, narrower, includes):
    assert parse_caller_mask(wider).includes(parse_caller_mask(narrower)) is includes


def test_a_prefix_is_no_longer_than_a_number():
    assert parse_prefixes("1" * 15) == ("1" * 15,)
    with pytest.raises(PatternError, match="is not a prefix"):
        parse_prefixes("1" * 16)


def test_numbers_longer_than_a_short_code_are_written_with_their_plus():
    assert parse_caller_mask("12345678;123456789").text == "12345678;+123456789"
    assert parse_caller_mask("12345670-12345678").text == "12345670-12345678"


def test_a_text_pattern_is_known_by_what_was_written():
    assert repr(TextPattern("a")) == "TextPattern(text='a', match_case=False)"
    assert TextPattern("a") == TextPattern("a") != TextPattern("a", match_case=True)
    with pytest.raises(TypeError):
        parse_text_pattern("a", True)


def test_a_text_pattern_may_need_a_megabyte_and_nothing_is_printed(capfd):
    assert parse_text_pattern(r"\p{L}{50}").find("a" * 50)
    with pytest.raises(PatternError, match="needs too much room"):
        parse_text_pattern(r"\p{L}{60}")
    assert capfd.readouterr() == ("", "")
