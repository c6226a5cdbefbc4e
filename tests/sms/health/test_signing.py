"""Why a signature did not fit: each likely cause is found from the request alone."""

import pytest

from sms.health.signing import Cause, Known, diagnose
from sms.webhooks import signature
from sms.webhooks.signature import Signed

OURS, PARENTS, CHILDS = "a" * 32, "b" * 32, "c" * 32
SID = "AC" + "1" * 32
PATH = "/webhooks/twilio/key/message"
KNOWN = Known(
    account_sid=SID,
    bases=("https://portal.example",),
    tokens=(OURS,),
    others={("parent", "2222"): PARENTS, ("child", "3333"): CHILDS},
    places=("https://former.example", "http://127.0.0.1:8000"),
)


def request(base="https://portal.example", token=OURS, sid=SID, path=PATH, **more):
    body = f"AccountSid={sid}&Body=Hi".encode()
    told = {
        "method": "POST",
        "path": PATH,
        "query": "",
        "body": body,
        "content_type": "application/x-www-form-urlencoded",
        "signature": signature.sign(base + path, body, token),
    }
    return Signed(**(told | more))


@pytest.mark.parametrize(
    ("told", "cause"),
    [
        ({}, Cause("fits")),
        ({"base": "http://portal.example"}, Cause("scheme", "http://portal.example")),
        ({"base": "https://portal.example:8443"}, Cause("port", "https://portal.example:8443")),
        ({"base": "https://www.portal.example"}, Cause("host", "https://www.portal.example")),
        ({"base": "https://former.example"}, Cause("host", "https://former.example")),
        ({"path": PATH + "/"}, Cause("path")),
        ({"token": PARENTS}, Cause("parent_token", "2222")),
        ({"token": CHILDS}, Cause("child_token", "3333")),
        ({"token": "d" * 32}, Cause("rotated")),
        ({"token": "d" * 32, "sid": "AC" + "9" * 32}, Cause("other_account", "9999")),
        ({"sid": "AC" + "9" * 32}, Cause("other_account", "9999")),
        ({"signature": ""}, Cause("unsigned")),
    ],
)
def test_each_cause_is_named(told, cause):
    assert diagnose(request(**told), KNOWN) == cause


def test_what_has_not_the_shape_of_a_token_is_likely_the_secret_of_an_api_key():
    known = Known(account_sid=SID, bases=KNOWN.bases, tokens=("aBcDeFgHiJkLmNoPqRsTuVwXyZ012345",))
    assert diagnose(request(token="d" * 32), known) == Cause("api_secret")


def test_a_body_that_is_no_form_is_no_reason_to_fail():
    broken = request(body=b"a&" * 500, signature="bm8=")
    assert diagnose(broken, KNOWN) == Cause("rotated")
