"""Who of a group is given a conversation: each way of sharing, who takes over, and never two at once."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sms import assigning, conversations, delivering, handing_over, inbound
from sms.models import Conversation, Delivery, Message
from tenants import audit, clock
from tenants.failpoints import Failed
from tenants.models import Group, Member
from tests import factories
from tests.factories import OUR_NUMBER
from tests.sms.test_inbound import rules

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture
def now() -> Iterator[datetime]:
    with clock.frozen(NOW):
        yield NOW


def theirs(number: int) -> str:
    return f"+1202556{number:04d}"


def sales(cast: factories.Cast, assignment: str = "round_robin", **fields: Any) -> Group:
    """Make the group Sales of Alice, Bob and Sam, and let all texts go there."""
    group = factories.make_group(cast.acme, "Sales", cast.alice, cast.bob, cast.sam)
    Group.objects.filter(pk=group.pk).update(assignment=assignment, **fields)
    rules(cast.acme, {"targets": [to(group)]})
    return Group.objects.get(pk=group.pk)


def to(group: Group) -> dict[str, Any]:
    return {"kind": "group", "id": group.id.hex, "label": group.name}


def arrive(cast: factories.Cast, number: int = 1) -> Message:
    """Let a text come in, be processed and delivered."""
    message = factories.make_inbound(
        cast.configuration, ours=OUR_NUMBER, theirs=theirs(number), occurred_at=clock.now()
    )
    inbound.work()
    delivering.work()
    message.refresh_from_db()
    return message


def holder(message: Message) -> Member | None:
    assert message.conversation_id is not None
    return Conversation.objects.get(pk=message.conversation_id).assigned_to


def answer(cast: factories.Cast, member: Member, message: Message, **fields: Any) -> Message:
    """Write a text of a member's into a conversation, as sending does."""
    assert message.conversation is not None
    text = Message.objects.create(
        tenant=cast.acme,
        direction="out",
        configuration=cast.configuration,
        our_address=OUR_NUMBER,
        their_address=message.their_address,
        body="Yes",
        state="accepted",
        author=member,
        conversation=message.conversation,
        occurred_at=clock.now(),
        **{"source": "page"} | fields,
    )
    conversations.note_outbound(message.conversation, text)
    return text


def away(*members: Member) -> None:
    Member.objects.filter(pk__in=[member.pk for member in members]).update(available=False)


# --- Ways of sharing ---


@pytest.mark.usefixtures("now")
def test_one_after_the_other(cast: factories.Cast) -> None:
    sales(cast)
    got = [holder(arrive(cast, number)) for number in range(6)]
    assert got == [cast.alice, cast.bob, cast.sam] * 2


@pytest.mark.usefixtures("now")
def test_the_message_says_who_was_given_it_and_how(cast: factories.Cast) -> None:
    sales(cast)
    delivery = arrive(cast).deliveries.get()
    assert (delivery.state, delivery.label) == ("delivered", "Sales → Alice (one after the other)")
    assert delivering.title(delivery) == "Group Sales → Alice (one after the other)"


@pytest.mark.usefixtures("now")
def test_without_a_way_of_sharing_all_see_it_and_nobody_has_it(cast: factories.Cast) -> None:
    sales(cast, "")
    message = arrive(cast)
    delivery = message.deliveries.get()
    assert (delivery.state, delivery.label, delivery.tries) == ("delivered", "Sales", 0)
    assert holder(message) is None
    assert message.conversation in conversations.visible_to(cast.acme, cast.bob)


def test_whoever_has_waited_longest(cast: factories.Cast) -> None:
    sales(cast, "longest_idle")
    with clock.frozen(NOW):
        first = arrive(cast, 1)
    with clock.frozen(NOW + timedelta(minutes=1)):
        answer(cast, cast.bob, first)
    with clock.frozen(NOW + timedelta(minutes=2)):
        got = [holder(arrive(cast, number)) for number in (2, 3, 4)]
    assert (holder(first), got) == (cast.alice, [cast.sam, cast.alice, cast.bob])


def test_whoever_has_the_fewest_open_conversations(cast: factories.Cast) -> None:
    sales(cast, "least_busy")
    busy = {cast.alice: (1, "in"), cast.bob: (3, "out"), cast.sam: (2, "in")}
    with clock.frozen(NOW - timedelta(days=2)):
        for n, (member, (count, direction)) in enumerate(busy.items()):
            for k in range(count):
                factories.make_conversation(
                    cast.acme, OUR_NUMBER, theirs(100 + n * 10 + k), assigned_to=member, last_direction=direction
                )
    with clock.frozen(NOW):
        # Bob's were answered two days ago: they keep him busy no more.
        got = [holder(arrive(cast, number)) for number in range(4)]
    assert got == [cast.bob, cast.alice, cast.bob, cast.sam]


def test_whoever_answered_this_person_last_else_the_next_in_turn(cast: factories.Cast) -> None:
    sales(cast, "last_handler")
    with clock.frozen(NOW):
        first = arrive(cast, 1)
        assert holder(first) == cast.alice
        answer(cast, cast.sam, first)
        handing_over.release(audit.PORTAL, Conversation.objects.get())
    with clock.frozen(NOW + timedelta(minutes=1)):
        assert holder(arrive(cast, 1)) == cast.sam
        assert holder(arrive(cast, 2)) == cast.bob
        away(cast.sam)
        assert holder(arrive(cast, 1)) == cast.alice


