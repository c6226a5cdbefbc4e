"""Ask several Twilio accounts at the same time: the questions run in threads, everything else in this one.

One account that answers slowly, or not at all, holds up no other, and the database is used by one thread only.
"""

import logging
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

log = logging.getLogger(__name__)

AT_ONCE = 8
Question = Callable[[], Any]
# Yields questions, is given their answers (or what they raised), and returns how much it has done.
Work = Generator[Question, Any, int]


def together(works: Iterable[Work], *, seconds: float) -> int:
    """Drive works until they end, or the time is over; those that are left are closed, and go on another time."""
    until = time.monotonic() + seconds
    waiting, done = iter(works), 0
    asked: dict[Future[Any], Work] = {}
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="asking")
    try:
        while True:
            while len(asked) < AT_ONCE and time.monotonic() < until and (work := next(waiting, None)) is not None:
                done += _go_on(work, None, asked, pool)
            if not asked:
                return done
            answered, _ = wait(asked, timeout=max(until - time.monotonic(), 0), return_when=FIRST_COMPLETED)
            if not answered:
                return done
            for future in answered:
                done += _go_on(asked.pop(future), future, asked, pool)
    finally:
        for work in asked.values():
            work.close()
        pool.shutdown(wait=False, cancel_futures=True)


def _go_on(work: Work, answer: Future[Any] | None, asked: dict[Future[Any], Work], pool: ThreadPoolExecutor) -> int:
    """Give a work its answer and note its next question; returns what it has done, once it is through."""
    try:
        question = next(work) if answer is None else _tell(work, answer)
    except StopIteration as end:
        return int(end.value or 0)
    except Exception:
        log.exception("sms.asking.failed")
        return 0
    asked[pool.submit(question)] = work
    return 0


def _tell(work: Work, answer: Future[Any]) -> Question:
    error = answer.exception()
    return work.throw(error) if error else work.send(answer.result())
