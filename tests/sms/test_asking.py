"""Several accounts are asked at the same time, and one that hangs or breaks holds up no other."""

import threading
from typing import Any

import pytest

from sms.lists import asking


def ask(*questions: asking.Question, told: list[Any], closed: list[str] | None = None) -> asking.Work:
    """Ask one question after the other; what comes back is noted."""
    try:
        for question in questions:
            try:
                told.append((yield question))
            except ValueError as error:
                told.append(str(error))
    finally:
        if closed is not None:
            closed.append(threading.current_thread().name)
    return len(questions)


def refuse() -> None:
    raise ValueError("refused")


def test_answers_and_refusals_come_back_to_who_asked() -> None:
    told: list[Any] = []
    assert asking.together([ask(lambda: 1, refuse, lambda: 3, told=told)], seconds=20) == 3
    assert told == [1, "refused", 3]


def test_works_are_asked_side_by_side() -> None:
    """Each waits for the other: one after the other, they would never end."""
    both, told = threading.Barrier(2, timeout=20), list[Any]()
    works = [ask(lambda: both.wait() >= 0, told=told) for _ in range(2)]
    assert asking.together(works, seconds=20) == 2
    assert told == [True, True]


def test_what_hangs_is_left_when_the_time_is_over_and_may_tidy_up_in_its_own_thread() -> None:
    told, closed, forever = list[Any](), list[str](), threading.Event()
    hanging = ask(forever.wait, told=told, closed=closed)
    quick = ask(lambda: "quick", told=told)
    try:
        assert asking.together([hanging, quick], seconds=0.3) == 1
    finally:
        forever.set()
    assert told == ["quick"]
    assert closed == [threading.current_thread().name]


def test_a_work_that_breaks_takes_no_other_with_it(caplog: pytest.LogCaptureFixture) -> None:
    told: list[Any] = []

    def broken() -> asking.Work:
        yield lambda: None
        raise RuntimeError("broken")

    assert asking.together([broken(), ask(lambda: 1, told=told)], seconds=20) == 1
    assert "sms.asking.failed" in caplog.text


def test_no_more_than_eight_are_begun_at_once() -> None:
    begun: list[int] = []

    def work(number: int) -> asking.Work:
        begun.append(number)
        seen.append(len(begun) - len(done))
        yield lambda: None
        done.append(number)
        return 1

    seen, done = list[int](), list[int]()
    assert asking.together(map(work, range(30)), seconds=20) == 30
    assert max(seen) <= asking.AT_ONCE
