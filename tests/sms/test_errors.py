"""Twilio's error codes: every row, and every HTTP status."""

import re

import pytest

from sms.error_table import ROWS
from sms.errors import CODES, Aftermath, Verdict, Who, at_create, explain
from sms.queueing.outcomes import Answer, judge

# The classes, written down a second time on purpose: a slip in the table must not pass.
AT_CREATE = {
    Verdict.STOP_CONFIGURATION: {
        *(20003, 20005, 20404, 21472, 21609, 21660, 21701, 21703, 21704, 21705, 21711, 30002, 30037, 90010),
    },
    Verdict.REQUEUE: {20429, 21611, 21730, 30001, 30023, 30027, 30450, 30454, 30610, 35125, 63018, 63038},
    Verdict.STOP_SENDER: {30032, 30033, 30034, 30035, 30440},
    Verdict.UNKNOWN: {20500, 20503, 20504, 30020, 30021},
    Verdict.SUPPRESS_PAIR: {21610, 30630},
}
AFTER = {
    Aftermath.STOP_CONFIGURATION: AT_CREATE[Verdict.STOP_CONFIGURATION],
    Aftermath.SUPPRESS_PAIR: {21610, 30630},
    Aftermath.STOP_SENDER: AT_CREATE[Verdict.STOP_SENDER],
    Aftermath.RESENDABLE: {
        *(20429, 20500, 20503, 20504, 21611, 21730, 30001, 30003, 30008, 30017, 30020, 30021, 30022, 30047, 30410),
        *(30500, 63009, 63011, 63018, 63023),
    },
    Aftermath.HOLD: {30023, 30027, 30450, 30454, 30610, 35125, 63038},
    Aftermath.NOTICE: {
        *(11200, 11205, 11206, 11210, 11215, 11220, 11235, 11236, 11237, 11750, 12100, 12200, 12300, 12400),
        *(21710, 21712, 30009, 30025, 30026, 30045, 30125, 30648, 30649),
    },
}
NEXT_ROUTE = {
    *(21212, 21267, 21601, 21603, 21606, 21612, 21616, 21621, 21657, 21659, 21661, 21709),
    *(30018, 30024, 30032, 30033, 30034, 30035, 30040, 30041, 30042, 30440),
}


def in_class(table, code, otherwise):
    return next((name for name, codes in table.items() if int(code) in codes), otherwise)


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_the_class_it_should(code):
    info = CODES[code]
    assert info.at_create is in_class(AT_CREATE, code, Verdict.REJECTED)
    assert info.after is in_class(AFTER, code, Aftermath.PERMANENT)
    assert info.next_route == (int(code) in NEXT_ROUTE)
    assert at_create(400, int(code)) is info.at_create


def test_no_code_stands_twice_and_none_is_missing():
    assert len(CODES) == len(ROWS)
    listed = set().union(*AT_CREATE.values(), *AFTER.values(), NEXT_ROUTE)
    assert listed <= {int(code) for code in CODES}


@pytest.mark.parametrize("info", ROWS, ids=lambda info: info.code)
def test_every_code_is_said_in_short_sentences(info):
    for sentence in (info.meaning, info.advice):
        assert re.fullmatch(r"[A-Z0-9][^\n]{5,78}\.", sentence), sentence
    assert explain(info.code) is info
    assert explain(int(info.code)) is info


# Who must act, for one code of each kind of fault.
ACTS = {
    Who.YOU: {21211, 21617, 30003, 30005, 30007, 21612},
    Who.ADMINISTRATOR: {20003, 20005, 21408, 21608, 30032, 30034, 30023, 14107, 21704},
    Who.OPERATOR: {21609, 11200, 11237, 12300},
    Who.RECIPIENT: {21610, 30004, 30630, 63014},
    Who.TWILIO: {20500, 30021, 30035, 12400},
    Who.NOBODY: {20429, 21710, 30045},
}


def test_every_code_says_who_must_act():
    assert {who: {code for code in codes if explain(code).who is who} for who, codes in ACTS.items()} == ACTS
    # What only waits for the portal or for Twilio asks nobody to do a thing that he cannot do.
    assert {info.code for info in ROWS if info.who is Who.NOBODY and "Nothing to do" not in info.advice} == set()


