"""The rotation wizard: what each press says, who may press, and what is never shown."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sms.models import TokenRotation, TwilioAccount
from tenants import clock, secrets
from tenants.models import ManageSession
from tests.factories import make_account, make_configuration, make_trunk
from tests.sms.connect_scene import forget, make_scene


@pytest.fixture
def scene(cast, running_sandbox, settings):
    settings.SANDBOX_URL, settings.LOCAL_BASE_URL = running_sandbox.url, ""
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = False
    yield make_scene(cast, running_sandbox)
    running_sandbox.control("DELETE", "/faults")
    forget(running_sandbox)


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice.user)
    return client


@pytest.fixture
def page(scene):
    return reverse("sms:rotation", args=["acme", scene.configuration.pk])


def press(client, page, step, **more):
    return client.post(page, {"step": step, **more}, follow=True).content.decode()


def test_the_wizard_leads_through_all_steps(alice, scene, page):
    text = alice.get(page).content.decode()
    assert 'value="create"' in text
    assert 'value="give_up"' not in text
    text = press(alice, page, "create")
    assert "Verify it next" in text
    assert 'value="verify"' in text
    assert 'value="give_up"' in text
    text = press(alice, page, "verify")
    assert "only this portal itself was asked" in text, "there is no web server to call"
    assert 'value="promote"' in text
    text = press(alice, page, "promote")
    assert "Texts go on" in text
    assert "No webhook signed with the new token has come yet" in text
    assert 'hx-trigger="every 5s"' in text
    assert 'value="give_up"' not in text
    text = press(alice, page, "drop")
    assert "The token was rotated" in text
    for row in TwilioAccount.objects.all():
        assert secrets.open(row, "auth_token") not in text


def test_giving_up_says_that_nothing_has_changed(alice, page):
    press(alice, page, "create")
    text = press(alice, page, "give_up")
    assert "everything is as before" in text
    assert "The last rotation was given up" in text


def test_a_lost_answer_offers_to_ask_twilio(alice, scene, page):
    scene.sandbox.fault("http_500_after_accept", count=1, match={"operation": "tokens"})
    text = press(alice, page, "create")
    assert "Ask Twilio and go on" in text
    assert "Verify it next" in press(alice, page, "create")


def test_a_token_nobody_knows_is_replaced_on_request(alice, scene, page):
    scene.sandbox.control("PATCH", f"/accounts/{scene.account['sid']}", {"rotate": "secondary"})
    text = press(alice, page, "create")
    assert "Delete it and make a new one" in text
    assert "Verify it next" in press(alice, page, "create", replace="1")


def test_while_twilio_is_asked_nothing_can_be_pressed(alice, scene, page):
    TokenRotation.objects.create(account=scene.configuration.account, begun="created", made_by="bob")
    text = alice.get(page).content.decode()
    assert "being asked just now" in text
    assert 'name="step"' not in text


def test_nothing_happens_without_a_step(alice, page):
    assert alice.post(page, {"step": "dance"}).status_code == 302
    assert not TokenRotation.objects.exists()


@pytest.fixture
def elsewhere(cast, scene):
    theirs = make_account(cast.globex, sid=scene.account["sid"], auth_token=scene.account["auth_token"])
    make_configuration(cast.globex, make_trunk("Theirs"), theirs, name="Secret name")
    return theirs


def test_a_tenant_is_told_why_it_may_not_promote_and_whom_to_ask(alice, page, elsewhere):
    press(alice, page, "create")
    text = press(alice, page, "verify")
    assert "1 configuration in another part" in text
    assert "Waits for a system administrator" in text
    assert 'value="promote"' not in text
    assert "Secret name" not in text
    assert "Globex" not in text
    text = press(alice, page, "promote")
    assert "Ask a system administrator to promote it" in text
    assert TokenRotation.objects.get().step == "verified"


def test_a_system_administrator_in_manage_promotes_for_all(client, cast, page, elsewhere):
    client.force_login(cast.root)
    ManageSession.objects.create(administrator=cast.root, tenant=cast.acme, expires_at=clock.in_seconds(600))
    press(client, page, "create")
    text = press(client, page, "verify")
    assert "Globex: Secret name" in text
    press(client, page, "promote")
    tokens = {secrets.open(row, "auth_token") for row in TwilioAccount.objects.filter(pk=elsewhere.pk)}
    assert tokens == {secrets.open(TokenRotation.objects.get().account, "auth_token")}


def test_an_operators_account_is_rotated_at_its_trunk_only(client, alice, cast, scene, page):
    account = scene.configuration.account
    account.tenant = None
    account.save()
    assert alice.get(page).status_code == 404
    trunk = scene.configuration.trunk
    system = reverse("sms:system_rotation", args=[trunk.pk])
    client.force_login(cast.root)
    assert client.get(system)["Location"] == reverse("sms:system_trunk_account", args=[trunk.pk])
    trunk.account = account
    trunk.save()
    text = client.get(system).content.decode()
    assert scene.configuration.name in text
    assert "used elsewhere" not in text
    for step in ("create", "verify", "promote", "drop"):
        text = press(client, system, step)
    assert "The token was rotated" in text


def test_the_page_asks_as_much_for_sixty_configurations(alice, cast, scene, page):
    def count():
        with CaptureQueriesContext(connection) as queries:
            alice.get(page)
        return len(queries)

    before = count()
    for number in range(60):
        make_configuration(cast.acme, make_trunk(f"T{number}"), scene.configuration.account, name=f"C{number}")
    assert count() == before <= 12
