"""The one door: disabled members, moved and closed tenants, Manage that ends by itself, methods, second factors."""

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.urls import reverse

from tenants import clock, switching
from tenants.access import can, tenant_view
from tenants.audit import Actor
from tenants.models import ManageSession, Member, SlugRedirect, Tenant, User
from tenants.roles import Permission, Role
from tests import factories

MEMBERS = "/t/acme/members/"


# --- Members ---


def test_a_disabled_member_finds_nothing(cast, alice):
    assert alice.get(MEMBERS).status_code == 200
    Member.objects.filter(pk=cast.alice.pk).update(enabled=False)
    assert alice.get(MEMBERS).status_code == 404
    assert alice.get("/").status_code == 200


def test_a_role_taken_away_is_gone_at_the_next_click(cast, alice):
    Member.objects.filter(pk=cast.alice.pk).update(role=Role.AGENT)
    assert alice.get(MEMBERS).status_code == 403


def test_a_role_that_the_table_does_not_know_may_do_nothing(cast, alice):
    Member.objects.filter(pk=cast.alice.pk).update(role="owner")
    assert alice.get("/t/acme/").status_code == 403


def test_a_member_of_two_tenants_has_in_each_what_he_is_there(cast, client):
    factories.make_member(cast.globex, cast.alice.user.email, Role.VIEWER, name="Alice")
    client.force_login(cast.alice.user)
    assert client.get("/t/acme/members/").status_code == 200
    assert client.get("/t/globex/members/").status_code == 403


def test_without_a_door_nothing_is_allowed(rf):
    assert not can(rf.get("/"), Permission.TENANT_VIEW)


# --- Tenants that moved or closed ---


@pytest.fixture
def moved(cast):
    SlugRedirect.objects.create(slug="old-acme", tenant=cast.acme, expires_at=clock.in_seconds(90 * 86_400))
    return cast


def test_a_former_address_leads_on_for_ninety_days(moved, alice):
    there = alice.get("/t/old-acme/members/?q=%2Ft%2Fold-acme%2F")
    assert (there.status_code, there.url) == (302, "/t/acme/members/?q=%2Ft%2Fold-acme%2F")
    with clock.frozen(clock.now() + timedelta(days=91)):
        assert alice.get("/t/old-acme/members/").status_code == 404


@pytest.mark.parametrize("who", ["stranger", "mallory", "disabled"])
def test_a_former_address_tells_others_nothing(moved, client, who):
    if who == "mallory":
        client.force_login(moved.mallory.user)
    elif who == "disabled":
        Member.objects.filter(pk=moved.bob.pk).update(enabled=False)
        client.force_login(moved.bob.user)
    answer = client.get("/t/old-acme/members/")
    if who == "stranger":
        assert answer.url.startswith("/account/login/")
        assert answer.url == client.get("/t/never-was/members/").url.replace("never-was", "old-acme")
    else:
        assert answer.status_code == 404


def test_a_former_address_takes_no_form(moved, alice):
    assert alice.post("/t/old-acme/members/").status_code == 404


def test_a_former_address_that_somebody_else_has_now_is_his(moved, alice, client):
    new = factories.make_tenant("Newcomer", slug="old-acme")
    assert alice.get("/t/old-acme/members/").status_code == 404
    other = factories.make_member(new, "new@newcomer.example", Role.ADMIN)
    client.force_login(other.user)
    assert client.get("/t/old-acme/members/").status_code == 200


def test_a_deleted_tenant_is_not_there_for_anybody(cast, client):
    Tenant.objects.filter(pk=cast.acme.pk).update(deleted_at=clock.now())
    SlugRedirect.objects.create(slug="old-acme", tenant=cast.acme, expires_at=clock.in_seconds(999))
    for user in (cast.alice.user, cast.root):
        client.force_login(user)
        assert client.get(MEMBERS).status_code == 404
        assert client.get("/t/old-acme/members/").status_code == 404


def test_a_disabled_tenant_says_so_and_shows_no_menu(cast, alice):
    Tenant.objects.filter(pk=cast.acme.pk).update(enabled=False)
    answer = alice.get(MEMBERS)
    assert answer.status_code == 403
    assert MEMBERS not in answer.content.decode()


# --- Manage ---


@pytest.fixture
def managing(cast, root):
    session = switching.begin(Actor(label="root", user=cast.root), cast.acme)
    assert root.get(MEMBERS).status_code == 200
    return session


def expiry(session):
    return ManageSession.objects.get(pk=session.pk).expires_at


def test_manage_ends_when_nobody_clicks(root, managing, settings):
    with clock.frozen(expiry(managing) + timedelta(seconds=1)):
        assert root.get(MEMBERS).status_code == 403


def test_every_click_keeps_manage_alive(root, managing, settings):
    idle = timedelta(seconds=settings.MANAGE_IDLE_SECONDS)
    at = expiry(managing) - timedelta(minutes=1)
    for _ in range(4):
        with clock.frozen(at):
            assert root.get(MEMBERS).status_code == 200
        assert expiry(managing) == at + idle
        at += idle - timedelta(minutes=2)


