"""States and their moves; Twilio's ladder."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.status import (
    FAILED,
    FINAL,
    MOVES,
    RANKS,
    MessageState,
    climbs,
    describe_state,
    describe_status,
    may_move,
    rank_of,
    sources_of,
)

STATES = list(MessageState)


def test_every_state_has_its_moves_and_its_words():
    assert set(MOVES) == set(STATES)
    assert all(describe_state(state) != state for state in STATES)
    assert describe_state("other") == "other"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("queued", "sending"),
        ("sending", "queued"),
        ("sending", "accepted"),
        ("sending", "rejected"),
        ("sending", "unknown"),
        ("unknown", "accepted"),
        ("unknown", "queued"),
        ("queued", "accepted"),
        ("queued", "suppressed"),
        ("accepted", "queued"),
        ("rejected", "queued"),
        ("rejected", "accepted"),
        ("expired", "accepted"),
        ("held", "queued"),
        ("held", "received"),
        ("received", "routed"),
        ("unrouted", "routed"),
    ],
)
def test_a_move_that_happens_is_allowed(old, new):
    assert may_move(old, new)
    assert old in sources_of(new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("accepted", "sending"),
        ("accepted", "rejected"),
        ("accepted", "unknown"),
        ("unknown", "sending"),
        ("canceled", "sending"),
        ("suppressed", "queued"),
        ("routed", "received"),
        ("received", "queued"),
        ("queued", "queued"),
        ("queued", "nonsense"),
        ("nonsense", "queued"),
    ],
)
def test_a_move_that_would_send_twice_or_undo_history_is_not(old, new):
    assert not may_move(old, new)
    assert old not in sources_of(new)


def test_only_a_claim_leads_to_sending():
    assert sources_of("sending") == ("queued",)


def test_what_was_stopped_stays_stopped():
    for old in (MessageState.BLOCKED, MessageState.SUPPRESSED, MessageState.EXPIRED, MessageState.CANCELED):
        assert MOVES[old] == {MessageState.ACCEPTED}


def test_a_routed_text_moves_only_when_no_rule_takes_it_after_it_was_held():
    assert MOVES[MessageState.ROUTED] == {MessageState.UNROUTED}


def test_the_ladder_has_the_decided_numbers():
    assert dict(RANKS) == {
        "accepted": 10,
        "scheduled": 10,
        "queued": 20,
        "sending": 30,
        "sent": 40,
        "undelivered": 50,
        "failed": 55,
        "canceled": 55,
        "partially_delivered": 58,
        "delivered": 60,
        "read": 70,
    }
    assert FAILED < FINAL < set(RANKS)


def test_every_status_is_said_in_plain_words():
    assert all(describe_status(status) != status for status in RANKS)
    assert describe_status("teleported") == "teleported"


def test_a_word_twilio_may_add_has_no_rank_and_never_climbs():
    assert rank_of("teleported") is None
    assert rank_of("sent") == 40
    assert not climbs(0, "teleported")


def test_late_sent_report_does_not_undo_delivered():
    assert not climbs(60, "sent")
    assert not climbs(60, "failed")


def test_a_late_receipt_turns_undelivered_into_delivered():
    assert climbs(50, "delivered")


def test_the_same_rank_is_an_event_only():
    assert not climbs(55, "canceled")


@pytest.mark.parametrize("reports", list(permutations(["queued", "sent", "delivered"])))
def test_the_order_of_reports_does_not_matter(reports):
    assert _after(reports) == 60


@given(st.lists(st.sampled_from([*RANKS, "teleported"])))
def test_a_text_only_climbs_and_ends_at_its_highest_report(reports):
    assert _after(reports) == max((RANKS.get(status, 0) for status in reports), default=0)


def _after(reports):
    rank = 0
    for status in reports:
        if climbs(rank, status):
            rank = RANKS[status]
    return rank
