"""The comparison finds what it is there to find."""

import copy
from typing import Any

import pytest

from tests.contract.description import assert_agree, operation_of, problems

AC, PN = "AC" + "a" * 32, "PN" + "b" * 32
DAY = "Thu, 30 Jul 2015 20:12:31 +0000"
ANSWER = {"account_sid": AC, "balance": "-1.25", "currency": "USD"}
READ: dict[str, Any] = {
    "method": "GET",
    "path": f"/api.twilio.com/2010-04-01/Accounts/{AC}/Balance.json",
    "query": [],
    "form": [],
    "content_type": "",
    "status": 200,
    "fault": None,
    "answer": ANSWER,
}
REFUSAL = {
    "code": 20404,
    "message": "not found",
    "more_info": "https://www.twilio.com/docs/errors/20404",
    "status": 404,
}
WRITE = {
    **READ,
    "method": "POST",
    "path": f"/api.dublin.ie1.twilio.com/2010-04-01/Accounts/{AC}/IncomingPhoneNumbers/{PN}.json",
    "content_type": "application/x-www-form-urlencoded",
    "form": [["SmsUrl", "https://a.example/in#rc=3"], ["SmsMethod", "POST"], ["SmsApplicationSid", ""]],
    "status": 404,
    "answer": REFUSAL,
}
SEND = {
    **WRITE,
    "path": f"/api.twilio.com/2010-04-01/Accounts/{AC}/Messages.json",
    "form": [
        ["To", "+15551230001"],
        ["Body", ""],
        ["MediaUrl", "https://a.example/1"],
        ["MediaUrl", "https://a.example/2"],
    ],
}
LIST: dict[str, Any] = {
    **READ,
    "path": "/messaging.twilio.com/v1/Services",
    "query": [["PageSize", "1000"]],
    "answer": {
        "services": [],
        "meta": {
            "first_page_url": "https://messaging.twilio.com/v1/Services?PageSize=50&Page=0",
            "key": "services",
            "next_page_url": None,
            "page": 0,
            "page_size": 50,
            "previous_page_url": None,
            "url": "https://messaging.twilio.com/v1/Services?PageSize=50&Page=0",
        },
    },
}


def test_what_is_described_is_no_problem():
    assert_agree([READ, WRITE, SEND, LIST, {**READ, "status": 500, "answer": None, "fault": "http_502_html"}])
    assert operation_of(WRITE)[0].name == "UpdateIncomingPhoneNumber"


@pytest.mark.parametrize(
    ("entry", "change", "said"),
    [
        (READ, {"path": "/api.twilio.com/2010-04-01/Accounts/AC1/Balance.json"}, "AccountSid in the path is 'AC1'"),
        (READ, {"path": "/api.twilio.com/2010-04-01/Nothing.json"}, "Twilio knows no such call"),
        (READ, {"path": READ["path"].replace("api.twilio.com", "api.example.com")}, "Twilio knows no such call"),
        (READ, {"method": "DELETE"}, "Twilio knows no such call"),
        (READ, {"query": [["Currency", "EUR"]]}, "there is no parameter Currency"),
        (READ, {"status": 202}, "the answer has status 202"),
        (READ, {"answer": None}, "balance is None"),
        (READ, {"answer": {**ANSWER, "balance": 1.25}}, "balance has 1.25 as balance"),
        (READ, {"answer": {**ANSWER, "account_sid": "AC1"}}, "balance has 'AC1' as account_sid"),
        (READ, {"answer": {**ANSWER, "limit": "5"}}, "balance has limit"),
        (READ, {"answer": {"account_sid": AC, "balance": "1"}}, "balance lacks currency"),
        (WRITE, {"form": [["SmsUri", "https://a.example/"]]}, "there is no parameter SmsUri"),
        (WRITE, {"form": [["SmsUrl", "nonsense"]]}, "SmsUrl cannot be 'nonsense'"),
        (WRITE, {"form": [["SmsMethod", "PUT"]]}, "SmsMethod cannot be 'PUT'"),
        (WRITE, {"form": [["SmsApplicationSid", "PN" + "a" * 32]]}, "SmsApplicationSid cannot be"),
        (WRITE, {"form": [["SmsMethod", "GET"], ["SmsMethod", "POST"]]}, "SmsMethod comes twice"),
        (WRITE, {"content_type": "application/json"}, "the form was sent as POST application/json"),
        (WRITE, {"query": [["SmsMethod", "GET"]], "form": []}, "parameters stand in the query"),
        (WRITE, {"answer": {**REFUSAL, "more_info": ""}}, "the error has '' as more_info"),
        (SEND, {"form": [["Body", "x"]]}, "To is missing"),
        (SEND, {"form": [["To", "+1"], ["ValidityPeriod", "36001"]]}, "ValidityPeriod cannot be '36001'"),
        (SEND, {"form": [["To", "+1"], ["RiskCheck", "maybe"]]}, "RiskCheck cannot be 'maybe'"),
        (LIST, {"query": [["PageSize", "1001"]]}, "PageSize cannot be '1001'"),
        (LIST, {"answer": {**LIST["answer"], "services": None}}, "the page has no services"),
        (LIST, {"answer": {"services": [], "meta": {}}}, "meta lacks page_size"),
        (LIST, {"answer": {**LIST["answer"], "end": 0}}, "the page has end"),
        (LIST, {"answer": {**LIST["answer"], "services": [{}]}}, "service lacks sid"),
    ],
)
def test_a_departure_is_said(entry, change, said):
    found = problems({**copy.deepcopy(entry), **change})
    assert any(said in problem for problem in found), found
    with pytest.raises(AssertionError, match="not as Twilio describes it"):
        assert_agree([{**entry, **change}])
