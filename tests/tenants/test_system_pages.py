"""System administrators list, add, edit, copy, delete and manage tenants."""

import pytest
from django.urls import reverse

from tenants import clock, provisioning
from tenants.audit import PORTAL
from tenants.models import AuditEntry, ManageSession, Tenant
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, THEIR_NUMBER, make_inbound, make_tenant

NEW = {
    "name": "Blue Sky",
    "slug": "",
    "domain": "",
    "website": "",
    "country": "GB",
    "time_zone": "Europe/London",
    "currency": "GBP",
    "enabled": "on",
    "sms_enabled": "on",
    "own_trunks": "on",
    "max_members": "1000",
    "keep_bodies_days": "",
    "keep_messages_days": "",
    "keep_audit_days": "",
    "password_min_length": "12",
    "administrator_email": "ann@blue.example",
}


def to(name, tenant=None):
    return reverse(f"tenants:{name}", args=[tenant.pk] if tenant else [])


def text_of(response):
    return response.content.decode()


def test_the_list_shows_every_tenant_with_its_figures(root, cast):
    make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER)
    rows = {row["tenant"].name: row for row in root.get(to("tenant_list")).context["rows"]}
    acme = rows["Acme"]
    assert (acme["members"], acme["numbers"], acme["texts"], acme["country"]) == (4, 2, 1, "United States")
    assert (rows["Globex"]["members"], rows["Globex"]["numbers"], rows["Globex"]["texts"]) == (1, 0, 0)


def test_the_list_needs_few_queries_however_many_tenants_there_are(root, cast, django_assert_max_num_queries):
    for number in range(60):
        make_tenant(f"Tenant {number:02}")
    root.get(to("tenant_list"))
    with django_assert_max_num_queries(12):
        page = root.get(to("tenant_list"))
    assert len(page.context["rows"]) == 50
    following = root.get(page.context["page"].older_url)
    assert len(following.context["rows"]) == 12


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?q=GLOB", ["Globex"]),
        ("?q=acme.example", ["Acme"]),
        ("?q=nobody", []),
        ("?sort=-name", ["Globex", "Acme"]),
        ("?sort=status", ["Globex", "Acme"]),
        ("?sort=nonsense", ["Acme", "Globex"]),
    ],
)
def test_the_list_can_be_searched_and_sorted(root, cast, query, names):
    Tenant.objects.filter(pk=cast.acme.pk).update(domain="acme.example")
    Tenant.objects.filter(pk=cast.globex.pk).update(enabled=False)
    rows = root.get(to("tenant_list") + query).context["rows"]
    assert [row["tenant"].name for row in rows] == names


def test_an_empty_list_says_what_to_do_next(root, cast):
    Tenant.objects.update(deleted_at=clock.now())
    page = text_of(root.get(to("tenant_list")))
    assert "No tenants yet" in page
    assert to("tenant_new") in page


def test_adding_a_tenant_shows_the_invitation_link_once_and_stores_only_its_digest(root, cast, link_in):
    answer = root.post(to("tenant_new"), NEW)
    tenant = Tenant.objects.get(name="Blue Sky")
    assert answer.url == to("tenant_detail", tenant)
    page = text_of(root.get(answer.url))
    path = link_in(page)
    assert "No mail was sent" in page
    token = path.split("/")[2]
    from django.contrib.sessions.models import Session

    assert all(token not in str(session.get_decoded()) for session in Session.objects.all())
    root.cookies.pop("once")
    assert token not in text_of(root.get(answer.url))


