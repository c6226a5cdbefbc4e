"""Texts of a group are shared fairly, to one member each, whoever comes, goes, or dies."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from django.db import connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sms import assigning, delivering, inbound
from sms.models import Conversation, Delivery, Message
from tenants import clock
from tenants.failpoints import Failed
from tenants.models import Member
from tests import factories
from tests.factories import OUR_NUMBER
from tests.sms.sharing_scene import NOW, arrive, holder, sales, theirs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]


@pytest.fixture
def now() -> Iterator[datetime]:
    with clock.frozen(NOW):
        yield NOW


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(absences=st.lists(st.sets(st.integers(0, 2), max_size=2), min_size=1, max_size=12))
def test_nobody_is_ever_passed_over(cast: factories.Cast, absences: list[set[int]]) -> None:
    """Whoever comes and goes: whoever is given one was given his last before all others who were there."""
    with transaction.atomic(), clock.frozen(NOW):
        group = sales(cast)
        members = [cast.alice, cast.bob, cast.sam]
        last = dict.fromkeys(members, -1)
        for turn, gone in enumerate(absences):
            there = [member for n, member in enumerate(members) if n not in gone]
            Member.objects.filter(groups=group).update(available=False)
            Member.objects.filter(pk__in=[member.pk for member in there]).update(available=True)
            row = factories.make_conversation(cast.acme, OUR_NUMBER, theirs(turn))
            chosen = assigning.assign(row, group).member
            assert chosen in there
            assert last[chosen] == min(last[member] for member in there)
            last[chosen] = turn
        transaction.set_rollback(True)


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize("count", [3, 30, 31])
def test_shares_differ_by_one_at_most(cast: factories.Cast, count: int) -> None:
    sales(cast)
    shares = Counter(holder(arrive(cast, number)) for number in range(count))
    assert max(shares.values()) - min(shares.values()) <= (count % 3 != 0)


def test_a_worker_that_dies_while_it_gives_leaves_it_to_the_next(
    cast: factories.Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = sales(cast)
    message = factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=theirs(1))
    inbound.work()
    delivery = Delivery.objects.get()
    assert delivering.take(delivery)
    note = assigning.note

    def dies(*args: Any) -> None:
        note(*args)
        raise Failed("assigned")

    with monkeypatch.context() as patch:
        patch.setattr(assigning, "note", dies)
        assert isinstance(delivering.attempt(delivery), Failed)
    assert Conversation.objects.get().assigned_to is None
    assert not group.group_members.exclude(last_given_at=None).exists()
    Delivery.objects.update(due_at=clock.in_seconds(-1))
    delivering.work()
    assert holder(Message.objects.get(pk=message.pk)) == cast.alice
    assert group.group_members.exclude(last_given_at=None).count() == 1


def test_one_whose_lease_is_over_gives_nothing_any_more(cast: factories.Cast) -> None:
    sales(cast)
    factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=theirs(1))
    inbound.work()
    late = Delivery.objects.get()
    assert delivering.take(late)
    Delivery.objects.update(due_at=clock.in_seconds(-1))
    delivering.work()
    Conversation.objects.update(assigned_to=cast.sam)
    assert delivering.attempt(late) is None
    assert Conversation.objects.get().assigned_to == cast.sam


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_texts_at_once_go_to_different_members(cast: factories.Cast) -> None:
    sales(cast)
    for number in range(9):
        factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=theirs(number))
    inbound.work()
    deliveries = list(Delivery.objects.select_related("message", "tenant", "group"))
    tokens = [delivering.take(delivery) for delivery in deliveries]
    assert all(tokens)
    together = threading.Barrier(len(deliveries))

    def give(delivery: Delivery) -> None:
        try:
            together.wait(10)
            assert delivering.attempt(delivery) is None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(deliveries)) as pool:
        list(pool.map(give, deliveries))
    assert connection.is_usable()
    shares = Counter(Conversation.objects.values_list("assigned_to", flat=True))
    assert shares == {cast.alice.pk: 3, cast.bob.pk: 3, cast.sam.pk: 3}