def test_manage_costs_no_write_at_every_click(root, managing, django_assert_max_num_queries):
    before = expiry(managing)
    root.get(MEMBERS)
    assert expiry(managing) == before


def test_manage_of_one_tenant_opens_no_other(root, managing):
    assert root.get("/t/globex/members/").status_code == 403


def test_one_administrators_manage_is_not_the_others(cast, client, managing):
    client.force_login(factories.make_user("second@portal.example", is_system_administrator=True))
    assert client.get(MEMBERS).status_code == 403


def test_who_is_no_administrator_any_more_manages_no_more(cast, root, managing):
    User.objects.filter(pk=cast.root.pk).update(is_system_administrator=False)
    assert root.get(MEMBERS).status_code == 404


def test_leaving_ends_it(cast, root, managing):
    assert root.post("/t/acme/leave/").status_code == 302
    assert root.get(MEMBERS).status_code == 403


def test_a_system_administrator_who_is_a_member_manages_when_he_asked_to(cast, root):
    """As a viewer he could change nothing, and a disabled tenant would be closed to him."""
    factories.make_member(cast.acme, cast.root.email, Role.VIEWER, name="Root")
    assert root.get(MEMBERS).status_code == 403
    switching.begin(Actor(label="root", user=cast.root), cast.acme)
    Tenant.objects.filter(pk=cast.acme.pk).update(enabled=False)
    answer = root.get(MEMBERS)
    assert answer.status_code == 200
    assert answer.wsgi_request.member is None
    assert answer.wsgi_request.managing is not None


@pytest.mark.parametrize(
    "elsewhere", ["/t/acme/../globex/", "/t/acme//evil.example", "/t/acme/\\evil", "/t/acme/\r\nX: y"]
)
def test_manage_stays_on_this_site_whatever_it_is_given(cast, root, elsewhere):
    answer = root.post(reverse("tenants:tenant_manage", args=[cast.acme.pk]), {"next": elsewhere})
    assert answer.status_code == 302
    assert answer.url.startswith("/t/acme/")
    assert "\n" not in answer.url


@pytest.mark.parametrize("elsewhere", ["https://evil.example/t/acme/", "//evil.example/t/acme/", "/t/globex/", "", "x"])
def test_manage_leads_to_the_dashboard_instead_of_elsewhere(cast, root, elsewhere):
    answer = root.post(reverse("tenants:tenant_manage", args=[cast.acme.pk]), {"next": elsewhere})
    assert answer.url == "/t/acme/"


# --- Methods ---


def test_entering_and_leaving_take_forms_only(cast, root):
    assert root.get(reverse("tenants:tenant_manage", args=[cast.acme.pk])).status_code == 405
    assert root.get("/t/acme/leave/").status_code == 405


# --- Second factor ---


@pytest.fixture
def strict(settings):
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = True


def test_a_tenant_that_wants_a_second_factor_lets_nobody_in_without(cast, alice):
    Tenant.objects.filter(pk=cast.acme.pk).update(two_factor_required=True)
    answer = alice.get("/t/acme/members/?q=b")
    assert answer.status_code == 302
    assert answer.url == "/account/2fa/totp/activate/?next=%2Ft%2Facme%2Fmembers%2F%3Fq%3Db"


def test_another_tenants_wish_binds_nobody_here(cast, client):
    Tenant.objects.filter(pk=cast.acme.pk).update(two_factor_required=True)
    client.force_login(cast.mallory.user)
    assert client.get("/t/globex/members/").status_code == 200


@pytest.mark.parametrize("path", ["/system/tenants/", MEMBERS])
def test_system_administrators_need_one_before_any_page_of_theirs(cast, root, strict, path):
    answer = root.get(path)
    assert answer.status_code == 302
    assert answer.url.startswith("/account/2fa/totp/activate/")


def test_a_running_manage_needs_one_too(cast, root, managing, strict):
    assert root.get(MEMBERS).url.startswith("/account/2fa/totp/activate/")


def test_who_lacks_the_right_learns_so_before_he_sets_one_up(cast, client, strict):
    client.force_login(cast.alice.user)
    assert client.get("/system/tenants/").status_code == 403


# --- What stands on the request ---


def test_the_door_says_who_acts(cast, rf):
    seen = []

    @tenant_view(Permission.TENANT_VIEW)
    def view(request):
        seen.append((request.tenant, request.member, request.permissions, request.actor))
        return HttpResponse()

    request = rf.get("/t/acme/", REMOTE_ADDR="203.0.113.9")
    request.user, request.request_id = cast.bob.user, "abc"
    assert view(request, slug="acme").status_code == 200
    ((tenant, member, permissions, actor),) = seen
    assert (tenant, member) == (cast.acme, cast.bob)
    assert Permission.MESSAGES_SEND in permissions
    assert (actor.label, actor.user, actor.member, actor.managing) == (
        cast.bob.user.email,
        cast.bob.user,
        cast.bob,
        None,
    )
    assert (actor.address, actor.request_id) == ("203.0.113.9", "abc")
