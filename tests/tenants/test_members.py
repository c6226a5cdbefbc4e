"""Members are invited, changed and removed; a tenant never loses its last administrator."""

import pytest
from django.urls import reverse

from tenants import membership
from tenants.audit import Actor
from tenants.membership import MembershipError, SenderNumber
from tenants.models import AuditEntry, Group, Member, Tenant
from tenants.models.members import SendingRight
from tenants.roles import Role
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, PASSWORD, make_group, make_member, make_pool


@pytest.fixture
def actor(cast):
    return Actor(label=cast.alice.user.email, user=cast.alice.user, member=cast.alice)


def to(name, *args):
    return reverse(f"tenants:{name}", args=["acme", *args])


def text_of(response):
    return response.content.decode()


def fields(member, **changes):
    names = ("name", "role", "extension", "sending_right", "enabled")
    return {name: getattr(member, name) for name in names} | changes


# --- the flow ---


def test_a_change_is_logged_with_what_was_before(cast, actor):
    membership.change(actor, cast.bob, **fields(cast.bob, role=Role.SUPERVISOR, extension="222"))
    entry = AuditEntry.objects.get(tenant=cast.acme, action="tenants.member.changed")
    assert entry.changes == {"role": ["agent", "supervisor"], "extension": ["102", "222"]}


def test_saving_without_a_change_is_not_logged(cast, actor):
    membership.change(actor, cast.bob, **fields(cast.bob))
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("changes", [{"role": Role.AGENT}, {"enabled": False}])
def test_the_last_administrator_cannot_be_demoted_or_disabled(cast, actor, changes):
    with pytest.raises(MembershipError, match="Alice is the last administrator of Acme"):
        membership.change(actor, cast.alice, **fields(cast.alice, **changes))
    assert Member.objects.get(pk=cast.alice.pk).role == Role.ADMIN


def test_the_last_administrator_cannot_be_removed(cast, actor):
    with pytest.raises(MembershipError, match="last administrator"):
        membership.remove(actor, cast.alice)
    assert Member.objects.filter(pk=cast.alice.pk).exists()


def test_a_disabled_administrator_or_one_who_cannot_sign_in_does_not_count(cast, actor):
    make_member(cast.acme, "carl@acme.example", Role.ADMIN, enabled=False)
    dora = make_member(cast.acme, "dora@acme.example", Role.ADMIN)
    dora.user.is_active = False
    dora.user.save()
    with pytest.raises(MembershipError):
        membership.remove(actor, cast.alice)


def test_with_a_second_administrator_the_first_can_go(cast, actor):
    make_member(cast.acme, "carl@acme.example", Role.ADMIN)
    membership.remove(actor, cast.alice)
    assert AuditEntry.objects.get(action="tenants.member.removed").changes["email"] == "alice@acme.example"
    assert not Member.objects.filter(pk=cast.alice.pk).exists()


def test_a_taken_extension_is_refused_also_one_that_waits(cast, actor):
    membership.invite(actor, cast.acme, email="new@acme.example", extension="500")
    for extension in ("101", "500"):
        with pytest.raises(MembershipError, match=f"Extension {extension} is taken") as refused:
            membership.change(actor, cast.bob, **fields(cast.bob, extension=extension))
        assert refused.value.field == "extension"
    membership.change(actor, cast.mallory, **fields(cast.mallory, extension="102"))


def test_sender_numbers_are_replaced_and_the_first_is_preferred_unless_another_is(cast, actor):
    first, second = cast.acme.phone_numbers.order_by("e164")
    membership.change(
        actor, cast.bob, **fields(cast.bob), numbers=[SenderNumber(first, "desk"), SenderNumber(second, "mobile")]
    )
    assert {row.number.e164: row.preferred for row in cast.bob.numbers.all()} == {
        OUR_NUMBER: True,
        OUR_SECOND_NUMBER: False,
    }
    membership.change(actor, cast.bob, **fields(cast.bob), numbers=[SenderNumber(second, preferred=True)])
    assert [(row.number.e164, row.preferred) for row in cast.bob.numbers.all()] == [(OUR_SECOND_NUMBER, True)]
    latest = AuditEntry.objects.filter(action="tenants.member.changed").first()
    assert latest.changes == {"numbers": [f"{OUR_NUMBER} ★, {OUR_SECOND_NUMBER}", f"{OUR_SECOND_NUMBER} ★"]}
    membership.change(actor, cast.bob, **fields(cast.bob), numbers=[])
    assert cast.bob.numbers.count() == 0


