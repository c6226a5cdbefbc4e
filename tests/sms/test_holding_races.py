"""Held texts while several do something to them at the same moment, on both engines."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connections

from sms import optouts, outbound, sending, sweeps
from sms.models import Message, Sender
from sms.queueing import opening
from tenants import audit, clock
from tests import factories
from tests.factories import OUR_NUMBER
from tests.sms.conftest import fresh
from tests.sms.rules_scene import NEXT_OPENING, SATURDAY, decide_by, rule
from tests.sms.sending_scene import queue

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("hinted")]
ROUNDS = 12


def at_once(*steps: Callable[[], Any]) -> list[Any]:
    """Run steps on a connection each, begun at the same moment; returns what each returned. Nobody may fail."""
    together, results, errors = threading.Barrier(len(steps)), dict[int, Any](), list[Exception]()

    def run(number: int, step: Callable[[], Any]) -> None:
        try:
            together.wait(30)
            results[number] = step()
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(steps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    return [results[number] for number in range(len(steps))]


def waiting(cast: factories.Cast, count: int) -> list[Message]:
    """Write texts on a Saturday, each to somebody else, that wait for Monday."""
    decide_by(cast, rule(cast, when_closed="hold"))
    with clock.frozen(SATURDAY):
        return [queue(cast, to=f"+1303555{number:04}") for number in range(count)]


def post() -> list[Any]:
    """Lease and mark all that is due: what would be posted."""
    Sender.objects.update(rate=1000, next_send_at=clock.now())
    return sending.mark(sending.claim(100))


def test_several_sweeps_let_each_text_go_once(cast: factories.Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_BATCH", 7)
    texts = waiting(cast, 40)
    before = {text.pk: fresh(text).conversation.version for text in texts}  # type: ignore[union-attr]
    with clock.frozen(NEXT_OPENING):
        assert sum(at_once(*[opening.let_go] * 4)) == len(texts), "passed over or taken, never taken twice"
        assert set(Message.objects.values_list("state", flat=True)) == {"queued"}
        assert len(post()) == len(texts)
    after = {text.pk: fresh(text).conversation.version for text in texts}  # type: ignore[union-attr]
    assert after == {key: version + 1 for key, version in before.items()}


def test_several_beats_let_each_text_go_once(cast: factories.Cast) -> None:
    texts = waiting(cast, 10)
    with clock.frozen(NEXT_OPENING):
        ran = at_once(*[sweeps.sweep] * 4)
        assert sum(found.get("opened", 0) for found in ran) == len(texts)
        assert len(post()) == len(texts)


def test_what_is_canceled_never_goes_whoever_releases_it_at_that_moment(cast: factories.Cast) -> None:
    decide_by(cast, rule(cast, action="hold"))
    for number in range(ROUNDS):
        message = queue(cast, to=f"+1303555{number:04}")
        _released, canceled = at_once(
            lambda message=message: outbound.release(audit.PORTAL, message),  # type: ignore[misc]
            lambda message=message: outbound.cancel(audit.PORTAL, message),  # type: ignore[misc]
        )
        assert canceled
        assert fresh(message).state == "canceled"
    assert post() == []


def test_two_people_release_a_text_once(cast: factories.Cast) -> None:
    decide_by(cast, rule(cast, action="hold"))
    for number in range(ROUNDS):
        message = queue(cast, to=f"+1303555{number:04}")
        release = [lambda message=message: outbound.release(audit.PORTAL, message)] * 2  # type: ignore[misc]
        assert sorted(at_once(*release)) == [False, True]
    assert cast.acme.audit_entries.filter(action="sms.message.released").count() == ROUNDS
    assert len(post()) == ROUNDS


@pytest.mark.parametrize("how", ["let_go", "release"])
def test_nothing_is_posted_to_whoever_says_stop_while_it_is_let_go(cast: factories.Cast, how: str) -> None:
    decide_by(cast, rule(cast, when_closed="hold"))
    for number in range(ROUNDS):
        theirs = f"+1303555{number:04}"
        with clock.frozen(SATURDAY):
            message = queue(cast, to=theirs)
        go = {"let_go": opening.let_go, "release": partial(outbound.release, audit.PORTAL, message)}
        stop = partial(optouts.add, cast.acme, OUR_NUMBER, theirs, source="text")
        with clock.frozen(NEXT_OPENING):
            at_once(stop, go[how])
            assert post() == []
        assert fresh(message).state == "suppressed"