@pytest.mark.parametrize("code", [None, "", 0, 20429, 99999, *sorted(CODES)])
def test_too_many_requests_is_always_tried_again(code):
    assert at_create(429, code) is Verdict.REQUEUE


@pytest.mark.parametrize("status", [100, 200, 201, 204, 301, 307, 500, 502, 503, 504, 599])
@pytest.mark.parametrize("code", [None, 20003, 21610, 20500])
def test_what_is_no_refusal_is_unknown_and_never_sent_again(status, code):
    assert at_create(status, code) is Verdict.UNKNOWN


@pytest.mark.parametrize("code", [None, "", 99999])
def test_an_unknown_code_takes_the_class_of_its_status(code):
    expected = {
        401: Verdict.STOP_CONFIGURATION,
        404: Verdict.STOP_CONFIGURATION,
        410: Verdict.STOP_CONFIGURATION,
        407: Verdict.REQUEUE,
        425: Verdict.REQUEUE,
        429: Verdict.REQUEUE,
        408: Verdict.UNKNOWN,
        403: Verdict.REJECTED if code else Verdict.STOP_CONFIGURATION,
    }
    for status in range(400, 500):
        assert at_create(status, code) is expected.get(status, Verdict.REJECTED), status


# Every kind of outcome of a POST, and what follows: what may not have been processed is never posted again by itself.
OUTCOMES = [
    (Answer(sent=False, text="DNS, refused, connect time-out, TLS"), Verdict.REQUEUE),
    (Answer(429, code="20429"), Verdict.REQUEUE),
    (Answer(429, retry_after=30), Verdict.REQUEUE),
    (Answer(401, code="20003"), Verdict.STOP_CONFIGURATION),
    (Answer(401), Verdict.STOP_CONFIGURATION),
    (Answer(400, code="21610"), Verdict.SUPPRESS_PAIR),
    *((Answer(400, code=code), Verdict.REJECTED) for code in ("21211", "21614", "21408", "21606", "21612", "99999")),
    (Answer(400, code="30034"), Verdict.STOP_SENDER),
    (Answer(404), Verdict.STOP_CONFIGURATION),
    (Answer(404, code="20404"), Verdict.STOP_CONFIGURATION),
    (Answer(410), Verdict.STOP_CONFIGURATION),
    (Answer(403), Verdict.STOP_CONFIGURATION),
    (Answer(403, code="20005"), Verdict.STOP_CONFIGURATION),
    (Answer(201, sid="SM1"), None),
    (Answer(200, sid="SM1"), None),
    (Answer(201), Verdict.UNKNOWN),
    (Answer(text="read time-out, reset, end of file"), Verdict.UNKNOWN),
    *((Answer(status, code=code), Verdict.UNKNOWN) for status in (500, 502, 503, 504) for code in ("", "20500")),
]


@pytest.mark.parametrize(("answer", "verdict"), OUTCOMES)
def test_every_outcome_of_a_post_has_its_verdict(answer, verdict):
    assert judge(answer) is verdict


def test_waits_are_given_where_a_retry_at_once_is_in_vain():
    waits = {info.code: info.wait for info in ROWS if info.wait}
    assert waits == {
        "21611": 300,
        "30001": 300,
        "21730": 300,
        "30450": 1800,
        "30610": 1800,
        **dict.fromkeys(("30023", "30027", "30454", "35125", "63038"), 3600),
    }


def test_a_code_of_tomorrow_gets_a_general_answer():
    assert explain(99999).meaning == "Twilio reports error 99999."
    assert explain(None).meaning == explain("").meaning == "Twilio gave no error code."
    assert explain(None).code == ""


@pytest.mark.parametrize(
    ("status", "who", "verdict"),
    [
        (None, Who.ADMINISTRATOR, Verdict.REJECTED),
        (400, Who.ADMINISTRATOR, Verdict.REJECTED),
        (401, Who.ADMINISTRATOR, Verdict.STOP_CONFIGURATION),
        (429, Who.NOBODY, Verdict.REQUEUE),
        (503, Who.TWILIO, Verdict.UNKNOWN),
    ],
)
def test_a_code_of_tomorrow_takes_its_advice_from_the_status(status, who, verdict):
    info = explain("99999", status)
    assert (info.who, info.at_create) == (who, verdict)
    assert explain("21610", status) is CODES["21610"]
