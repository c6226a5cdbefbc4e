"""The pages of health: the strip, the list, one configuration's page, the dashboard, the system's page."""

import pytest
from django.urls import reverse

from sms.health import keeping, rounds
from sms.health.aspects import Verdict
from sms.models import AccountReading, Configuration, HealthSchedule
from tenants import clock
from tests.factories import OUR_NUMBER, THEIR_NUMBER, make_account, make_configuration, make_inbound, make_trunk
from tests.sms.conftest import later

pytestmark = pytest.mark.django_db

BAD = (
    Verdict("credentials", "credentials_good", {"result": "ok"}),
    Verdict("webhook", "webhook_not_set", {"numbers": [OUR_NUMBER], "count": 1, "total": 2}),
    Verdict("webhook", "webhook_not_set", address=OUR_NUMBER),
    Verdict("geo", "geo_closed", {"countries": ["FR"]}),
)


@pytest.fixture
def looked_at(cast):
    row = HealthSchedule.objects.create(
        tenant=cast.acme, configuration=cast.configuration, due_at=clock.in_seconds(3600), checked_at=clock.now()
    )
    keeping.keep(cast.configuration, BAD)
    return row


def at(name, cast):
    return reverse(f"sms:{name}", args=[cast.acme.slug, cast.configuration.pk])


def test_the_details_page_has_the_strip_with_what_mends(client, cast, looked_at):
    client.force_login(cast.alice.user)
    page = client.get(at("configuration_detail", cast)).content.decode()
    assert "No webhook is set: texts are lost." in page
    assert at("pointing_preview", cast) in page
    assert "The account may not send to France, where texts go." in page
    assert "Open geo permissions" in page
    assert "every 3s" not in page


def test_a_viewer_sees_the_lights_and_no_buttons(client, cast, looked_at):
    client.force_login(cast.vera.user)
    page = client.get(at("configuration_health", cast)).content.decode()
    assert "No webhook is set: texts are lost." in page
    assert at("pointing_preview", cast) not in page
    assert client.post(at("configuration_health_check", cast)).status_code == 403


def test_the_list_shows_the_worst_light_with_one_query_for_all(client, cast, looked_at, django_assert_max_num_queries):
    client.force_login(cast.alice.user)
    url = reverse("sms:configuration_list", args=[cast.acme.slug])
    assert "No webhook is set: texts are lost." in client.get(url).content.decode()
    with django_assert_max_num_queries(12) as few:
        client.get(url)
    for n in range(20):
        made = make_configuration(cast.acme, make_trunk(f"T{n}"), cast.account, name=f"C{n}")
        keeping.keep(made, BAD)
    with django_assert_max_num_queries(len(few)):
        client.get(url)


def test_the_page_shows_numbers_and_history_in_pages(client, cast, looked_at, django_assert_max_num_queries):
    client.force_login(cast.alice.user)
    url = at("configuration_health", cast)
    with django_assert_max_num_queries(12) as few:
        page = client.get(url).content.decode()
    assert "+1 202-555-0101" in page
    numbers = [Verdict("webhook", "webhook_elsewhere", {"detail": "x"}, f"+1202555{n:04}") for n in range(60)]
    with later(60):
        keeping.keep(cast.configuration, [*BAD[:2], *numbers])
    with django_assert_max_num_queries(len(few)):
        page = client.get(url).content.decode()
    assert 'rel="next"' in page
    assert client.get(f"{url}?q=5550059").content.decode().count("+1 202-555-00") == 1
    history = client.get(f"{url}?part=history").content.decode()
    assert "Texts go elsewhere: x." in history
    assert 'rel="next"' in history


def test_check_now_is_noted_and_the_page_waits_for_it(client, cast, looked_at, hinted):
    client.force_login(cast.alice.user)
    AccountReading.objects.create(account=cast.account, facts={"balance": {"at": "2020-01-01T00:00:00+00:00"}})
    answer = client.post(at("configuration_health_check", cast))
    assert (answer.status_code, answer.url) == (302, at("configuration_health", cast))
    looked_at.refresh_from_db()
    assert rounds.is_under_way(looked_at)
    facts = AccountReading.objects.get(account=cast.account).facts
    assert set(facts) == {"asked", "balance"}
    assert "Looking now" in client.get(answer.url).content.decode()


def test_an_operators_account_has_no_buttons_for_what_is_the_operators(client, cast, looked_at):
    cast.configuration.account = make_account(None)
    cast.configuration.save()
    client.force_login(cast.alice.user)
    page = client.get(at("configuration_health", cast)).content.decode()
    assert "Ask your operator." in page
    assert "Open geo permissions" not in page


def test_the_dashboard_names_what_is_wrong_and_leads_there(client, cast, looked_at, django_assert_max_num_queries):
    make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER)
    Configuration.objects.update(last_in_at=clock.now(), last_out_at=clock.now())
    client.force_login(cast.alice.user)
    url = reverse("dashboard", args=[cast.acme.slug])
    client.get(url)
    with django_assert_max_num_queries(20) as few:
        page = client.get(url).content.decode()
    assert "Webhook: No webhook is set" in page
    assert at("configuration_health", cast) in page
    for n in range(10):
        made = make_configuration(cast.acme, make_trunk(f"T{n}"), cast.account, name=f"C{n}")
        keeping.keep(made, BAD)
    with django_assert_max_num_queries(len(few)):
        assert client.get(url).content.decode().count("Webhook: No webhook is set") == 11


def test_system_administrators_see_names_and_no_causes(client, cast, looked_at, settings):
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = False
    client.force_login(cast.root)
    page = client.get(reverse("system_health")).content.decode()
    assert cast.configuration.name in page
    assert reverse("tenants:tenant_manage", args=[cast.acme.pk]) in page
    assert "No webhook is set" not in page


def test_nothing_looked_at_yet_is_said(client, cast):
    client.force_login(cast.alice.user)
    page = client.get(at("configuration_health", cast)).content.decode()
    assert "Not looked at yet" in page
    assert "Nothing has changed yet" in client.get(at("configuration_health", cast) + "?part=history").content.decode()
