"""Who of a group is given a conversation: each way of sharing, and who takes over when nobody is there."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from sms import conversations, delivering, handing_over, inbound
from sms.models import Conversation
from tenants import audit, clock
from tenants.models import Group, Member
from tests import factories
from tests.factories import OUR_NUMBER
from tests.sms.sharing_scene import NOW, answer, arrive, away, holder, sales, theirs, to
from tests.sms.test_inbound import rules

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]


@pytest.fixture
def now() -> Iterator[datetime]:
    with clock.frozen(NOW):
        yield NOW


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
    Group.objects.update(assignment="round_robin", fallback_member=cast.vera)
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
