"""Each aspect is judged from plain facts; each reason has words and a button that exists."""

from datetime import timedelta

import pytest

from sms.health import aspects, reasons, showing, words
from sms.health.aspects import Money, Registered, Seen, Sent, Unread
from sms.twilio.account_words import Result
from tests.sms.health.tls_server import NOW

GOOD_TEXT, FAILED = Sent("US", False), Sent("US", True, "30034")


def test_every_reason_has_its_tone_its_words_and_a_button_that_leads_somewhere():
    assert {row.tone for row in reasons.REASONS.values()} == set(reasons.ORDER)
    assert {row.button for row in reasons.REASONS.values()} - {""} <= showing.BUTTONS
    for row in reasons.REASONS.values():
        said = words.say(row.key, {"code": "30034", "detail": "x", "day": "2026-12-01", "countries": ["FR"]})
        assert said.text
        assert "%(" not in said.text + said.advice
        assert row.tone in (reasons.GOOD, reasons.UNKNOWN) or row.advice or row.button or row.key == "address_none"


def test_a_reason_that_nobody_knows_says_that_it_is_not_known():
    assert (reasons.of("from_the_future").tone, words.say("from_the_future", {}).text) == ("unknown", "Not known.")


@pytest.mark.parametrize("result", list(Result))
def test_every_end_of_a_credential_check_has_a_light(result):
    tone = aspects.credentials(result).tone
    good, unsure = ("ok", "key_limited"), ("unreachable", "busy", "sandbox_off", "unclear")
    assert tone == ("good" if result in good else "unknown" if result in unsure else "bad")
    assert aspects.are_refused(result) == (tone != "good")


@pytest.mark.parametrize(
    ("amount", "kind", "reason"),
    [
        ("100.00", "Full", "balance_ok"),
        ("9.99", "Full", "balance_low"),
        ("0", "Full", "balance_out"),
        ("-3.10", "Trial", "balance_out"),
        ("15.50", "Trial", "balance_trial"),
    ],
)
def test_money(amount, kind, reason):
    verdict = aspects.balance(Money(amount, "USD"), account_type=kind, is_sub_account=False)
    assert verdict.reason == reason


def test_what_twilio_does_not_tell_is_not_known():
    assert aspects.balance(Unread(), account_type="", is_sub_account=True).reason == "balance_of_parent"
    assert aspects.balance(Unread("20003"), account_type="", is_sub_account=False).reason == "not_allowed"
    assert aspects.geo(["FR"], Unread()).reason == "not_read"


def test_numbers_are_summed_up_by_the_worst():
    found = {"+1": ("here", {}), "+2": ("elsewhere", {"detail": "https://x"}), "+3": ("elsewhere", {"detail": "y"})}
    *each, total = aspects.webhooks(found, polled=False)
    assert [verdict.tone for verdict in each] == ["good", "bad", "bad"]
    assert (total.reason, total.facts["count"], total.facts["numbers"]) == ("webhook_elsewhere", 2, ["+2", "+3"])
    assert [verdict.reason for verdict in aspects.webhooks({}, polled=False)] == ["webhook_no_numbers"]
    assert [verdict.reason for verdict in aspects.webhooks(found, polled=True)] == ["webhook_polled"]


@pytest.mark.parametrize(
    ("told", "to_us", "reason"),
    [
        (Registered("registered"), True, "registration_registered"),
        (Registered("missing"), True, "registration_missing_10dlc"),
        (Registered("missing"), False, "registration_unused_10dlc"),
        (Registered("missing", toll_free=True), False, "registration_missing_toll_free"),
        (Registered("failed", "No website"), True, "registration_failed"),
        (Registered("pending"), True, "registration_pending"),
        (Registered(""), True, "registration_unknown"),
    ],
)
def test_registration(told, to_us, reason):
    assert next(iter(aspects.registrations({"+1": told}, to_us=to_us))).reason == reason


