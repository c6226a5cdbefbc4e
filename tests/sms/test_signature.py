"""Twilio's signature: its published examples, the official library as the judge, and what must fail."""

from hashlib import sha256
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from sms.webhooks.signature import Match, Signed, sign, signed_urls, verify

FORM = "application/x-www-form-urlencoded"
BASE = "https://mycompany.com"
CALL = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
OTHER_CALL = {**CALL, "From": "+12349013030", "Caller": "+12349013030"}
JSON = b'{"property": "value", "boolean": true}'
JSON_DIGEST = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"


class Fields(dict[str, list[str]]):
    """A form as a web framework hands it to the official library."""

    def __init__(self, body):
        super().__init__(parse_qs(body.decode(), keep_blank_values=True))

    def getlist(self, key):
        return self[key]


def form(parameters, signature, *, query="foo=1&bar=2", **changes):
    body = urlencode(parameters, doseq=True).encode()
    return Signed("POST", "/myapp.php", query, body, FORM, signature, **changes)


@pytest.mark.parametrize(
    ("base", "parameters", "signature"),
    [
        # The examples of Twilio's documentation and of its libraries' tests; the token is 12345.
        (BASE, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (BASE, OTHER_CALL, "0/KCTR6DLpKmkAf8muzZqo1nDgQ="),
        (BASE + ":1234", CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("http://mycompany.com:1234", CALL, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        (BASE, CALL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("http://mycompany.com", CALL, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        (
            BASE,
            [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234")],
            "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
        ),
    ],
)
def test_the_published_examples_are_accepted(base, parameters, signature):
    match = verify(form(parameters, signature), bases=[base], tokens=["12345"])
    assert match is not None
    assert match.token == 0


def test_the_published_example_of_a_json_body_is_accepted():
    query = f"foo=1&bar=2&bodySHA256={JSON_DIGEST}"
    request = Signed("POST", "/myapp.php", query, JSON, "application/json", "a9nBmqA0ju/hNViExpshrM61xv4=")
    assert verify(request, bases=[BASE], tokens=["12345"]) is not None


SAFE = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
BASES = st.sampled_from(["https://a.example", "http://a.example", "https://a.example:8443", "http://a.example:80"])


@given(
    st.lists(st.tuples(SAFE, SAFE), max_size=8),
    BASES,
    st.sampled_from(["", "x=1", "b=2&a=%20"]),
    st.text(min_size=1, max_size=20, alphabet="abc123é"),
    st.sampled_from(["HMAC_SHA1", "HMAC_SHA256"]),
)
def test_we_agree_with_the_official_library(pairs, base, query, token, algorithm):
    body = urlencode(pairs).encode()
    url = f"{base}/webhooks/twilio/k/message" + (f"?{query}" if query else "")
    official = RequestValidator(token).compute_signature(url, Fields(body), algorithm)
    assert sign(url, body, token, algorithm) == official
    request = Signed(
        "POST",
        "/webhooks/twilio/k/message",
        query,
        body,
        FORM,
        official,
        f"key=webhooks_sharedkey_01,algorithm={algorithm}",
    )
    assert verify(request, bases=["https://other.example", base], tokens=["no", token]) == Match(1, url)


@given(st.lists(st.tuples(SAFE, SAFE), min_size=1, max_size=5), BASES, st.booleans(), SAFE)
def test_what_the_official_library_refuses_we_refuse(pairs, base, tamper, extra):
    body = urlencode(pairs).encode()
    url = f"{base}/m"
    signature = RequestValidator("token").compute_signature(url, Fields(body))
    sent = body + b"&" + urlencode({"Body": "x" + extra}).encode() if tamper else body
    ours = verify(Signed("POST", "/m", "", sent, FORM, signature), bases=[base], tokens=["token"])
    theirs = RequestValidator("token").validate(url, Fields(sent), signature)
    assert (ours is not None) == theirs


def test_a_get_is_signed_by_its_address_alone():
    url = BASE + "/m?MessageSid=SM1&Body="
    request = Signed("GET", "/m", "MessageSid=SM1&Body=", b"", "", sign(url, b"", "t"))
    assert verify(request, bases=[BASE], tokens=["t"]) == Match(0, url)


def test_blank_values_count():
    body = b"Body=&From=%2B1"
    signature = sign(BASE + "/m", body, "t")
    assert verify(Signed("POST", "/m", "", body, FORM, signature), bases=[BASE], tokens=["t"])
    assert not verify(Signed("POST", "/m", "", b"From=%2B1", FORM, signature), bases=[BASE], tokens=["t"])


def test_the_bytes_are_signed_even_when_they_are_no_utf8():
    body = b"Body=%FF%FEa&Raw=\xff"
    signature = sign(BASE + "/m", body, "t")
    assert verify(Signed("POST", "/m", "", body, FORM + "; charset=utf-8", signature), bases=[BASE], tokens=["t"])
    replaced = b"Body=%EF%BF%BD%EF%BF%BDa&Raw=%EF%BF%BD"
    assert not verify(Signed("POST", "/m", "", replaced, FORM, signature), bases=[BASE], tokens=["t"])


def test_the_match_says_which_token_and_which_address():
    request = form(CALL, sign("https://old.example:443/myapp.php?foo=1&bar=2", urlencode(CALL).encode(), "second"))
    match = verify(request, bases=[BASE, "https://old.example/"], tokens=["first", "second"])
    assert match == Match(1, "https://old.example:443/myapp.php?foo=1&bar=2")


@pytest.mark.parametrize("tokens", [[], [""], ["  "], ["wrong"]])
def test_no_token_or_an_empty_one_never_matches(tokens):
    for signer in ("", "  ", "right"):
        request = form(CALL, sign(BASE + "/myapp.php?foo=1&bar=2", urlencode(CALL).encode(), signer))
        assert verify(request, bases=[BASE], tokens=tokens) is None


@pytest.mark.parametrize("signature", ["", "x", "RSOYDt4T1cUTdK1PDd93/VVr8B8", "é\udcff"])
def test_a_missing_or_wrong_signature_fails(signature):
    assert verify(form(CALL, signature), bases=[BASE], tokens=["12345"]) is None


def test_an_algorithm_we_do_not_know_fails():
    request = form(CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", settings="key=k,algorithm=HMAC_MD5")
    assert verify(request, bases=[BASE], tokens=["12345"]) is None


@pytest.mark.parametrize("settings", ["", "key=k", "nonsense", "algorithm=", "key=k, algorithm=hmac_sha1"])
def test_settings_that_name_no_other_algorithm_mean_the_classic_one(settings):
    request = form(CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", settings=settings)
    assert verify(request, bases=[BASE], tokens=["12345"]) is not None


def test_a_sha256_signature_needs_its_header():
    signature = sign(BASE + "/myapp.php?foo=1&bar=2", urlencode(CALL).encode(), "12345", "HMAC_SHA256")
    assert verify(form(CALL, signature), bases=[BASE], tokens=["12345"]) is None


@pytest.mark.parametrize("query", ["", "bodySHA256=", "bodySHA256=" + sha256(b"other").hexdigest()])
def test_a_body_that_the_signature_does_not_cover_fails(query):
    url = BASE + "/m" + (f"?{query}" if query else "")
    request = Signed("POST", "/m", query, JSON, "application/json", sign(url, b"", "t"))
    assert verify(request, bases=[BASE], tokens=["t"]) is None


def test_every_form_of_every_base_is_tried_once():
    request = Signed("POST", "/m", "", b"", FORM, "")
    assert signed_urls(request, ["https://a.example", "http://b.example:8080/sub/"]) == (
        "https://a.example/m",
        "https://a.example:443/m",
        "http://b.example:8080/sub/m",
        "http://b.example/sub/m",
    )
