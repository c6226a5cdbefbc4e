"""Ids: UUIDv7, ordered within a process whatever the clock does, never the same in two processes."""

import threading
import uuid
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tenants import ids


def test_an_id_is_a_uuid_of_version_7():
    made = ids.new_id()
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert len(made.hex) == 32
    assert made.hex == made.hex.lower()


def test_an_id_tells_when_it_was_made(monkeypatch):
    monkeypatch.setattr(ids, "_last", 0)
    monkeypatch.setattr(ids.time, "time_ns", lambda: 1_700_000_000_123_000_000)
    assert ids.new_id().int >> 80 == 1_700_000_000_123


def test_an_id_of_another_moment_stands_where_that_moment_belongs():
    day = datetime(2026, 3, 12, 14, 32, 5, 123_000, tzinfo=UTC)
    early, late = ids.id_at(day), ids.id_at(day + timedelta(milliseconds=1))
    assert early < late
    assert (early.version, early.variant, early.int >> 80) == (7, uuid.RFC_4122, round(day.timestamp() * 1000))


@given(moments=st.lists(st.integers(min_value=0, max_value=2**61), min_size=2, max_size=20))
def test_ids_grow_whatever_the_clock_does(moments):
    clock = iter(moments)
    real, ids.time.time_ns = ids.time.time_ns, lambda: next(clock)
    before, ids._last = ids._last, 0
    try:
        made = [ids.new_id() for _ in moments]
    finally:
        ids.time.time_ns, ids._last = real, before
    assert made == sorted(set(made))
    assert all((one.version, one.variant) == (7, uuid.RFC_4122) for one in made)


def test_threads_never_get_the_same_id():
    made: list[uuid.UUID] = []
    threads = [threading.Thread(target=lambda: made.extend(ids.new_id() for _ in range(500))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 4000


def test_two_processes_forked_from_one_walk_different_ids(monkeypatch):
    """Both begin where their parent was; with the clock set back neither takes a fresh moment."""
    monkeypatch.setattr(ids.time, "time_ns", lambda: 0)
    monkeypatch.setattr(ids, "_last", 1_700_000_000_000 << 74)
    start = ids._last
    one = {ids.new_id() for _ in range(100)}
    monkeypatch.setattr(ids, "_last", start)
    other = {ids.new_id() for _ in range(100)}
    assert not one & other
