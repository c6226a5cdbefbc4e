"""Passwords and second factors: a tenant's rules take effect, secrets are sealed."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from tenants import passwords
from tenants.accounts import MfaAdapter
from tenants.models import Tenant, User
from tests.factories import PASSWORD, make_member

ACTIVATE = reverse("mfa_activate_totp")


def text_of(response):
    return response.content.decode()


def sign_in(client, user, password=PASSWORD):
    return client.post("/account/login/", {"login": user.email, "password": password})


def code(secret, step=0):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step))


def set_up_second_factor(client):
    """Confirm the password as asked, scan the code, type what the app shows; return the secret."""
    page = client.get(ACTIVATE, follow=True)
    if page.redirect_chain:
        page = client.post(page.redirect_chain[-1][0], {"password": PASSWORD}, follow=True)
    secret = page.context["form"].secret
    done = client.post(ACTIVATE, {"code": code(secret)})
    assert done.status_code == 302, text_of(done)
    return secret


# --- passwords ---


def test_the_strictest_tenant_decides_how_long_a_password_must_be(cast):
    Tenant.objects.filter(pk=cast.globex.pk).update(password_min_length=20)
    make_member(cast.globex, cast.alice.user.email)
    with pytest.raises(ValidationError, match="at least 20 characters"):
        validate_password("four green river", cast.alice.user)
    validate_password("four green river", cast.bob.user)


def test_no_tenant_can_ask_for_less_than_twelve(cast):
    Tenant.objects.update(password_min_length=6)
    with pytest.raises(ValidationError, match="at least 12"):
        validate_password("elevenchars", cast.alice.user)


def test_without_a_person_the_portals_own_length_counts(db):
    with pytest.raises(ValidationError, match="at least 12"):
        passwords.TenantPasswordLength().validate("short")
    with pytest.raises(ValidationError, match="at most 128"):
        passwords.TenantPasswordLength().validate("x" * 129, User(email="new@acme.example"))


def test_changing_a_password_follows_the_tenants_length(cast, client):
    Tenant.objects.filter(pk=cast.acme.pk).update(password_min_length=24)
    sign_in(client, cast.alice.user)
    data = {"oldpassword": PASSWORD, "password1": "four quiet rivers", "password2": "four quiet rivers"}
    page = client.post("/account/password/change/", data, follow=True)
    assert "at least 24 characters" in text_of(page)
    assert User.objects.get(pk=cast.alice.user.pk).check_password(PASSWORD)


# --- the second factor ---


def test_secrets_of_second_factors_are_sealed_each_with_its_own_id():
    adapter = MfaAdapter()
    sealed = [adapter.encrypt("JBSWY3DPEHPK3PXP") for _ in range(2)]
    assert sealed[0] != sealed[1]
    assert all("JBSWY3DP" not in text for text in sealed)
    assert {adapter.decrypt(text) for text in sealed} == {"JBSWY3DPEHPK3PXP"}


def test_a_tenant_that_requires_it_sends_everybody_to_set_it_up_and_then_lets_them_in(cast, client):
    Tenant.objects.filter(pk=cast.acme.pk).update(two_factor_required=True)
    sign_in(client, cast.bob.user)
    stopped = client.get("/t/acme/conversations/")
    assert stopped.status_code == 302
    assert stopped.url.startswith(ACTIVATE)
    secret = set_up_second_factor(client)
    assert client.get("/t/acme/conversations/").status_code == 200
    stored = Authenticator.objects.get(user=cast.bob.user, type=Authenticator.Type.TOTP)
    assert secret not in str(stored.data)
    assert Authenticator.objects.filter(user=cast.bob.user, type=Authenticator.Type.RECOVERY_CODES).exists()


def test_the_next_sign_in_asks_for_the_code(cast, client):
    sign_in(client, cast.bob.user)
    secret = set_up_second_factor(client)
    again = Client()
    first = sign_in(again, cast.bob.user)
    assert first.url.startswith(reverse("mfa_authenticate"))
    assert again.get("/t/acme/conversations/").status_code == 302
    assert "Incorrect code" in text_of(again.post(first.url, {"code": "000000"}))
    again.post(first.url, {"code": code(secret, step=1)})
    assert again.get("/t/acme/conversations/").status_code == 200


def test_a_recovery_code_works_once(cast, client):
    sign_in(client, cast.bob.user)
    set_up_second_factor(client)
    recovery = Authenticator.objects.get(user=cast.bob.user, type=Authenticator.Type.RECOVERY_CODES).wrap()
    spare = recovery.get_unused_codes()[0]
    for expected in (200, 302):
        again = Client()
        step = sign_in(again, cast.bob.user)
        again.post(step.url, {"code": spare})
        assert again.get("/t/acme/conversations/").status_code == expected


def test_system_administrators_need_it_when_the_setting_says_so(cast, client, settings):
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = True
    sign_in(client, cast.root)
    assert client.get(reverse("tenants:tenant_list")).url.startswith(ACTIVATE)
    assert client.get("/t/acme/").url.startswith(ACTIVATE)
    set_up_second_factor(client)
    assert client.get(reverse("tenants:tenant_list")).status_code == 200


def test_an_invited_person_sets_it_up_without_typing_the_password_again(cast, client):
    from tenants import invitations
    from tenants.audit import PORTAL

    Tenant.objects.filter(pk=cast.acme.pk).update(two_factor_required=True)
    invited = invitations.invite(PORTAL, cast.acme, email="nina@acme.example")
    path = invited.link.removeprefix("http://127.0.0.1:8000")
    client.post(path, {"name": "Nina", "password": "four quiet green rivers"})
    assert client.get("/t/acme/conversations/").url.startswith(ACTIVATE)
    page = client.get(ACTIVATE)
    assert page.status_code == 200
    assert client.post(ACTIVATE, {"code": code(page.context["form"].secret)}).status_code == 302
    assert client.get("/t/acme/conversations/").status_code == 200


def test_a_reset_password_does_not_switch_the_second_factor_off(cast, client):
    sign_in(client, cast.bob.user)
    set_up_second_factor(client)
    bob = User.objects.get(pk=cast.bob.user.pk)
    bob.set_password("seven tall blue towers")
    bob.save()
    assert sign_in(Client(), bob, "seven tall blue towers").url.startswith(reverse("mfa_authenticate"))


def test_nobody_signs_up_by_himself(db, client):
    assert client.get("/account/signup/").status_code == 404
