"""Conversations that nobody answers in time are given on: once, to whom the group says, and audited."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from sms import assigning, handing_over, sweeps
from sms.models import Conversation, Message
from tenants import clock, failpoints
from tenants.failpoints import Failed
from tenants.models import Group
from tests import factories
from tests.sms.sharing_scene import NOW, answer, arrive, away, holder, sales

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]


def actions(cast: factories.Cast) -> list[str]:
    found = cast.acme.audit_entries.filter(action__startswith="sms.conversation.")
    return list(found.order_by("occurred_at", "id").values_list("action", flat=True))


def hot(cast: factories.Cast, **fields: Any) -> Group:
    """Make the group Sales give on after ten minutes."""
    return sales(cast, "round_robin", escalate_minutes=10, **fields)


def later(minutes: float) -> Any:
    return clock.frozen(NOW + timedelta(minutes=minutes))


def first_text(cast: factories.Cast) -> Message:
    with clock.frozen(NOW):
        return arrive(cast)


def test_without_an_answer_it_is_given_on_once(cast: factories.Cast) -> None:
    hot(cast, escalate_member=cast.sam)
    message = first_text(cast)
    assert holder(message) == cast.alice
    with later(9):
        assert handing_over.escalate_due() == 0
    with later(10):
        assert handing_over.escalate_due() == 1
        assert handing_over.escalate_due() == 0
    with later(60):
        assert handing_over.escalate_due() == 0
    assert holder(message) == cast.sam
    assert actions(cast) == ["sms.conversation.escalated"]
    [step] = handing_over.history(Conversation.objects.get())
    assert step.words == "No answer within 10 minutes: given on to Sam"


def test_it_is_given_on_to_a_group_and_shared_out_there(cast: factories.Cast) -> None:
    night = factories.make_group(cast.acme, "Night", cast.bob)
    Group.objects.filter(pk=night.pk).update(assignment="round_robin", escalate_minutes=5, escalate_member=cast.sam)
    hot(cast, escalate_group=night)
    message = first_text(cast)
    with later(10):
        assert handing_over.escalate_due() == 1
    assert holder(message) == cast.bob
    assert Conversation.objects.get().assigned_group == night
    # No second time for the same text: two groups never play ball with it.
    with later(60):
        assert handing_over.escalate_due() == 0


@pytest.mark.parametrize("fields", [{}, {"source": "api", "author": None}])
def test_an_answer_of_anybody_stops_the_clock(cast: factories.Cast, fields: dict[str, Any]) -> None:
    hot(cast, escalate_member=cast.sam)
    message = first_text(cast)
    with later(5):
        row = answer(cast, cast.bob, message)
        Message.objects.filter(pk=row.pk).update(**fields)
    with later(10):
        assert handing_over.escalate_due() == 0
    with later(20):
        arrive(cast)
    with later(30):
        assert handing_over.escalate_due() == 1


@pytest.mark.parametrize("source", ["auto_reply", "forward"])
def test_a_machine_answers_nobody(cast: factories.Cast, source: str) -> None:
    hot(cast, escalate_member=cast.sam)
    message = first_text(cast)
    with later(1):
        answer(cast, cast.bob, message, source=source)
    with later(10):
        assert handing_over.escalate_due() == 1


def test_a_second_text_does_not_start_the_clock_anew(cast: factories.Cast) -> None:
    hot(cast, escalate_member=cast.sam)
    first_text(cast)
    with later(9):
        arrive(cast)
    with later(10):
        assert handing_over.escalate_due() == 1


def test_with_nobody_there_the_clock_runs_all_the_same(cast: factories.Cast) -> None:
    carl = factories.make_member(cast.acme, "carl@acme.example", "agent", name="Carl")
    hot(cast, escalate_member=carl)
    away(cast.alice, cast.bob, cast.sam)
    message = first_text(cast)
    with later(10):
        assert handing_over.escalate_due() == 1
    assert holder(message) == carl


def test_who_has_become_a_viewer_since_is_given_nothing(cast: factories.Cast) -> None:
    hot(cast, escalate_member=cast.vera)
    message = first_text(cast)
    with later(10):
        assert handing_over.escalate_due() == 1
    assert holder(message) == cast.alice


def test_a_member_who_is_gone_since_is_said(cast: factories.Cast) -> None:
    carl = factories.make_member(cast.acme, "carl@acme.example", "agent", name="Carl")
    hot(cast, escalate_member=carl)
    message = first_text(cast)
    carl.delete()
    with later(10):
        assert handing_over.escalate_due() == 1
    assert holder(message) == cast.alice
    [step] = handing_over.history(Conversation.objects.get())
    assert "nobody: the group names nobody" in step.words


def test_a_worker_that_dies_while_it_gives_on_leaves_it_to_the_next(cast: factories.Cast, tmp_path: Any) -> None:
    hot(cast, escalate_member=cast.sam)
    message = first_text(cast)
    with later(10):
        failpoints.arm("escalate.before_commit:raise", tmp_path)
        try:
            with pytest.raises(Failed):
                handing_over.escalate_due()
        finally:
            failpoints.arm("", tmp_path)
        assert holder(message) == cast.alice
        assert actions(cast) == []
        assert handing_over.escalate_due() == 1
    assert holder(message) == cast.sam
    assert actions(cast) == ["sms.conversation.escalated"]


def test_the_sweep_does_it(cast: factories.Cast) -> None:
    hot(cast, escalate_member=cast.sam)
    first_text(cast)
    with later(10):
        assert sweeps.sweep()["unanswered"] == 1


def test_an_answer_that_was_quicker_than_the_worker_starts_no_clock(cast: factories.Cast) -> None:
    group = hot(cast, escalate_member=cast.sam)
    message = first_text(cast)
    Conversation.objects.update(answer_due_at=None)
    with later(1):
        answer(cast, cast.bob, message)
    assigning.assign_text(message, group)
    assert Conversation.objects.get().answer_due_at is None


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_sweeps_at_the_same_moment_give_it_on_once(cast: factories.Cast) -> None:
    hot(cast, escalate_member=cast.sam)
    message = first_text(cast)
    together = threading.Barrier(4)

    def sweep(_number: int) -> int:
        try:
            together.wait(10)
            return handing_over.escalate_due()
        finally:
            connections.close_all()

    with later(10), ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(sweep, range(4))) == 1
    assert holder(message) == cast.sam
    assert actions(cast) == ["sms.conversation.escalated"]
