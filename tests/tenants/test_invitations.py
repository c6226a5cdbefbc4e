"""People come in by a link that works once and is never stored."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.test import Client
from django.urls import reverse

from tenants import clock, invitations, provisioning, tokens
from tenants.audit import PORTAL, Actor
from tenants.invitations import InvitationError, MembershipError
from tenants.models import AuditEntry, Invitation, Member, Tenant, User
from tenants.roles import Role
from tests.factories import PASSWORD, make_member

GOOD = {"name": "Nina", "password": "four quiet green rivers"}


@pytest.fixture
def actor(cast):
    return Actor(label=cast.alice.user.email, user=cast.alice.user, member=cast.alice)


@pytest.fixture
def invited(cast, actor):
    return invitations.invite(
        actor, cast.acme, email="Nina@Acme.example", name="Nina", role=Role.AGENT, extension="333"
    )


def path_of(invited):
    return invited.link.removeprefix("http://127.0.0.1:8000")


def token_of(invited):
    return path_of(invited).split("/")[2]


def text_of(response):
    return response.content.decode()


# --- the flow ---


def test_only_the_digest_of_the_token_is_stored(invited):
    stored = Invitation.objects.get()
    assert stored.token_digest == tokens.digest(token_of(invited))
    assert token_of(invited) not in str(Invitation.objects.values().get())
    assert token_of(invited) not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize(
    ("email", "words"),
    [("BOB@acme.example", "is a member already"), ("nina@acme.example", "is invited already")],
)
def test_who_is_known_is_not_invited_again(cast, actor, invited, email, words):
    with pytest.raises(MembershipError, match=words) as refused:
        invitations.invite(actor, cast.acme, email=email)
    assert refused.value.field == "email"


def test_members_and_waiting_invitations_count_against_the_limit(cast, actor, invited):
    Tenant.objects.filter(pk=cast.acme.pk).update(max_members=5)
    with pytest.raises(MembershipError, match="Acme may have 5 members"):
        invitations.invite(actor, cast.acme, email="one@more.example")


def test_the_limit_holds_when_accepting_too(cast, invited):
    Tenant.objects.filter(pk=cast.acme.pk).update(max_members=4)
    with pytest.raises(MembershipError, match="may have 4 members"):
        invitations.accept(token_of(invited), **GOOD)
    assert not User.objects.filter(email="nina@acme.example").exists()


def test_accepting_makes_user_and_member_once(cast, invited):
    member = invitations.accept(token_of(invited), **GOOD)
    assert (member.tenant, member.role, member.extension, member.name) == (cast.acme, Role.AGENT, "333", "Nina")
    entry = AuditEntry.objects.get(action="tenants.member.joined")
    assert (entry.tenant, entry.changes["invited_by"]) == (cast.acme, "alice@acme.example")
    with pytest.raises(InvitationError, match="has been used"):
        invitations.accept(token_of(invited), **GOOD)


def test_an_extension_taken_meanwhile_is_left_out(cast, invited):
    make_member(cast.acme, "late@acme.example", extension="333")
    assert invitations.accept(token_of(invited), **GOOD).extension == ""


def test_somebody_elses_invitation_is_not_accepted(cast, invited):
    with pytest.raises(InvitationError, match=r"for nina@acme\.example"):
        invitations.accept(token_of(invited), user=cast.mallory.user)


def test_an_existing_sign_in_is_not_taken_over_with_a_new_password(cast, actor):
    invited = invitations.invite(actor, cast.acme, email=cast.mallory.user.email)
    with pytest.raises(InvitationError, match="Sign in first"):
        invitations.accept(token_of(invited), **GOOD)


def test_who_became_a_member_meanwhile_is_told(cast, invited):
    member = make_member(cast.acme, "nina@acme.example")
    with pytest.raises(InvitationError, match="a member already"):
        invitations.accept(token_of(invited), user=member.user)


# --- the pages of those who invite ---


def to(name, *args):
    return reverse(f"tenants:{name}", args=["acme", *args])


NEW = {"email": "nina@acme.example", "name": "Nina", "role": "agent", "extension": "", "sending_right": "numbers"}


def test_inviting_shows_the_link_once_on_the_list(alice, cast, link_in):
    shown = alice.post(to("member_new"), NEW, follow=True)
    path = link_in(text_of(shown))
    assert "Hand this link to <strong>nina@acme.example</strong> yourself" in text_of(shown)
    assert "Waiting invitations" in text_of(shown)
    assert Client().get(path).status_code == 200


def test_inviting_mails_the_link_when_mail_is_set_up(alice, cast, mail_is_set_up, mailoutbox, link_in):
    shown = alice.post(to("member_new"), NEW, follow=True)
    assert "Mailed to <strong>nina@acme.example</strong>" in text_of(shown)
    assert mailoutbox[0].subject == "Your invitation to Acme"
    assert link_in(mailoutbox[0].body) == link_in(text_of(shown))


def test_a_mail_server_that_refuses_leaves_the_link_for_copying(alice, cast, settings, link_in):
    settings.MAIL_IS_SET_UP = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    shown = alice.post(to("member_new"), NEW, follow=True)
    assert "No mail was sent" in text_of(shown)
    assert link_in(text_of(shown))
    assert Invitation.objects.get().mailed_at is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"email": "nina"}, "valid email"),
        ({"email": "bob@acme.example"}, "is a member already"),
        ({"extension": "101"}, "is taken"),
        ({"role": "owner"}, "valid choice"),
    ],
)
def test_what_is_wrong_with_an_invitation_is_said(alice, cast, changes, words):
    page = alice.post(to("member_new"), NEW | changes)
    assert words in text_of(page)
    assert not Invitation.objects.exists()


def test_a_new_link_replaces_the_former_one(alice, cast, invited, link_in):
    renewed = alice.post(to("invitation_renew", invited.invitation.pk), follow=True)
    assert Client().get(path_of(invited)).status_code == 410
    assert Client().get(link_in(text_of(renewed))).status_code == 200


def test_a_withdrawn_invitation_stops_working(alice, cast, invited):
    alice.post(to("invitation_withdraw", invited.invitation.pk))
    assert Client().get(path_of(invited)).status_code == 410
    assert AuditEntry.objects.filter(action="tenants.invitation.withdrawn").exists()


def test_expired_invitations_are_marked(alice, cast, invited):
    Invitation.objects.update(expires_at=clock.now() - timedelta(days=1))
    assert "Expired" in text_of(alice.get(to("member_list")))


# --- the pages of those who are invited ---


def test_a_new_person_sets_name_and_password_and_is_in(cast, invited, client):
    page = client.get(path_of(invited))
    assert "Join Acme" in text_of(page)
    assert "no-cache" in page["Cache-Control"]
    answer = client.post(path_of(invited), GOOD)
    assert answer.url == "/t/acme/"
    assert get_user(client).email == "nina@acme.example"
    assert client.get("/t/acme/conversations/").status_code == 200
    other = Client()
    assert (
        other.post("/account/login/", {"login": "NINA@acme.example", "password": GOOD["password"]}).status_code == 302
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"password": "short"}, "Use at least 12 characters."),
        ({"password": "password1234"}, "too common"),
        ({"password": "nina@acme.example"}, "too similar"),
        ({"password": "x" * 129}, "at most 128"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(cast, invited, client, changes, words):
    page = client.post(path_of(invited), GOOD | changes)
    assert words in text_of(page)
    assert not User.objects.filter(email="nina@acme.example").exists()


def test_the_tenants_own_password_length_counts(cast, invited, client):
    Tenant.objects.filter(pk=cast.acme.pk).update(password_min_length=24)
    page = client.post(path_of(invited), GOOD)
    assert "Use at least 24 characters." in text_of(page)
    assert client.post(path_of(invited), GOOD | {"password": "four quiet green rivers run"}).status_code == 302


def test_a_person_with_a_sign_in_signs_in_first_then_accepts(cast, actor, client):
    invited = invitations.invite(actor, cast.acme, email=cast.mallory.user.email, role=Role.VIEWER)
    page = text_of(client.get(path_of(invited)))
    assert "has a sign-in already" in page
    assert f"/account/login/?next={path_of(invited).replace('/', '%2F')}" in page
    signed_in = client.post(
        f"/account/login/?next={path_of(invited)}", {"login": cast.mallory.user.email, "password": PASSWORD}
    )
    assert signed_in.url == path_of(invited)
    assert "You are signed in as" in text_of(client.get(path_of(invited)))
    assert not cast.acme.members.filter(user=cast.mallory.user).exists()
    assert client.post(path_of(invited)).url == "/t/acme/"
    assert cast.acme.members.get(user=cast.mallory.user).role == Role.VIEWER


def test_posting_a_password_for_an_existing_sign_in_changes_nothing(cast, actor, client):
    invited = invitations.invite(actor, cast.acme, email=cast.mallory.user.email)
    client.post(path_of(invited), GOOD)
    assert User.objects.get(pk=cast.mallory.user.pk).check_password(PASSWORD)
    assert not cast.acme.members.filter(user=cast.mallory.user).exists()


def test_somebody_else_who_is_signed_in_is_asked_to_sign_out(cast, invited, client):
    client.force_login(cast.bob.user)
    page = text_of(client.get(path_of(invited)))
    assert "Somebody else is signed in" in page
    client.post(path_of(invited), GOOD)
    assert Member.objects.filter(tenant=cast.acme).count() == 4
    out = client.post(f"/account/logout/?next={path_of(invited)}")
    assert out.url == path_of(invited)
    assert "Join Acme" in text_of(client.get(out.url))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"accepted_at": "2026-01-01T00:00Z"}, "has been used"),
        ({"expires_at": "2020-01-01T00:00Z"}, "has expired"),
        ({"token_digest": "other"}, "not valid"),
    ],
)
def test_a_link_that_does_not_work_says_why(cast, invited, client, state, words):
    Invitation.objects.update(**state)
    page = client.get(path_of(invited))
    assert page.status_code == 410
    assert words in text_of(page)


def test_a_closed_tenants_invitations_do_not_work(cast, invited, client):
    provisioning.set_enabled(PORTAL, cast.acme, False)
    assert "switched off" in text_of(client.get(path_of(invited)))
    provisioning.delete(PORTAL, cast.acme)
    assert client.get(path_of(invited)).status_code == 410


def test_the_last_step_of_a_full_tenant_says_so(cast, invited, client):
    Tenant.objects.filter(pk=cast.acme.pk).update(max_members=4)
    page = client.post(path_of(invited), GOOD)
    assert page.status_code == 410
    assert "may have 4 members" in text_of(page)


def test_links_never_take_their_host_from_the_request(alice, cast, settings):
    settings.PUBLIC_BASE_URL = "https://sms.example.com"
    shown = alice.post(to("member_new"), NEW, follow=True, headers={"host": "evil.example"})
    assert "https://sms.example.com/invitation/" in text_of(shown)
    assert "evil.example/invitation" not in text_of(shown)
