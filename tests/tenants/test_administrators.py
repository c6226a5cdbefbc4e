"""System administrators: the first one by a link, more by invitation, never none."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth import get_user
from django.core import signing
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from tenants import administrators, clock, provisioning
from tenants.administrators import AdministratorError
from tenants.audit import Actor
from tenants.models import AdministratorInvitation, AuditEntry, User
from tests.factories import PASSWORD, make_user

GOOD = {"name": "Nina", "password": "four quiet green rivers"}


def path_of(link):
    return link.removeprefix("http://127.0.0.1:8000")


def text_of(response):
    return response.content.decode()


@pytest.fixture
def actor(cast):
    return Actor(label=cast.root.email, user=cast.root)


def to(name, *args):
    return reverse(f"tenants:{name}", args=args)


# --- the first one ---


def test_the_first_link_makes_a_system_administrator_and_then_dies(db, client):
    link = provisioning.first_administrator_link()
    assert "First system administrator" in text_of(client.get(path_of(link)))
    answer = client.post(path_of(link), GOOD | {"email": "Nina@Portal.example"})
    assert answer.url == to("tenant_list")
    user = get_user(client)
    assert (user.email, user.is_system_administrator) == ("nina@portal.example", True)
    assert client.get(answer.url).status_code == 200
    assert provisioning.first_administrator_link() is None
    again = Client().post(path_of(link), GOOD | {"email": "evil@portal.example"})
    assert (again.status_code, User.objects.count()) == (410, 1)
    assert AuditEntry.objects.filter(action="tenants.administrator.created", tenant=None).exists()


def test_the_first_link_is_good_for_a_day_only(db, client, monkeypatch):
    link = provisioning.first_administrator_link()
    monkeypatch.setattr(administrators, "_FIRST_LINK_SECONDS", -1)
    page = client.get(path_of(link))
    assert page.status_code == 410
    assert "older than a day" in text_of(page)


def test_a_forged_first_link_is_refused(db, client):
    forged = signing.dumps("first", salt="other")
    assert client.get(to("invitation_accept", forged)).status_code == 410


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"email": "x"}, "valid email"), ({"password": "short"}, "at least 12"), ({"name": ""}, "required")],
)
def test_what_is_wrong_on_the_first_page_is_said(db, client, changes, words):
    path = path_of(provisioning.first_administrator_link())
    page = client.post(path, GOOD | {"email": "nina@portal.example"} | changes)
    assert words in text_of(page)
    assert not User.objects.exists()


def test_the_first_link_does_not_take_over_a_sign_in(db, client):
    make_user("nina@portal.example")
    path = path_of(provisioning.first_administrator_link())
    page = client.post(path, GOOD | {"email": "nina@portal.example"})
    assert "has a sign-in already" in text_of(page)
    assert not administrators.exist()


def test_a_disabled_only_administrator_brings_the_first_link_back(cast):
    assert provisioning.first_administrator_link() is None
    User.objects.filter(pk=cast.root.pk).update(is_active=False)
    assert provisioning.first_administrator_link()


# --- more of them ---


def test_another_administrator_is_invited_by_a_link_that_works_once(root, cast, link_in):
    page = root.post(to("administrator_new"), {"email": "Second@portal.example"}, follow=True)
    path = link_in(text_of(page))
    assert "Waiting invitations" in text_of(page)
    person = Client()
    assert "Become system administrator" in text_of(person.get(path))
    assert person.post(path, GOOD).url == to("tenant_list")
    assert User.objects.get(email="second@portal.example").is_system_administrator
    assert Client().get(path).status_code == 410


def test_a_member_becomes_administrator_by_signing_in_and_accepting(root, cast, link_in):
    page = root.post(to("administrator_new"), {"email": cast.bob.user.email}, follow=True)
    path = link_in(text_of(page))
    bob = Client()
    assert "has a sign-in already" in text_of(bob.get(path))
    assert bob.post(path, GOOD).status_code == 200
    assert not User.objects.get(pk=cast.bob.user.pk).is_system_administrator
    bob.force_login(cast.bob.user)
    bob.post(path)
    assert User.objects.get(pk=cast.bob.user.pk).is_system_administrator
    assert User.objects.get(pk=cast.bob.user.pk).check_password(PASSWORD)


def test_an_administrators_invitation_is_for_nobody_else(cast, actor, client):
    invited = administrators.invite(actor, email="second@portal.example")
    client.force_login(cast.mallory.user)
    assert "Somebody else is signed in" in text_of(client.post(path_of(invited.link)))
    with pytest.raises(administrators.InvitationError, match=r"for second@portal\.example"):
        administrators.accept(path_of(invited.link).split("/")[2], user=cast.mallory.user)
    assert not User.objects.get(pk=cast.mallory.user.pk).is_system_administrator


def test_inviting_again_replaces_and_withdrawing_ends_a_link(root, cast, actor):
    first = administrators.invite(actor, email="second@portal.example")
    second = administrators.invite(actor, email="second@portal.example")
    assert Client().get(path_of(first.link)).status_code == 410
    assert Client().get(path_of(second.link)).status_code == 200
    root.post(to("administrator_withdraw", second.invitation.pk))
    assert Client().get(path_of(second.link)).status_code == 410
    with pytest.raises(administrators.InvitationError):
        administrators.accept(path_of(second.link).split("/")[2], **GOOD)


def test_expired_and_mailed(cast, actor, mail_is_set_up, mailoutbox, link_in):
    invited = administrators.invite(actor, email="second@portal.example")
    assert invited.mailed
    assert link_in(mailoutbox[0].body) == path_of(invited.link)
    AdministratorInvitation.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    page = Client().get(path_of(invited.link))
    assert "has expired" in text_of(page)


def test_who_is_an_administrator_is_not_invited(root, cast):
    page = root.post(to("administrator_new"), {"email": cast.root.email})
    assert "is a system administrator already" in text_of(page)


# --- fewer ---


def test_a_disabled_administrator_is_out_with_the_next_click(root, cast):
    second = make_user("second@portal.example", is_system_administrator=True)
    person = Client()
    person.force_login(second)
    assert person.get(to("tenant_list")).status_code == 200
    root.post(to("administrator_toggle", second.pk), {"on": "0"})
    assert person.get(to("tenant_list")).status_code == 302
    root.post(to("administrator_toggle", second.pk), {"on": "1"})
    person.force_login(User.objects.get(pk=second.pk))
    assert person.get(to("tenant_list")).status_code == 200


def test_a_removed_administrator_keeps_the_sign_in(root, cast):
    second = make_user("second@portal.example", is_system_administrator=True)
    assert "keeps the sign-in" in text_of(root.get(to("administrator_remove", second.pk)))
    root.post(to("administrator_remove", second.pk))
    second.refresh_from_db()
    assert (second.is_system_administrator, second.is_active) == (False, True)


def test_nobody_disables_or_removes_himself(root, cast):
    page = root.post(to("administrator_toggle", cast.root.pk), {"on": "0"}, follow=True)
    assert "You cannot do this to yourself" in text_of(page)
    root.post(to("administrator_remove", cast.root.pk))
    assert administrators.exist()


def test_the_last_one_stays(cast):
    with pytest.raises(AdministratorError, match="the last system administrator"):
        administrators.set_enabled(Actor(label="Command line"), cast.root, False)
    with pytest.raises(AdministratorError, match="the last system administrator"):
        administrators.remove(Actor(label="Command line"), cast.root)


# --- commands ---


def run(command, /, *args, **options):
    out = StringIO()
    call_command(command, *args, stdout=out, **options)
    return out.getvalue()


def test_the_command_prints_a_link_that_works(db, link_in, client):
    path = link_in(run("create_system_administrator", "Ops@portal.example"))
    client.post(path, GOOD)
    assert User.objects.get(email="ops@portal.example").is_system_administrator


def test_the_command_can_ask_for_a_password(db, monkeypatch):
    monkeypatch.setattr("getpass.getpass", lambda prompt: GOOD["password"])
    assert "can sign in" in run("create_system_administrator", "ops@portal.example", password=True, name="Ops")
    assert User.objects.get().check_password(GOOD["password"])


@pytest.mark.parametrize(
    ("answers", "words"), [(["short", "short"], "at least 12"), ([GOOD["password"], "other"], "differ")]
)
def test_the_command_refuses_bad_passwords(db, monkeypatch, answers, words):
    monkeypatch.setattr("getpass.getpass", lambda prompt: answers.pop(0))
    with pytest.raises(CommandError, match=words):
        run("create_system_administrator", "ops@portal.example", password=True)


def test_the_command_says_what_is_wrong(cast, monkeypatch):
    with pytest.raises(CommandError, match="not an e-mail address"):
        run("create_system_administrator", "ops")
    with pytest.raises(CommandError, match="already"):
        run("create_system_administrator", cast.root.email)
    with pytest.raises(CommandError, match="has a sign-in already"):
        run("create_system_administrator", cast.bob.user.email, password=True)


def test_reset_password_prints_a_link_that_sets_a_new_password_once(cast, client):
    out = run("reset_password", "ALICE@acme.example")
    path = path_of(out.strip().splitlines()[-1])
    assert AuditEntry.objects.filter(action="tenants.password.link_made").exists()
    form = client.get(path, follow=True)
    assert form.status_code == 200
    target = form.redirect_chain[-1][0]
    client.post(target, {"password1": "seven tall blue towers", "password2": "seven tall blue towers"})
    assert User.objects.get(pk=cast.alice.user.pk).check_password("seven tall blue towers")
    second = Client().get(path, follow=True)
    assert "password1" not in text_of(second)


def test_reset_password_says_what_is_wrong(cast):
    with pytest.raises(CommandError, match="Nobody signs in as"):
        run("reset_password", "nobody@portal.example")
    User.objects.filter(pk=cast.bob.user.pk).update(is_active=False)
    with pytest.raises(CommandError, match="may not sign in"):
        run("reset_password", cast.bob.user.email)


def test_a_reset_by_mail_leads_to_our_public_address(cast, client, settings, mailoutbox):
    settings.PUBLIC_BASE_URL = "https://sms.example.com"
    client.post(
        "/account/password/reset/", {"email": "Alice@Acme.example"}, headers={"host": "evil.example"}, follow=True
    )
    body = mailoutbox[0].body
    assert "https://sms.example.com/account/password/reset/key/" in body
    assert "evil.example/account" not in body
    path = next(line for line in body.split() if "/reset/key/" in line).removeprefix("https://sms.example.com")
    assert client.get(path, follow=True).status_code == 200


def test_a_reset_for_nobody_answers_the_same(cast, client, mailoutbox):
    known = client.post("/account/password/reset/", {"email": "alice@acme.example"})
    unknown = client.post("/account/password/reset/", {"email": "nobody@acme.example"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)


def test_an_administrators_link_does_not_take_over_a_sign_in_made_meanwhile(cast, actor):
    invited = administrators.invite(actor, email="second@portal.example")
    make_user("second@portal.example")
    with pytest.raises(administrators.InvitationError, match="Sign in first"):
        administrators.accept(path_of(invited.link).split("/")[2], **GOOD)
    assert administrators.find(path_of(invited.link).split("/")[2])


def test_enabling_who_is_enabled_is_not_logged(cast, actor):
    administrators.set_enabled(actor, cast.root, True)
    assert not AuditEntry.objects.exists()
