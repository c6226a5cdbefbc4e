"""What Twilio posts, from files that look like the real thing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.webhooks.payloads import (
    MAX_BODY,
    MAX_FIELDS,
    Media,
    PayloadError,
    decode_form,
    parse_message,
    parse_status,
)

PAYLOADS = Path(__file__).parents[1] / "payloads"
ACCOUNT = "AC" + "0123456789abcdef" * 2
SID = "SM" + "fedcba9876543210" * 2
SERVICE = "MG00112233445566778899aabbccddeeff"


def load(name):
    return decode_form((PAYLOADS / f"{name}.txt").read_bytes().strip())


def changed(name, **changes):
    """Return a payload with some parameters replaced, or removed where None."""
    renamed = {key.replace("From_", "From"): value for key, value in changes.items()}
    kept = [(key, value) for key, value in load(name) if key not in renamed]
    return kept + [(key, value) for key, value in renamed.items() if value is not None]


def test_a_text_is_read():
    text = parse_message(load("inbound_sms"))
    assert (text.message_sid, text.account_sid) == (SID, ACCOUNT)
    assert (text.from_address, text.to_address) == ("+14155550123", "+12027594810")
    assert text.body == "Hello, is my order ready?"
    assert (text.num_segments, text.media, text.messaging_service_sid, text.opt_out_type) == (1, (), "", "")


def test_every_parameter_is_kept_in_its_order():
    parameters = load("inbound_sms")
    assert list(parse_message([*parameters, ("New", "1"), ("New", "2")]).parameters) == [
        *parameters,
        ("New", "1"),
        ("New", "2"),
    ]


def test_all_ten_media_are_listed():
    text = parse_message(load("inbound_mms_ten_media"))
    assert len(text.media) == 10
    assert text.media[1].content_type == "text/x-vcard"
    assert text.media[9].url.endswith("/Media/ME" + "0" * 31 + "9")
    assert text.body == ""


@pytest.mark.parametrize("num_media", [None, "0", "many", "3"])
def test_media_count_by_what_is_there(num_media):
    text = parse_message(changed("inbound_sms", NumMedia=num_media, MediaUrl0="https://a", MediaUrl2="https://c"))
    assert text.media == (Media("https://a", ""), Media("https://c", ""))


def test_text_of_every_script_survives():
    assert parse_message(load("inbound_unicode")).body == "Żółw 🐢 & “quotes” +1 = 2\nsecond line"


def test_bytes_that_are_no_utf8_are_replaced_and_nul_is_dropped():
    body = parse_message(load("inbound_broken_bytes")).body
    assert body == "caf\ufffd bar\ufffd\ufffd\ufffd"
    assert decode_form(b"Body=\xff") == [("Body", "\ufffd")]


def test_a_messaging_service_and_its_opt_out_word_are_read():
    text = parse_message(load("inbound_stop_messaging_service"))
    assert (text.messaging_service_sid, text.opt_out_type) == (SERVICE, "STOP")


@pytest.mark.parametrize(
    ("name", "sender"),
    [("inbound_short_code", "72345"), ("inbound_whatsapp", "whatsapp:+14155550123")],
)
def test_senders_that_are_no_numbers_are_taken_as_they_are(name, sender):
    assert parse_message(load(name)).from_address == sender


def test_an_alphanumeric_sender_is_taken_as_it_is():
    assert parse_message(changed("inbound_sms", From_="Acme Bank")).from_address == "Acme Bank"


def test_a_text_is_not_lost_for_a_strange_messaging_service():
    assert parse_message(changed("inbound_sms", MessagingServiceSid="M G")).messaging_service_sid == ""


def test_the_fallback_request_is_a_text_like_any_other():
    text = parse_message(load("inbound_fallback"))
    assert ("ErrorCode", "11200") in text.parameters
    assert text.body == "Hello again"


def test_a_text_without_num_media_or_body_or_segments_is_a_text():
    text = parse_message(changed("inbound_sms", NumMedia=None, Body=None, NumSegments=None))
    assert (text.body, text.media, text.num_segments) == ("", (), 0)


def test_the_older_names_of_the_sid_are_understood():
    assert parse_message(changed("inbound_sms", MessageSid=None)).message_sid == SID
    assert parse_message(changed("inbound_sms", MessageSid="", SmsMessageSid=None)).message_sid == SID


@pytest.mark.parametrize(
    ("changes", "code", "advice"),
    [
        ({"MessageSid": None, "SmsMessageSid": None, "SmsSid": None}, "missing", "MessageSid is missing"),
        ({"AccountSid": None}, "missing", "AccountSid is missing"),
        ({"From_": ""}, "missing", "From is missing"),
        ({"To": None}, "missing", "To is missing"),
        ({"MessageSid": "SM/../x"}, "malformed", "MessageSid is no SID"),
        ({"AccountSid": "A" * 65}, "malformed", "AccountSid is no SID"),
        ({"From_": "9" * 321}, "malformed", "From is longer than any address"),
        ({"MessageStatus": "delivered"}, "status_report", "status report, not a text"),
    ],
)
def test_what_cannot_be_a_text_is_refused(changes, code, advice):
    with pytest.raises(PayloadError, match=advice) as refused:
        parse_message(changed("inbound_sms", **changes))
    assert refused.value.code == code


@pytest.mark.parametrize("name", ["MessageSid", "AccountSid", "From", "To"])
def test_a_second_value_of_what_identifies_a_text_is_refused(name):
    with pytest.raises(PayloadError, match=f"{name} was sent more than once") as refused:
        parse_message([*load("inbound_sms"), (name, "other")])
    assert refused.value.code == "repeated"


def test_of_other_repeated_names_the_first_value_counts():
    assert parse_message([*load("inbound_sms"), ("Body", "second")]).body == "Hello, is my order ready?"


def test_a_report_is_read():
    report = parse_status(load("status_undelivered"))
    assert (report.message_sid, report.account_sid) == (SID, ACCOUNT)
    assert (report.status, report.error_code) == ("undelivered", "30005")
    assert report.error_message == "Unknown destination handset"
    assert (report.from_address, report.to_address) == ("+12027594810", "+14155550123")
    assert report.carrier_done_at == "2611221304"


def test_a_report_without_an_error_has_none():
    assert parse_status(load("status_delivered")).error_code == ""
    assert parse_status(changed("status_sent", ErrorCode="0")).error_code == ""
    assert parse_status(changed("status_sent", ErrorCode="none")).error_code == ""


def test_a_report_of_a_messaging_service_names_it():
    report = parse_status(load("status_failed_messaging_service"))
    assert (report.messaging_service_sid, report.error_code) == (SERVICE, "30007")


def test_a_report_needs_little():
    report = parse_status([("MessageSid", SID), ("AccountSid", ACCOUNT), ("SmsStatus", " Sent ")])
    assert report.status == "sent"
    assert (report.from_address, report.to_address) == ("", "")


def test_a_word_that_twilio_may_add_is_taken_as_it_is():
    assert parse_status(changed("status_sent", MessageStatus="partially_read")).status == "partially_read"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"MessageStatus": None, "SmsStatus": None}, "missing"),
        ({"MessageStatus": "sent!"}, "malformed"),
        ({"MessageStatus": "x" * 33}, "malformed"),
        ({"AccountSid": " "}, "missing"),
    ],
)
def test_what_cannot_be_a_report_is_refused(changes, code):
    with pytest.raises(PayloadError) as refused:
        parse_status(changed("status_sent", **changes))
    assert refused.value.code == code


def test_a_second_status_is_refused():
    with pytest.raises(PayloadError, match="MessageStatus was sent more than once"):
        parse_status([*load("status_sent"), ("MessageStatus", "delivered")])


def test_a_form_is_bounded():
    assert len(decode_form(b"&".join([b"a=1"] * MAX_FIELDS))) == MAX_FIELDS
    with pytest.raises(PayloadError) as many:
        decode_form(b"&".join([b"a=1"] * (MAX_FIELDS + 1)))
    with pytest.raises(PayloadError) as large:
        decode_form(b"a" * (MAX_BODY + 1))
    assert (many.value.code, large.value.code) == ("too_many_fields", "too_large")


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reading(raw):
    params = decode_form(raw)
    for parse in (parse_message, parse_status):
        with pytest.raises(PayloadError):
            parse(params)


@given(st.text(max_size=50), st.text(max_size=20))
def test_no_nul_reaches_the_database(body, name):
    text = parse_message([*load("inbound_sms"), ("X\0" + name, body + "\0")])
    assert not any("\0" in part for pair in text.parameters for part in pair)
