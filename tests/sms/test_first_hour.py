"""The checklist of the first hour: it knows what is done, leads to the form that comes next, and back."""

import pytest
from django.urls import reverse

from sms.models import TwilioNumber
from sms.pointing import looking
from sms.setup import configuring, first_hour
from tenants import clock
from tenants.audit import PORTAL
from tenants.models.members import SendingRight
from tests import factories
from tests.factories import OUR_NUMBER

CEILING = 12
TITLES = ["Trunk", "Phone number", "SMS configuration", "Webhook", "Rules", "Right to send", "Test"]


@pytest.fixture(autouse=True)
def public_address(settings):
    settings.PUBLIC_BASE_URL = "https://portal.example"


def done(tenant):
    return [step.title for step in first_hour.checklist(tenant) if step.done]


def step_of(tenant, title, visitor=first_hour.EVERYTHING):
    return next(step for step in first_hour.checklist(tenant, visitor=visitor) if step.title == title)


def read_at_twilio(cast, **fields):
    return TwilioNumber.objects.create(account=cast.account, sid="PN" + "1" * 32, e164=OUR_NUMBER, **fields)


def dashboard(client, tenant):
    return client.get(reverse("dashboard", args=[tenant.slug]))


# --- What is done ---


def test_the_steps_of_an_empty_tenant_stand_in_order_and_each_leads_on(cast, client):
    cast.globex.own_trunks = True
    cast.globex.save()
    assert [step.title for step in first_hour.checklist(cast.globex)] == TITLES
    assert done(cast.globex) == []
    client.force_login(cast.mallory.user)
    for step in first_hour.checklist(cast.globex):
        assert client.get(step.url).status_code == 200, step


def test_it_knows_what_is_done(cast, django_assert_max_num_queries):
    assert done(cast.acme) == ["Trunk", "Phone number", "SMS configuration", "Right to send"]
    configuration = cast.configuration
    configuration.last_in_at = configuration.last_out_at = clock.now()
    configuration.save()
    with django_assert_max_num_queries(4):
        steps = first_hour.checklist(cast.acme)
    assert [step.title for step in steps if not step.done] == ["Rules"]


def test_the_webhook_is_done_by_a_signed_call_by_our_own_change_or_as_read_at_twilio(cast):
    assert "Webhook" not in done(cast.acme)
    cast.configuration.signed_at = clock.now()
    cast.configuration.save()
    assert "Webhook" in done(cast.acme)
    cast.configuration.signed_at = None
    cast.configuration.save()
    change = cast.acme.webhook_changes.create(configuration=cast.configuration, number_sid="PN", changed_by="alice")
    assert "Webhook" in done(cast.acme)
    change.undone_at = clock.now()
    change.save()
    assert "Webhook" not in done(cast.acme)
    read_at_twilio(cast, sms_url=configuring.webhook_url(cast.configuration), sms_method="POST")
    assert "Webhook" in done(cast.acme)


ELSEWHERE = "https://elsewhere.example/sms"


@pytest.mark.parametrize("url", ["ours", "", ELSEWHERE])
@pytest.mark.parametrize("application", ["", "AP" + "1" * 32])
@pytest.mark.parametrize("service", [None, ("ours", False), ("ours", True), ("", False), (ELSEWHERE, True)])
def test_what_counts_as_here_is_what_the_judge_says(cast, url, application, service):
    ours = {"ours": configuring.webhook_url(cast.configuration)}
    if service is not None:
        address, leaves = service
        service = cast.account.services.create(
            sid="MG" + "1" * 32,
            inbound_request_url=ours.get(address, address),
            inbound_method="POST",
            use_inbound_webhook_on_number=leaves,
        )
    fields = {"sms_url": ours.get(url, url), "sms_application_sid": application, "service": service}
    number = read_at_twilio(cast, sms_method="POST", **fields)
    verdict = looking.at_number(number, looking.ours(cast.configuration)).verdict
    assert first_hour.standing_here(cast.acme).exists() == verdict.arrives
    assert ("Webhook" in done(cast.acme)) == verdict.arrives


def test_a_number_outside_the_pool_says_nothing_about_the_webhook(cast):
    number = read_at_twilio(cast, sms_url=configuring.webhook_url(cast.configuration), sms_method="POST")
    number.e164 = "+12025550777"
    number.save()
    assert "Webhook" not in done(cast.acme)


# --- Who can do it ---


