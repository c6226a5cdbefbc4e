"""A conversation goes from one to another: taken, given, released; seen and audited."""

import pytest
from django.test import Client
from django.urls import reverse

from sms import conversations, handing_over
from sms.models import Conversation
from tenants.audit import Actor
from tenants.models import Group, Member
from tests import factories
from tests.factories import OUR_NUMBER
from tests.sms.sharing_scene import theirs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]
ALICE = Actor(label="Alice")


@pytest.fixture
def talk(cast: factories.Cast) -> Conversation:
    """A conversation in the inbox of the group Sales, of Bob and Sam."""
    group = factories.make_group(cast.acme, "Sales", cast.bob, cast.sam)
    row = factories.make_conversation(cast.acme, OUR_NUMBER, theirs(1), assigned_group=group)
    conversations.add_to_inbox(row, group=group)
    return row


def actions(cast: factories.Cast) -> list[str]:
    found = cast.acme.audit_entries.filter(action__startswith="sms.conversation.")
    return list(found.order_by("occurred_at", "id").values_list("action", flat=True))


def now_with(talk: Conversation) -> Member | None:
    return Conversation.objects.get(pk=talk.pk).assigned_to


# --- By persons ---


def test_taking_giving_and_releasing_are_seen_and_audited(cast: factories.Cast, talk: Conversation) -> None:
    handing_over.give_to_member(ALICE, talk, cast.alice)
    assert now_with(talk) == cast.alice
    handing_over.give_to_member(ALICE, talk, cast.bob)
    handing_over.release(ALICE, talk)
    handing_over.release(ALICE, talk)
    assert now_with(talk) is None
    assert actions(cast) == ["sms.conversation.assigned"] * 2 + ["sms.conversation.released"]
    words = [step.words for step in handing_over.history(talk)]
    assert words == ["Alice released it from Bob", "Alice gave it to Bob", "Alice gave it to Alice"]


def test_giving_it_to_who_has_it_changes_nothing(cast: factories.Cast, talk: Conversation) -> None:
    for _ in range(2):
        handing_over.give_to_member(ALICE, talk, cast.bob)
    assert len(actions(cast)) == 1


def test_a_group_gives_it_on_by_its_own_way(cast: factories.Cast, talk: Conversation) -> None:
    night = factories.make_group(cast.acme, "Night", cast.alice)
    Group.objects.filter(pk=night.pk).update(assignment="round_robin")
    night.refresh_from_db()
    handing_over.give_to_member(ALICE, talk, cast.bob)
    assert handing_over.give_to_group(ALICE, talk, night) == "Night → Alice (one after the other)"
    assert now_with(talk) == cast.alice
    assert Conversation.objects.get(pk=talk.pk).assigned_group == night


def test_live_pages_hear_of_every_change(cast: factories.Cast, talk: Conversation) -> None:
    before = talk.version
    handing_over.give_to_member(ALICE, talk, cast.bob)
    handing_over.release(ALICE, talk)
    assert Conversation.objects.get(pk=talk.pk).version == before + 2


def test_who_is_given_a_conversation_sees_it_as_long_as_he_has_it(cast: factories.Cast, talk: Conversation) -> None:
    carl = factories.make_member(cast.acme, "carl@acme.example", "agent", name="Carl")
    assert talk not in conversations.visible_to(cast.acme, carl)
    handing_over.give_to_member(ALICE, talk, carl)
    assert talk in conversations.visible_to(cast.acme, carl)
    assert talk in conversations.in_inbox(conversations.visible_to(cast.acme, carl), carl, "mine")
    handing_over.release(ALICE, talk)
    assert talk not in conversations.visible_to(cast.acme, carl)


@pytest.mark.parametrize(
    ("who", "members", "groups"),
    [
        ("alice", {"Alice", "Bob", "Sam", "Carl"}, {"Sales", "Other"}),
        ("sam", {"Alice", "Bob", "Sam", "Carl"}, {"Sales", "Other"}),
        ("bob", {"Bob", "Sam"}, {"Sales"}),
        (None, {"Alice", "Bob", "Sam", "Carl"}, {"Sales", "Other"}),
    ],
)
def test_to_whom_one_may_give(
    cast: factories.Cast, talk: Conversation, who: str | None, members: set[str], groups: set[str]
) -> None:
    factories.make_group(
        cast.acme, "Other", cast.alice, factories.make_member(cast.acme, "carl@acme.example", "agent", name="Carl")
    )
    factories.make_member(cast.acme, "gone@acme.example", "agent", name="Gone", enabled=False)
    found = handing_over.takers(cast.acme, getattr(cast, who) if who else None)
    assert {str(member) for member in found.members} == members
    assert {str(group) for group in found.groups} == groups