@pytest.mark.usefixtures("now")
def test_whoever_has_it_keeps_it_while_he_is_there(cast: factories.Cast) -> None:
    sales(cast)
    first = arrive(cast, 1)
    again = arrive(cast, 1)
    assert (holder(first), again.deliveries.get().label) == (cast.alice, "Sales → Alice (has it already)")
    away(cast.alice)
    assert holder(arrive(cast, 1)) == cast.bob


@pytest.mark.usefixtures("now")
def test_whoever_took_it_from_outside_the_group_keeps_it_too(cast: factories.Cast) -> None:
    group = factories.make_group(cast.acme, "Night", cast.bob)
    Group.objects.update(assignment="round_robin")
    rules(cast.acme, {"targets": [to(group)]})
    message = arrive(cast)
    handing_over.give_to_member(audit.PORTAL, message.conversation, cast.alice)
    assert holder(arrive(cast)) == cast.alice


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize("change", [{"available": False}, {"enabled": False}, {"hours": {"sun": [["09:00", "10:00"]]}}])
def test_only_who_is_available_is_given_anything(cast: factories.Cast, change: dict[str, Any]) -> None:
    sales(cast)
    Member.objects.filter(pk__in=[cast.alice.pk, cast.sam.pk]).update(**change)
    assert {holder(arrive(cast, number)) for number in range(3)} == {cast.bob}


@pytest.mark.usefixtures("now")
def test_who_may_only_read_is_given_nothing(cast: factories.Cast) -> None:
    group = factories.make_group(cast.acme, "Sales", cast.vera)
    Group.objects.update(assignment="round_robin")
    rules(cast.acme, {"targets": [to(group)]})
    assert holder(arrive(cast)) is None


# --- Who takes over ---


@pytest.mark.usefixtures("now")
def test_with_nobody_there_it_stays_in_the_groups_inbox(cast: factories.Cast) -> None:
    sales(cast)
    away(cast.alice, cast.bob, cast.sam)
    message = arrive(cast)
    assert message.deliveries.get().label == "Sales (nobody is available)"
    assert holder(message) is None
    assert message.conversation in conversations.visible_to(cast.acme, cast.bob)
    shown = conversations.had_by(conversations.visible_to(cast.acme, cast.bob), cast.bob, "none")
    assert list(shown) == [message.conversation]


@pytest.mark.usefixtures("now")
def test_a_member_takes_over(cast: factories.Cast) -> None:
    group = factories.make_group(cast.acme, "Sales", cast.bob)
    Group.objects.update(assignment="round_robin", fallback_member=cast.sam)
    rules(cast.acme, {"targets": [to(group)]})
    away(cast.bob)
    message = arrive(cast)
    assert holder(message) == cast.sam
    assert message.deliveries.get().label == "Sales → Sam (takes over, since nobody else is available)"
    assert message.conversation in conversations.visible_to(cast.acme, cast.sam)


@pytest.mark.usefixtures("now")
def test_a_group_takes_over_and_shares_out_by_its_own_way(cast: factories.Cast) -> None:
    night = factories.make_group(cast.acme, "Night", cast.sam)
    day = factories.make_group(cast.acme, "Day", cast.bob)
    Group.objects.update(assignment="round_robin")
    Group.objects.filter(pk=day.pk).update(fallback_group=night)
    rules(cast.acme, {"targets": [to(day)]})
    away(cast.bob)
    message = arrive(cast)
    assert message.deliveries.get().label == "Day → Night → Sam (one after the other)"
    assert Conversation.objects.get().assigned_group == night


@pytest.mark.usefixtures("now")
def test_groups_that_take_over_for_each_other_end_where_they_began(cast: factories.Cast) -> None:
    day, night = factories.make_group(cast.acme, "Day", cast.bob), factories.make_group(cast.acme, "Night", cast.sam)
    Group.objects.filter(pk=day.pk).update(fallback_group=night, assignment="least_busy")
    Group.objects.filter(pk=night.pk).update(fallback_group=day, assignment="longest_idle")
    rules(cast.acme, {"targets": [to(day)]})
    away(cast.bob, cast.sam)
    message = arrive(cast)
    assert message.deliveries.get().label == "Day (nobody is available)"
    assert holder(message) is None


@pytest.mark.usefixtures("now")
def test_of_two_groups_of_one_rule_the_first_has_it_and_the_other_sees_it(cast: factories.Cast) -> None:
    day, night = factories.make_group(cast.acme, "Day", cast.bob), factories.make_group(cast.acme, "Night", cast.sam)
    Group.objects.update(assignment="round_robin")
    rules(cast.acme, {"targets": [to(day), to(night)]})
    message = arrive(cast)
    assert [one.label for one in message.deliveries.all()] == ["Day → Bob (one after the other)", "Night"]
    assert holder(message) == cast.bob
    assert message.conversation in conversations.visible_to(cast.acme, cast.sam)


@pytest.mark.usefixtures("now")
def test_a_group_that_is_deleted_before_its_text_is_shared_out_ends_it(cast: factories.Cast) -> None:
    group = sales(cast)
    message = factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=theirs(1))
    inbound.work()
    group.delete()
    delivering.work()
    assert (message.deliveries.get().state, message.deliveries.get().label) == ("delivered", "Sales")


# --- Fair, and never twice ---


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