# --- groups ---


def test_a_group_holds_members_of_its_own_tenant_only(cast, actor):
    group = membership.save_group(actor, cast.acme, name="Sales", members=[cast.bob, cast.mallory])
    assert [member.name for member in group.members.all()] == ["Bob"]
    membership.save_group(actor, cast.acme, name="Sales EU", members=[cast.sam], group=group)
    assert [member.name for member in group.members.all()] == ["Sam"]
    changed = AuditEntry.objects.get(action="tenants.group.changed")
    assert changed.changes == {"name": ["Sales", "Sales EU"], "members": ["Bob", "Sam"]}
    membership.delete_group(actor, group)
    assert AuditEntry.objects.get(action="tenants.group.deleted").target_label == "Sales EU"
    assert Member.objects.filter(pk=cast.sam.pk).exists()


def test_saving_a_group_unchanged_is_not_logged(cast, actor):
    group = make_group(cast.acme, "Sales", cast.bob)
    membership.save_group(actor, cast.acme, name="Sales", members=[cast.bob], group=group)
    assert not AuditEntry.objects.exists()


def test_group_pages(alice, cast):
    assert "No groups yet" in text_of(alice.get(to("group_list")))
    added = alice.post(to("group_new"), {"name": " Sales  team ", "members": [cast.bob.pk, cast.sam.pk]})
    group = Group.objects.get(name="Sales team")
    assert added.url == f"{to('group_list')}?selected={group.pk.hex}"
    assert "Bob, Sam" in text_of(alice.get(to("group_list") + "?q=sales"))
    assert "No group matches" in text_of(alice.get(to("group_list") + "?q=zzz"))
    taken = alice.post(to("group_new"), {"name": "Sales team"})
    assert "Another group has this name" in text_of(taken)
    assert alice.post(to("group_edit", group.pk), {"name": "Sales team", "members": []}).status_code == 302
    assert group.members.count() == 0
    foreign = alice.post(to("group_edit", group.pk), {"name": "Sales team", "members": [cast.mallory.pk]})
    assert "not one of the available choices" in text_of(foreign)
    assert "Its members stay" in text_of(alice.get(to("group_delete", group.pk)))
    assert alice.post(to("group_delete", group.pk)).url == to("group_list")
    assert not Group.objects.exists()


# --- pages ---


def test_the_list_shows_members_with_role_numbers_and_groups(alice, cast, actor):
    first, second = cast.acme.phone_numbers.order_by("e164")
    membership.change(actor, cast.bob, **fields(cast.bob), numbers=[SenderNumber(first), SenderNumber(second)])
    make_group(cast.acme, "Sales", cast.bob)
    page = text_of(alice.get(to("member_list")))
    for words in ("Alice", "bob@acme.example", "Supervisor", "+1 202", "and 1 more", "Sales", "may not send"):
        assert words in page
    assert "Mallory" not in page


def test_the_list_stays_quick_with_many_members(alice, cast, django_assert_max_num_queries):
    for number in range(55):
        make_member(cast.acme, f"m{number:02}@acme.example")
    alice.get(to("member_list"))
    with django_assert_max_num_queries(14):
        page = alice.get(to("member_list"))
    assert len(page.context["page"].rows) == 50


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?q=bob", ["Bob"]),
        ("?q=@acme", ["Alice", "Bob", "Sam", "Vera"]),
        ("?q=103", ["Vera"]),
        ("?q=sales", ["Bob"]),
        ("?q=nobody", []),
        ("?sort=-name", ["Vera", "Sam", "Bob", "Alice"]),
        ("?sort=email", ["Alice", "Bob", "Sam", "Vera"]),
        ("?sort=-extension", ["Sam", "Vera", "Bob", "Alice"]),
    ],
)
def test_the_list_can_be_searched_and_sorted(alice, cast, query, names):
    make_group(cast.acme, "Sales", cast.bob)
    rows = alice.get(to("member_list") + query).context["page"].rows
    assert [member.name for member in rows] == names


def number_rows(*rows):
    data = {"numbers-TOTAL_FORMS": str(len(rows)), "numbers-INITIAL_FORMS": "0"}
    for index, (number, preferred) in enumerate(rows):
        data |= {f"numbers-{index}-number": number, f"numbers-{index}-description": "desk" if number else ""}
        if preferred:
            data[f"numbers-{index}-preferred"] = "on"
    return data