# --- On pages ---


def address(name: str, cast: factories.Cast, talk: Conversation) -> str:
    return reverse(f"sms:conversation_{name}", args=[cast.acme.slug, talk.pk])


def test_the_thread_and_the_list_say_who_has_it(cast: factories.Cast, talk: Conversation, client: Client) -> None:
    client.force_login(cast.sam.user)
    page = client.get(address("detail", cast, talk)).content.decode()
    assert "Sales: nobody has it" in page
    client.post(address("take", cast, talk))
    page = client.get(address("detail", cast, talk)).content.decode()
    assert "Yours" in page
    client.force_login(cast.bob.user)
    page = client.get(address("detail", cast, talk)).content.decode()
    assert "With Sam" in page
    assert page.count("Sam") >= 2


def test_a_live_page_hears_who_has_it_and_what_can_be_done_now(
    cast: factories.Cast, talk: Conversation, client: Client
) -> None:
    client.force_login(cast.bob.user)
    handing_over.give_to_member(ALICE, talk, cast.sam)
    live = client.get(address("detail", cast, talk), headers={"HX-Request": "true"}).content.decode()
    assert live.count('hx-swap-oob="true"') == 2
    assert "With Sam" in live
    assert ">Take<" in live.replace("\n", "")
    page = client.get(address("detail", cast, talk)).content.decode()
    assert "hx-swap-oob" not in page
    assert page.count('id="holder"') == page.count('id="handing-over"') == 1


def test_giving_on_the_page(cast: factories.Cast, talk: Conversation, client: Client) -> None:
    client.force_login(cast.bob.user)
    said = client.post(address("give", cast, talk), {"to": cast.sam.pk.hex}, follow=True).content.decode()
    assert "Given to Sam." in said
    assert now_with(talk) == cast.sam
    client.post(address("release", cast, talk))
    assert now_with(talk) is None
    assert "released it from Sam" in client.get(address("give", cast, talk)).content.decode()


def test_what_one_gives_away_one_may_not_see_any_more(cast: factories.Cast, client: Client) -> None:
    group = factories.make_group(cast.acme, "Night", cast.bob, cast.sam)
    row = factories.make_conversation(cast.acme, OUR_NUMBER, theirs(1), assigned_to=cast.bob)
    client.force_login(cast.bob.user)
    answer = client.post(address("give", cast, row), {"to": cast.sam.pk.hex})
    assert answer["Location"] == reverse("sms:conversation_list", args=[cast.acme.slug])
    assert group.members.count() == 2


@pytest.mark.parametrize("to", ["alice", "mallory", "vera", ""])
def test_an_agent_gives_to_nobody_outside_his_groups(
    cast: factories.Cast, talk: Conversation, client: Client, to: str
) -> None:
    client.force_login(cast.bob.user)
    page = client.post(address("give", cast, talk), {"to": getattr(cast, to).pk.hex if to else ""})
    assert page.status_code == 200
    assert "Choose" in page.content.decode()
    assert now_with(talk) is None


@pytest.mark.parametrize(("chosen", "shown"), [("me", {1}), ("none", {2}), ("", {1, 2, 3})])
def test_the_inbox_narrows_to_mine_or_to_nobodys(
    cast: factories.Cast, client: Client, chosen: str, shown: set[int]
) -> None:
    group = factories.make_group(cast.acme, "Sales", cast.bob)
    for number, member in ((1, cast.bob), (2, None), (3, cast.sam)):
        row = factories.make_conversation(cast.acme, OUR_NUMBER, theirs(number), assigned_to=member)
        conversations.add_to_inbox(row, group=group)
    client.force_login(cast.bob.user)
    page = client.get(reverse("sms:conversation_list", args=[cast.acme.slug]), {"had_by": chosen})
    assert {int(row.their_address[-4:]) for row in page.context["inbox"].rows} == shown