def test_people_see_a_form_where_they_may_and_else_whom_to_wait_for(cast):
    nobody = first_hour.Visitor(lambda permission: False)
    for step in first_hour.checklist(cast.globex, visitor=nobody):
        assert not step.url
        assert step.waits_for
    own = first_hour.Visitor(lambda permission: True, adds_trunks=False)
    assert "system administrator" in step_of(cast.globex, "Trunk", own).waits_for
    shared = factories.make_trunk("Shared")
    factories.make_pool(shared, cast.globex)
    assert "system administrator" in step_of(cast.globex, "Phone number", own).waits_for
    assert shared.pk.hex in step_of(cast.globex, "Phone number").url


def test_an_agent_is_told_what_texts_wait_for_and_whom_to_ask(cast, client):
    client.force_login(cast.bob.user)
    page = dashboard(client, cast.acme)
    assert page.context["steps"] == []
    text = page.content.decode()
    assert "the next step is “Webhook”" in text
    assert f"Whom to ask: {cast.alice.name}" in text
    assert reverse("sms:pointing_preview", args=["acme", cast.configuration.pk]) not in text


def test_a_viewer_sees_the_steps_without_forms(cast, client):
    client.force_login(cast.vera.user)
    page = dashboard(client, cast.acme)
    assert len(page.context["steps"]) == 7
    assert "An administrator of your company does this." in page.content.decode()
    assert all(not item["step"].url for item in page.context["steps"] if not item["step"].done)


# --- The page ---


def test_of_a_new_tenant_it_is_the_whole_page(cast, client):
    client.force_login(cast.mallory.user)
    page = dashboard(client, cast.globex).content.decode()
    assert "From nothing to the first text" in page
    assert "Received today" not in page
    assert page.count("step-current") == 1
    assert 'value="0" max="7"' in page


def test_it_disappears_when_all_is_done(cast, client):
    cast.configuration.last_in_at = cast.configuration.last_out_at = clock.now()
    cast.configuration.save()
    client.force_login(cast.alice.user)
    assert "From nothing to the first text" not in dashboard(client, cast.acme).content.decode()
    client.force_login(cast.bob.user)
    assert "Texts do not flow yet" not in dashboard(client, cast.acme).content.decode()


@pytest.mark.parametrize("who", ["alice", "bob", "vera"])
def test_the_dashboard_with_its_steps_needs_few_queries(cast, client, django_assert_max_num_queries, who):
    for number in range(60):
        TwilioNumber.objects.create(account=cast.account, sid=f"PN{number:032}", e164=f"+1202555{number:04}")
    read_at_twilio(cast, sms_url="https://elsewhere.example")
    client.force_login(getattr(cast, who).user)
    with django_assert_max_num_queries(CEILING):
        dashboard(client, cast.acme)


# --- And back ---


def test_each_form_leads_back_to_the_dashboard_it_was_opened_from(cast, client):
    home = reverse("dashboard", args=["globex"])
    cast.globex.own_trunks = True
    cast.globex.save()
    cast.mallory.sending_right = SendingRight.NONE
    cast.mallory.save()
    client.force_login(cast.mallory.user)
    step = step_of(cast.globex, "Trunk")
    assert f'href="{home}">Cancel' in client.get(step.url).content.decode()
    form = client.get(step.url).context["form"]
    trunk = {name: field.value() or "" for name in form.fields if (field := form[name]).value() is not False}
    answer = client.post(step.url, trunk | {"name": "Own", "host": "globex-own.pstn.twilio.com"})
    assert answer.status_code == 302, answer.context["form"].errors
    assert answer["Location"] == home
    step = step_of(cast.globex, "Phone number")
    assert client.post(step.url, {"numbers": "+12025550188"})["Location"] == home
    assert done(cast.globex)[:2] == ["Trunk", "Phone number"]


def test_a_saved_configuration_leads_back_too(cast, client, running_sandbox, settings):
    settings.SANDBOX_URL = running_sandbox.url
    configuring.delete(PORTAL, cast.configuration)
    account = running_sandbox.account(friendly_name="Acme Inc.")
    client.force_login(cast.alice.user)
    data = {"trunk": cast.trunk.pk.hex, "account_sid": account["sid"], "auth_token": account["auth_token"]}
    answer = client.post(step_of(cast.acme, "SMS configuration").url, data | {"enabled": "on", "usual_rules": "on"})
    assert answer["Location"] == reverse("dashboard", args=["acme"])
    assert [step.title for step in first_hour.checklist(cast.acme) if not step.done] == ["Webhook", "Test"]