FORM = {"name": "Bob", "role": "agent", "extension": "102", "sending_right": "numbers", "enabled": "on"}


def test_editing_a_member_with_numbers(alice, cast):
    assert alice.get(to("member_edit", cast.bob.pk)).status_code == 200
    saved = alice.post(
        to("member_edit", cast.bob.pk), FORM | {"name": "Robert"} | number_rows((OUR_NUMBER, False), ("", False))
    )
    assert saved.url == to("member_detail", cast.bob.pk)
    page = text_of(alice.get(saved.url))
    assert "Robert" in page
    assert "Preferred" in page
    assert OUR_NUMBER in text_of(alice.get(to("member_edit", cast.bob.pk)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"extension": "101"}, "Extension 101 is taken. Choose another number."),
        ({"extension": "1x"}, "An extension has 3 to 64 digits."),
        ({"name": ""}, "This field is required."),
        (number_rows((OUR_NUMBER, False), (OUR_NUMBER, False)), "A number stands here twice."),
        (number_rows((OUR_NUMBER, True), (OUR_SECOND_NUMBER, True)), "Only one number can be preferred."),
        (number_rows(("+12025550177", False)), "is not one of your numbers"),
    ],
)
def test_what_is_wrong_with_a_member_is_said(alice, cast, changes, words):
    page = alice.post(to("member_edit", cast.bob.pk), FORM | number_rows() | changes)
    assert page.status_code == 200
    assert words in text_of(page)
    assert cast.bob.numbers.count() == 0


def test_a_foreign_tenants_number_is_refused(alice, cast):
    make_pool(cast.trunk, cast.globex, "+12025550188")
    page = alice.post(to("member_edit", cast.bob.pk), FORM | number_rows(("+12025550188", True)))
    assert "is not one of your numbers" in text_of(page)


def test_a_removed_row_is_removed(alice, cast, actor):
    first, _second = cast.acme.phone_numbers.order_by("e164")
    membership.change(actor, cast.bob, **fields(cast.bob), numbers=[SenderNumber(first)])
    data = number_rows((OUR_NUMBER, True)) | {"numbers-INITIAL_FORMS": "1", "numbers-0-DELETE": "on"}
    assert alice.post(to("member_edit", cast.bob.pk), FORM | data).status_code == 302
    assert cast.bob.numbers.count() == 0


def test_many_numbers_are_typed_instead_of_chosen(alice, cast):
    make_pool(cast.trunk, cast.acme, *(f"+1202556{n:04}" for n in range(250)))
    page = text_of(alice.get(to("member_edit", cast.bob.pk)))
    assert page.count("+1202556") == 0
    saved = alice.post(to("member_edit", cast.bob.pk), FORM | number_rows(("+1 (202) 556-0007", True)))
    assert saved.status_code == 302
    assert cast.bob.numbers.get().number.e164 == "+12025560007"


def test_the_page_says_why_the_last_administrator_cannot_be_demoted_or_removed(alice, cast):
    page = alice.post(to("member_edit", cast.alice.pk), FORM | number_rows() | {"name": "Alice", "extension": "101"})
    assert "Make somebody else an administrator first." in text_of(page)
    assert "The last administrator stays" in text_of(alice.get(to("member_delete", cast.alice.pk)))
    refused = alice.post(to("member_delete", cast.alice.pk), follow=True)
    assert "Alice is the last administrator" in text_of(refused)


def test_a_removed_member_is_out_at_once(alice, cast, client):
    from django.test import Client

    bob = Client()
    bob.force_login(cast.bob.user)
    assert bob.get("/t/acme/conversations/").status_code == 200
    assert "loses access at once" in text_of(alice.get(to("member_delete", cast.bob.pk)))
    assert alice.post(to("member_delete", cast.bob.pk)).url == to("member_list")
    assert bob.get("/t/acme/conversations/").status_code == 404


def test_a_disabled_member_is_out_at_once(alice, cast):
    from django.test import Client

    bob = Client()
    bob.force_login(cast.bob.user)
    data = FORM | number_rows()
    del data["enabled"]
    alice.post(to("member_edit", cast.bob.pk), data)
    assert bob.get("/t/acme/conversations/").status_code == 404