def test_adding_a_tenant_mails_the_link_when_mail_is_set_up(root, cast, mail_is_set_up, mailoutbox, link_in):
    answer = root.post(to("tenant_new"), NEW)
    assert mailoutbox[0].to == ["ann@blue.example"]
    assert link_in(mailoutbox[0].body) == link_in(text_of(root.get(answer.url)))
    assert Tenant.objects.get(name="Blue Sky").invitations.get().mailed_at is not None


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": " "}, "name", "required"),
        ({"slug": "acme"}, "slug", "Another tenant has this short name"),
        ({"slug": "two words"}, "slug", "valid"),
        ({"country": "XX"}, "country", "valid choice"),
        ({"time_zone": "Mars/Base"}, "time_zone", "valid choice"),
        ({"domain": "10.0.0.1"}, "domain", "not an IP address"),
        ({"domain": "https://blue.example"}, "domain", "domain name such as"),
        ({"domain": "ACME.example"}, "domain", "Another tenant has this domain"),
        ({"administrator_email": ""}, "administrator_email", "required"),
        ({"administrator_email": "ann"}, "administrator_email", "valid email"),
        ({"password_min_length": "8"}, "password_min_length", "greater than or equal to 12"),
        ({"password_min_length": "40"}, "password_min_length", "less than or equal to 32"),
        ({"keep_bodies_days": "0"}, "keep_bodies_days", "at least one day"),
        ({"max_members": "0"}, "max_members", "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_said_at_the_field(root, cast, changes, field, words):
    Tenant.objects.filter(pk=cast.acme.pk).update(domain="acme.example")
    answer = root.post(to("tenant_new"), NEW | changes)
    assert answer.status_code == 200
    assert words in str(answer.context["form"].errors[field])
    assert not Tenant.objects.filter(name="Blue Sky").exists()


def test_editing_saves_and_the_former_address_leads_to_the_new_one(root, cast, client):
    data = {**NEW, "name": "Acme Inc", "slug": "acme-inc", "country": "US"}
    assert root.post(to("tenant_edit", cast.acme), data).url == to("tenant_detail", cast.acme)
    client.force_login(cast.alice.user)
    moved = client.get("/t/acme/members/?q=b")
    assert (moved.status_code, moved.url) == (302, "/t/acme-inc/members/?q=b")
    client.force_login(cast.mallory.user)
    assert client.get("/t/acme/members/").status_code == 404


def test_an_older_time_zone_name_stays_possible(root, cast):
    Tenant.objects.filter(pk=cast.acme.pk).update(time_zone="US/Pacific")
    page = root.get(to("tenant_edit", cast.acme))
    assert ("US/Pacific", "US/Pacific") in page.context["form"].fields["time_zone"].choices


def test_the_toggle_switches_a_tenant_and_its_people_see_why(root, cast, client):
    root.post(to("tenant_toggle", cast.acme), {"on": "0"})
    client.force_login(cast.alice.user)
    answer = client.get("/t/acme/members/")
    assert answer.status_code == 403
    assert "Acme is switched off" in text_of(answer)
    client.force_login(cast.root)
    client.post(to("tenant_toggle", cast.acme), {"on": "1"})
    client.force_login(cast.alice.user)
    assert client.get("/t/acme/members/").status_code == 200


def test_copying_asks_for_a_name_and_shows_the_new_tenant(root, cast, link_in):
    assert "Acme (copy)" in text_of(root.get(reverse("tenant_copy", args=[cast.acme.pk])))
    data = {"name": "Acme West", "slug": "west", "administrator_email": "w@acme.example"}
    answer = root.post(reverse("tenant_copy", args=[cast.acme.pk]), data)
    tenant = Tenant.objects.get(slug="west")
    assert answer.url == to("tenant_detail", tenant)
    assert link_in(text_of(root.get(answer.url)))
    taken = root.post(reverse("tenant_copy", args=[cast.acme.pk]), {"name": "Acme West", "slug": "west"})
    assert "Another tenant has this short name" in text_of(taken)


# --- delete and restore ---


def test_delete_asks_to_disable_first_and_changes_nothing(root, cast):
    page = root.post(to("tenant_delete", cast.acme), {"confirm_name": "Acme"})
    assert "Disable it first" in text_of(page)
    assert Tenant.objects.get(pk=cast.acme.pk).deleted_at is None


def test_delete_wants_the_name_and_shows_what_goes(root, cast):
    provisioning.set_enabled(PORTAL, cast.acme, False)
    page = root.post(to("tenant_delete", cast.acme), {"confirm_name": "acme"})
    assert "Type “Acme”" in text_of(page)
    assert page.context["impact"]["members"] == 4
    assert root.post(to("tenant_delete", cast.acme), {"confirm_name": "Acme"}).url == to("tenant_list")
    assert Tenant.objects.get(pk=cast.acme.pk).deleted_at is not None


def test_deleting_a_tenant_lists_the_numbers_that_still_point_here(root, cast):
    from sms.models import WebhookChange

    for number, undone in ((OUR_NUMBER, None), (OUR_SECOND_NUMBER, clock.now())):
        WebhookChange.objects.create(
            tenant=cast.acme, configuration=cast.configuration, number_sid="PN", e164=number, undone_at=undone
        )
    Tenant.objects.filter(pk=cast.acme.pk).update(enabled=False)
    page = text_of(root.get(to("tenant_delete", cast.acme)))
    assert "555-0101" in page
    assert "555-0102" not in page
    provisioning.delete(PORTAL, Tenant.objects.get(pk=cast.acme.pk))
    assert "555-0101" in text_of(root.get(to("tenant_deleted")))


def test_a_deleted_tenants_people_cannot_enter_until_it_is_restored(root, cast, client):
    provisioning.set_enabled(PORTAL, cast.acme, False)
    provisioning.delete(PORTAL, cast.acme)
    client.force_login(cast.alice.user)
    assert client.get("/t/acme/members/").status_code == 404
    assert "You do not belong to a tenant" in text_of(client.get("/"))
    client.force_login(cast.root)
    assert client.get(to("tenant_detail", cast.acme)).status_code == 404
    assert "Acme" in text_of(client.get(to("tenant_deleted")))
    client.post(to("tenant_restore", cast.acme))
    client.post(to("tenant_toggle", cast.acme), {"on": "1"})
    client.force_login(cast.alice.user)
    assert client.get("/t/acme/members/").status_code == 200


def test_the_deleted_view_says_when_there_is_nothing(root, cast):
    assert "No deleted tenants" in text_of(root.get(to("tenant_deleted")))


# --- Manage ---


def test_manage_enters_the_tenant_and_leave_ends_it_seen_in_both_logs(root, cast):
    assert root.post(to("tenant_manage", cast.acme)).url == "/t/acme/"
    page = text_of(root.get("/t/acme/members/"))
    assert "Managing <strong>Acme</strong>" in page
    left = root.post(reverse("tenants:manage_leave", args=["acme"]))
    assert left.url.startswith(to("tenant_list"))
    assert root.get("/t/acme/members/").status_code == 403
    for scope in (cast.acme, None):
        actions = set(AuditEntry.objects.filter(tenant=scope).values_list("action", flat=True))
        assert {"tenants.manage.began", "tenants.manage.left"} <= actions


def test_a_link_into_a_tenant_asks_before_it_is_managed_and_then_leads_there(root, cast):
    asked = root.get("/t/acme/groups/?q=x")
    assert asked.status_code == 403
    assert "Manage Acme?" in text_of(asked)
    assert 'value="/t/acme/groups/?q=x"' in text_of(asked)
    entered = root.post(to("tenant_manage", cast.acme), {"next": "/t/acme/groups/?q=x", "reason": "support call"})
    assert entered.url == "/t/acme/groups/?q=x"
    assert ManageSession.objects.get().reason == "support call"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/t/globex/", "/t/acme"])
def test_manage_leads_nowhere_but_into_the_tenant(root, cast, elsewhere):
    assert root.post(to("tenant_manage", cast.acme), {"next": elsewhere}).url == "/t/acme/"


def test_a_required_reason_is_asked_for(root, cast, settings):
    settings.MANAGE_REASON_REQUIRED = True
    asked = root.post(to("tenant_manage", cast.acme))
    assert "Manage Acme?" in text_of(asked)
    assert "Say why you enter" not in text_of(asked)
    assert "Say why you enter" in text_of(root.post(to("tenant_manage", cast.acme), {"reason": " "}))
    assert not ManageSession.objects.exists()
    assert root.post(to("tenant_manage", cast.acme), {"reason": "audit"}).url == "/t/acme/"


def test_changes_made_while_managing_are_marked(root, cast):
    root.post(to("tenant_manage", cast.acme))
    root.post(reverse("tenants:group_new", args=["acme"]), {"name": "Sales"})
    assert AuditEntry.objects.get(action="tenants.group.created").managing is True


def test_tenant_administrators_cannot_open_system_pages(alice, cast):
    for name in ("tenant_list", "tenant_new", "administrator_list", "system_audit_list", "mail", "tenant_deleted"):
        assert alice.get(to(name)).status_code == 403
    for name in ("tenant_detail", "tenant_edit", "tenant_delete"):
        assert alice.get(to(name, cast.acme)).status_code == 403
    for name in ("tenant_toggle", "tenant_manage", "tenant_restore"):
        assert alice.post(to(name, cast.acme)).status_code == 403


def test_a_new_link_for_the_invited_administrator(root, cast, link_in):
    created = provisioning.create_tenant(PORTAL, name="Blue", country="GB", administrator_email="ann@blue.example")
    invitation = created.tenant.invitations.get()
    page = root.post(reverse("tenants:tenant_invitation_renew", args=[created.tenant.pk, invitation.pk]), follow=True)
    path = link_in(text_of(page))
    assert not created.link.endswith(path)
    assert root.get(created.link.removeprefix("http://127.0.0.1:8000")).status_code == 410


def test_a_new_tenant_takes_its_countrys_time_zone_unless_another_is_chosen(root, cast):
    root.post(to("tenant_new"), NEW | {"time_zone": "", "country": "DE"})
    assert Tenant.objects.get(name="Blue Sky").time_zone == "Europe/Berlin"
    form = root.get(to("tenant_new")).context["form"]
    assert (form["currency"].value(), form["time_zone"].value()) == ("USD", "")
