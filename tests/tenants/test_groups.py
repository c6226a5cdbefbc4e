"""Groups: how their members share texts, as it is entered, refused, shown, and lost with who took over."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tenants import membership, sharing
from tenants.audit import Actor
from tenants.models import Group
from tenants.sharing import Sharing
from tests import factories

pytestmark = pytest.mark.django_db
ALICE = Actor(label="Alice")


@pytest.fixture
def night(cast: factories.Cast) -> Group:
    return factories.make_group(cast.acme, "Night", cast.sam)


def save(client: Client, cast: factories.Cast, group: Group | None = None, **data: Any) -> Any:
    client.force_login(cast.alice.user)
    name, args = ("group_edit", [cast.acme.slug, group.pk]) if group else ("group_new", [cast.acme.slug])
    form = {"name": "Sales", "members": [cast.bob.pk], **data}
    return client.post(reverse(f"tenants:{name}", args=args), form, follow=True)


def test_everything_about_sharing_is_saved_and_shown_again(cast: factories.Cast, night: Group, client: Client) -> None:
    said = save(
        client,
        cast,
        assignment="least_busy",
        fallback=night.pk.hex,
        escalate_minutes="15",
        escalate_to=cast.alice.pk.hex,
    ).content.decode()
    assert "Group Sales is saved." in said
    assert "Whoever has the fewest open conversations" in said
    assert "after 15 min without an answer: Alice" in said
    group = cast.acme.groups.get(name="Sales")
    assert sharing.of(group) == Sharing("least_busy", None, night, 15, cast.alice, None)
    page = client.get(reverse("tenants:group_edit", args=[cast.acme.slug, group.pk]))
    assert page.context["form"].initial | {"members": None} == {
        "name": "Sales",
        "members": None,
        "assignment": "least_busy",
        "fallback": night.pk.hex,
        "escalate_minutes": 15,
        "escalate_to": cast.alice.pk.hex,
    }


def test_changes_are_audited_in_words(cast: factories.Cast, night: Group, client: Client) -> None:
    save(client, cast, night, name="Night", members=[cast.sam.pk], assignment="round_robin", fallback=cast.bob.pk.hex)
    entry = cast.acme.audit_entries.get(action="tenants.group.changed")
    assert entry.changes == {"assignment": ["", "round_robin"], "fallback": ["", "Bob"]}
    page = client.get(reverse("tenants:audit_list", args=[cast.acme.slug])).content.decode()
    assert "One after the other" in page


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"escalate_minutes": "10"}, "Choose to whom it is given on, or empty the minutes."),
        ({"escalate_to": "bob"}, "Enter after how many minutes, or choose nobody below."),
        ({"escalate_minutes": "0", "escalate_to": "bob"}, "greater than or equal to 1"),
        ({"escalate_minutes": "99999", "escalate_to": "bob"}, "less than or equal to 20160"),
        ({"fallback": "mallory"}, "Choose one of these members or groups: the other is gone, or may not answer."),
        ({"fallback": "vera"}, "Choose one of these members or groups: the other is gone, or may not answer."),
        ({"escalate_minutes": "5", "escalate_to": "mallory"}, "Choose one of these members or groups"),
        ({"assignment": "loudest"}, "Select a valid choice"),
        ({"name": "Night"}, "Another group has this name."),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    cast: factories.Cast, night: Group, client: Client, data: dict[str, str], words: str
) -> None:
    people = ("bob", "mallory", "vera")
    given = {name: getattr(cast, value).pk.hex if value in people else value for name, value in data.items()}
    assert words in save(client, cast, **given).content.decode()
    assert cast.acme.groups.count() == 1


def test_a_group_does_not_take_over_for_itself(cast: factories.Cast, night: Group, client: Client) -> None:
    page = save(client, cast, night, name="Night", fallback=night.pk.hex)
    assert "Choose one of these members or groups" in page.content.decode()


def test_who_is_disabled_is_offered_only_where_he_stands_already(
    cast: factories.Cast, night: Group, client: Client
) -> None:
    save(client, cast, fallback=cast.bob.pk.hex)
    type(cast.bob).objects.filter(pk=cast.bob.pk).update(enabled=False)
    sales = cast.acme.groups.get(name="Sales")
    assert "is saved" in save(client, cast, sales, fallback=cast.bob.pk.hex).content.decode()
    assert "or may not answer" in save(client, cast, night, name="Night", fallback=cast.bob.pk.hex).content.decode()


def test_whoever_saves_name_and_members_alone_leaves_the_sharing(cast: factories.Cast, night: Group) -> None:
    membership.save_group(
        ALICE, cast.acme, name="Night", members=[], group=night, shared=Sharing("round_robin", fallback_member=cast.bob)
    )
    membership.save_group(ALICE, cast.acme, name="Nights", members=[cast.sam], group=night)
    night.refresh_from_db()
    assert sharing.of(night) == Sharing("round_robin", fallback_member=cast.bob)


@pytest.mark.parametrize("field", ["fallback", "escalate"])
def test_deleting_who_takes_over_says_for_whom_and_leaves_nobody(
    cast: factories.Cast, night: Group, client: Client, field: str
) -> None:
    by_member = factories.make_group(cast.acme, "By a member", cast.bob)
    by_group = factories.make_group(cast.acme, "By a group", cast.bob)
    minutes = {"escalate_minutes": 5} if field == "escalate" else {}
    Group.objects.filter(pk=by_member.pk).update(**{f"{field}_member": cast.sam}, **minutes)
    Group.objects.filter(pk=by_group.pk).update(**{f"{field}_group": night}, **minutes)
    client.force_login(cast.alice.user)
    for name, row, group in (("member", cast.sam, by_member), ("group", night, by_group)):
        address = reverse(f"tenants:{name}_delete", args=[cast.acme.slug, row.pk])
        page = client.get(address).content.decode()
        assert f"<strong>{group.name}</strong>" in page
        client.post(address)
        group.refresh_from_db()
        assert sharing.of(group) == Sharing(escalate_minutes=minutes.get("escalate_minutes"))


def test_removing_a_member_says_how_many_conversations_become_nobodys(cast: factories.Cast, client: Client) -> None:
    talk = factories.make_conversation(cast.acme, factories.OUR_NUMBER, factories.THEIR_NUMBER, assigned_to=cast.bob)
    client.force_login(cast.alice.user)
    address = reverse("tenants:member_delete", args=[cast.acme.slug, cast.bob.pk])
    assert "1 conversation that this person has in hand" in client.get(address).content.decode()
    client.post(address)
    talk.refresh_from_db()
    assert talk.assigned_to is None