def test_who_belongs_nowhere_any_more_is_signed_out(actor, cast):
    from django.test import Client

    Member.objects.create(tenant=cast.globex, user=cast.bob.user, name="Bob", role=Role.VIEWER)
    bob = Client()
    bob.post("/account/login/", {"login": "bob@acme.example", "password": PASSWORD})
    membership.remove(actor, cast.bob)
    assert bob.get("/").url == "/t/globex/"
    membership.remove(actor, cast.globex.members.get(user=cast.bob.user))
    assert bob.get("/").url.startswith("/account/login/")


def test_the_page_names_the_rules_that_lose_a_destination(alice, cast):
    from rules.models import InboundRule, InboundTarget

    rule = InboundRule.objects.create(tenant=cast.acme, name="Night desk")
    InboundTarget.objects.create(tenant=cast.acme, rule=rule, kind="member", member=cast.bob)
    page = text_of(alice.get(to("member_delete", cast.bob.pk)))
    assert "Night desk" in page
    assert "would reach nobody" in page
    InboundTarget.objects.create(tenant=cast.acme, rule=rule, kind="member", member=cast.sam)
    assert "would reach nobody" not in text_of(alice.get(to("member_delete", cast.bob.pk)))


def test_deleting_a_group_says_what_its_rules_would_become(alice, cast):
    from rules.models import InboundRule, InboundTarget, OutboundRule, OutboundRuleGroup

    sales = make_group(cast.acme, "Sales", cast.bob)
    rule = InboundRule.objects.create(tenant=cast.acme, name="Orders")
    InboundTarget.objects.create(tenant=cast.acme, rule=rule, kind="group", group=sales)
    abroad = OutboundRule.objects.create(tenant=cast.acme, name="Abroad")
    OutboundRuleGroup.objects.create(tenant=cast.acme, rule=abroad, group=sales)
    page = text_of(alice.get(to("group_delete", sales.pk)))
    for words in ("Orders", "would reach nobody", "Abroad", "would fit no text"):
        assert words in page


def test_people_of_several_tenants_choose_and_others_go_straight_in(cast, client):
    client.force_login(cast.alice.user)
    assert client.get("/").url == "/t/acme/"
    Member.objects.create(tenant=cast.globex, user=cast.alice.user, name="Alice", role=Role.VIEWER)
    page = text_of(client.get("/"))
    assert "/t/acme/" in page
    assert "/t/globex/" in page
    assert "Viewer" in page


# --- the company ---


COMPANY = {
    "name": "Acme Inc",
    "website": "https://acme.example",
    "country": "DE",
    "time_zone": "Europe/Berlin",
    "currency": "EUR",
    "default_number": OUR_NUMBER,
    "keep_bodies_days": "90",
    "keep_messages_days": "",
    "keep_audit_days": "",
    "password_min_length": "14",
}


def test_tenant_administrators_change_their_company_but_no_limits_or_switches(alice, cast):
    before = Tenant.objects.get(pk=cast.acme.pk)
    data = COMPANY | {
        "max_members": "9",
        "own_trunks": "",
        "sms_enabled": "",
        "enabled": "",
        "slug": "x",
        "domain": "x.y",
    }
    assert alice.post(to("company"), data).url == to("company")
    after = Tenant.objects.get(pk=cast.acme.pk)
    assert (after.name, after.country, after.default_number, after.keep_bodies_days) == (
        "Acme Inc",
        "DE",
        OUR_NUMBER,
        90,
    )
    for field in ("max_members", "own_trunks", "sms_enabled", "enabled", "slug", "domain"):
        assert getattr(after, field) == getattr(before, field)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"default_number": "+12025550177"}, "is not one of your numbers"),
        ({"password_min_length": "6"}, "greater than or equal to 12"),
        ({"website": "acme"}, "valid URL"),
        ({"currency": "ABC"}, "valid choice"),
    ],
)
def test_what_is_wrong_with_the_company_is_said(alice, cast, changes, words):
    page = alice.post(to("company"), COMPANY | changes)
    assert page.status_code == 200
    assert words in text_of(page)
    assert Tenant.objects.get(pk=cast.acme.pk).name == "Acme"


def test_agents_and_viewers_see_neither_members_nor_company(cast, client):
    for member in (cast.bob, cast.vera, cast.sam):
        client.force_login(member.user)
        for name in ("member_list", "group_list", "company", "audit_list"):
            assert client.get(to(name)).status_code == 403


def test_sending_rights_are_the_three_of_the_workflow():
    assert [right.value for right in SendingRight] == ["none", "numbers", "sender_id"]
