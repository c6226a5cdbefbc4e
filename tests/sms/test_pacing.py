"""Who may send now and how many: the arithmetic of fairness and pace."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms import pacing
from sms.pacing import Waiting

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def waiting(tenant: int, sender: int, rate: float = 100.0) -> Waiting:
    return Waiting(uuid.UUID(int=sender), uuid.UUID(int=tenant), uuid.UUID(int=1000 + tenant), rate)


@pytest.mark.parametrize(
    ("address", "rate"),
    [
        ("+12025550101", 1.0),
        ("+18005550101", 3.0),
        ("+447400123456", 10.0),
        ("+18685550101", 10.0),
        ("12345", 100.0),
        ("ACME", 10.0),
        ("MG" + "1" * 32, 100.0),
        ("whatsapp:+12025550101", 1.0),
    ],
)
def test_a_new_sender_has_the_pace_that_twilio_documents(address: str, rate: float) -> None:
    assert pacing.rate_of(address) == rate


def test_one_text_a_tenant_and_round() -> None:
    shares = pacing.share([waiting(1, 1), waiting(1, 2), waiting(2, 3)], 5)
    assert shares == {uuid.UUID(int=1): 2, uuid.UUID(int=2): 1, uuid.UUID(int=3): 2}


def test_no_sender_gets_more_than_a_seconds_worth() -> None:
    assert pacing.share([waiting(1, 1, 0.1), waiting(2, 2, 3.5)], 100) == {uuid.UUID(int=1): 1, uuid.UUID(int=2): 3}


@given(
    st.lists(st.tuples(st.integers(1, 5), st.floats(0.1, 20)), max_size=20),
    st.integers(0, 40),
)
def test_shares_never_exceed_the_places_and_differ_by_need_only(rows: list[tuple[int, float]], slots: int) -> None:
    given_rows = [waiting(tenant, number, rate) for number, (tenant, rate) in enumerate(rows, 1)]
    shares = pacing.share(given_rows, slots)
    limits = {row.sender: max(1, int(row.rate)) for row in given_rows}
    assert sum(shares.values()) == min(slots, sum(limits.values()))
    assert all(count <= limits[sender] for sender, count in shares.items())
    of_tenant: dict[uuid.UUID, tuple[int, int]] = {}
    for row in given_rows:
        had, could = of_tenant.get(row.tenant, (0, 0))
        of_tenant[row.tenant] = had + shares.get(row.sender, 0), could + limits[row.sender]
    for had, could in of_tenant.values():
        assert had == could or all(other <= had + 1 for other, _ in of_tenant.values())


def test_the_next_text_waits_for_the_segments_of_the_last() -> None:
    assert pacing.next_send_at(NOW, NOW - timedelta(hours=1), 3, 2.0) == NOW + timedelta(seconds=1.5)
    assert pacing.next_send_at(NOW, NOW + timedelta(seconds=1), 1, 1.0) == NOW + timedelta(seconds=2)


@pytest.mark.parametrize(("attempts", "wait"), [(0, 1), (1, 1), (2, 2), (5, 16), (7, 60), (500, 60)])
def test_waits_double_up_to_the_longest(attempts: int, wait: float) -> None:
    assert pacing.wait_before_retry(attempts, 60, 0.5) == pytest.approx(wait)
    assert pacing.wait_before_retry(attempts, 60, 0.0) == pytest.approx(wait * 0.8)
    assert pacing.wait_before_retry(attempts, 60, 1.0) == pytest.approx(wait * 1.2)
