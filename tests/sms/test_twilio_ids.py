"""What people paste from the Twilio console."""

import pytest

from sms.forms import twilio_ids

SID = "AC" + "0123456789abcdef" * 2
TOKEN = "0123456789abcdef" * 2


@pytest.mark.parametrize("text", [SID, f"  {SID} ", f"{SID}\n", SID[:10] + " " + SID[10:], "ac" + SID[2:].upper()])
def test_an_account_sid_is_taken_with_its_blanks(text):
    assert twilio_ids.check_account_sid(text) == SID


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SK" + TOKEN, "API key SID"),
        (TOKEN, "Auth Token"),
        ("MG" + TOKEN, "Messaging Service SID"),
        ("PN" + TOKEN, "phone number's SID"),
        ("TK" + TOKEN, "trunk's SID"),
        (SID[:-1], "33 characters"),
        (SID + "0", "35 characters"),
        (SID[:-1] + "z", "only digits"),
        ("hello", "AC and 32"),
    ],
)
def test_something_else_in_the_account_sid_field_is_named(text, said):
    with pytest.raises(twilio_ids.PastedWrong, match=said):
        twilio_ids.check_account_sid(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SID, "an Account SID"),
        ("SK" + TOKEN, "an API key SID"),
        (TOKEN[:-1], "31 characters"),
        (TOKEN + "00", "34 characters"),
        (TOKEN[:-1] + "z", "only digits"),
    ],
)
def test_something_else_in_the_token_field_is_named(text, said):
    with pytest.raises(twilio_ids.PastedWrong, match=said):
        twilio_ids.check_auth_token(text)


def test_a_token_is_taken_with_its_blanks():
    assert twilio_ids.check_auth_token(f" {TOKEN[:16]} {TOKEN[16:]}\n") == TOKEN
    assert twilio_ids.check_auth_token("  ") == ""


def test_more_options_are_checked_too():
    assert twilio_ids.check_api_key_sid("") == ""
    assert twilio_ids.check_messaging_service_sid(f" MG{TOKEN}") == f"MG{TOKEN}"
    assert twilio_ids.check_api_key_secret("Ab3" * 11) == "Ab3" * 11
    for check, text, said in [
        (twilio_ids.check_api_key_sid, SID, "Account SID"),
        (twilio_ids.check_messaging_service_sid, "SK" + TOKEN, "API key SID"),
        (twilio_ids.check_api_key_secret, "SK" + TOKEN, "API key SID"),
        (twilio_ids.check_api_key_secret, "short", "5 characters"),
    ]:
        with pytest.raises(twilio_ids.PastedWrong, match=said):
            check(text)