def test_the_address_is_judged_by_its_certificate_and_by_who_called_lately():
    def judged(outcome, *, days=None, signed=None):
        ends = NOW + timedelta(days=days) if days is not None else None
        at = NOW - timedelta(minutes=signed) if signed is not None else None
        return aspects.address(Seen(outcome, "h", expires_at=ends), now=NOW, signed_at=at).reason

    assert judged("ok", days=60) == "address_ok"
    assert judged("ok", days=10) == "address_ends_soon"
    assert judged("ok", days=2) == "address_ends_now"
    assert judged("closed") == "address_closed"
    assert judged("closed", signed=5) == "address_not_from_here"
    assert judged("closed", signed=500) == "address_closed"
    assert judged("incomplete", signed=5) == "address_incomplete"


def test_every_outcome_of_a_look_has_a_reason():
    from sms.health.reaching import Outcome

    assert {f"address_{outcome}" for outcome in Outcome} <= set(reasons.REASONS)


def test_sent_texts():
    def judged(recent, held="", stopped=()):
        return aspects.outbound(recent, held_reason=held, stopped=stopped).reason

    assert judged([]) == "outbound_none"
    assert judged([GOOD_TEXT, FAILED]) == "outbound_ok"
    assert judged([FAILED, GOOD_TEXT]) == "outbound_last_failed"
    assert judged([FAILED] * 5 + [GOOD_TEXT] * 5) == "outbound_failing"
    assert judged([GOOD_TEXT], held="20003") == "outbound_stopped"
    assert judged([GOOD_TEXT], stopped=[("+1", "21606")]) == "outbound_sender_stopped"


def test_countries_and_sender_ids():
    assert aspects.geo(["FR", "US"], {"FR": False, "US": True}).facts["countries"] == ["FR"]
    assert aspects.geo(["US"], {"US": True}).reason == "geo_ok"
    assert aspects.geo([], {}).reason == "geo_none"
    judged = {
        name: aspects.sender_id("Acme", recent, account_type=kind).reason
        for name, recent, kind in [
            ("trial", [], "Trial"),
            ("us", [GOOD_TEXT], "Full"),
            ("fr", [Sent("FR", False)], "Full"),
            ("refused", [Sent("FR", True, "21612", by_sender_id=True)], "Full"),
        ]
    }
    assert judged == {
        "trial": "sender_id_trial",
        "us": "sender_id_countries",
        "fr": "sender_id_ok",
        "refused": "sender_id_refused",
    }


def test_signatures_and_alerts_are_over_once_a_good_call_came():
    assert aspects.signatures([], is_over=False).reason == "signature_ok"
    assert aspects.signatures([("fits", "")], is_over=False).reason == "signature_over"
    assert aspects.signatures([("unsigned", ""), ("rotated", "")], is_over=False).reason == "signature_rotated"
    assert aspects.signatures([("rotated", "")], is_over=True).reason == "signature_over"
    assert aspects.alerts(2, "11200", NOW, NOW - timedelta(minutes=1)).reason == "alerts_now"
    assert aspects.alerts(2, "11200", NOW, NOW + timedelta(minutes=1)).reason == "alerts_over"
    assert aspects.alerts(0, "", None, None).reason == "alerts_none"


def test_texts_that_twilio_should_have_called_with():
    old, new = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    assert aspects.inbound(last_in_at=new, signed_at=old, missed_at=new, now=NOW).reason == "inbound_missed"
    assert aspects.inbound(last_in_at=new, signed_at=new, missed_at=old, now=NOW).reason == "inbound_ok"
    assert aspects.inbound(last_in_at=None, signed_at=None, missed_at=None, now=NOW).reason == "inbound_none"


def test_the_messaging_service():
    found = [aspects.service(sid, count).reason for sid, count in [("", None), ("MG1", None), ("MG1", 0), ("MG1", 2)]]
    assert found == ["service_none", "service_missing", "service_empty", "service_ok"]
