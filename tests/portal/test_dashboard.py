"""The dashboard: today's figures, the chart, what needs attention, the first steps."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from sms.models import Delivery, Message, RefusedRequest
from sms.showing import figures
from tenants import clock
from tests import factories

CEILING = 12
OURS, THEIRS = factories.OUR_NUMBER, factories.THEIR_NUMBER


def dashboard_of(cast, client, member=None, **query):
    client.force_login((member or cast.alice).user)
    return client.get(reverse("dashboard", args=[cast.acme.slug]), query)


def sent(cast, *, state="accepted", provider_status="", **fields):
    return Message.objects.create(
        tenant=cast.acme,
        direction="out",
        configuration=cast.configuration,
        our_address=OURS,
        their_address=THEIRS,
        body="Hello",
        state=state,
        provider_status=provider_status,
        due_at=None,
        **fields,
    )


def received(cast, **fields):
    return factories.make_inbound(
        cast.configuration, ours=OURS, theirs=THEIRS, state=fields.pop("state", "routed"), **fields
    )


def working(cast):
    cast.acme.configurations.update(last_in_at=clock.now(), last_out_at=clock.now())


@pytest.fixture
def noon(cast):
    """Stand at noon, so that an hour ago is today in every time zone of these tests."""
    with clock.frozen(clock.now().replace(hour=12, minute=0)):
        yield clock.now()


def test_the_four_figures_count_today(cast, client, noon):
    received(cast)
    received(cast, occurred_at=noon - timedelta(days=1))
    sent(cast, provider_status="delivered")
    sent(cast, provider_status="undelivered")
    sent(cast, state="queued")
    stats = {stat["label"]: (stat["value"], stat["hint"]) for stat in dashboard_of(cast, client).context["stats"]}
    assert stats == {
        "Received today": (1, ""),
        "Sent today": (3, "1 waits"),
        "Delivered today": (1, "33 % of those sent"),
        "Failed today": (1, ""),
    }


def test_each_figure_leads_to_a_list_of_as_many(cast, client, noon):
    for status in ("delivered", "undelivered", "sent", ""):
        sent(cast, provider_status=status)
    received(cast)
    received(cast, occurred_at=noon - timedelta(days=2))
    for stat in dashboard_of(cast, client).context["stats"]:
        assert len(client.get(stat["url"]).context["rows"]) == stat["value"], stat["label"]


def test_today_begins_at_the_tenants_midnight_or_at_the_viewers(cast, client):
    cast.acme.time_zone = "Pacific/Auckland"
    cast.acme.save()
    with clock.frozen(clock.now().replace(hour=12, minute=30)):  # past midnight in Auckland
        received(cast, occurred_at=clock.now() - timedelta(hours=2))
        assert dashboard_of(cast, client).context["stats"][0]["value"] == 0
        cast.alice.user.time_zone = "UTC"
        cast.alice.user.save()
        assert dashboard_of(cast, client).context["stats"][0]["value"] == 1


def test_the_time_zone_of_one_page_does_not_leak_into_the_next(cast, client):
    cast.acme.time_zone = "Pacific/Auckland"
    cast.acme.save()
    dashboard_of(cast, client)
    assert timezone.get_current_timezone_name() == "UTC"


def test_the_chart_shows_seven_days_or_the_hours_of_today(cast, client, noon):
    received(cast, occurred_at=noon - timedelta(hours=3))
    sent(cast, occurred_at=noon - timedelta(days=2))
    days = dashboard_of(cast, client).context["chart"]
    assert [day["values"] for day in days] == [[0, 0]] * 4 + [[0, 1], [0, 0], [1, 0]]
    hours = dashboard_of(cast, client, chart="today").context["chart"]
    assert [hour["label"] for hour in hours if hour["values"] != [0, 0]] == ["09:00"]


@pytest.mark.parametrize(
    ("span", "bars", "label"), [("today", 24, "Today"), ("", 7, "7 days"), ("month", 30, "30 days")]
)
def test_the_chart_has_three_spans_and_marks_the_one_it_shows(cast, client, noon, span, bars, label):
    received(cast, occurred_at=noon - timedelta(days=20))
    received(cast)
    response = dashboard_of(cast, client, chart=span)
    assert len(response.context["chart"]) == bars
    (marked,) = re.findall(r'class="segment"[^>]* aria-current="true">([^<]*)', response.content.decode())
    assert marked.strip() == label
    total = sum(values["values"][0] for values in response.context["chart"])
    assert total == (2 if span == "month" else 1)


def test_days_of_a_clock_change_keep_their_midnights(cast):
    berlin = timezone.zoneinfo.ZoneInfo("Europe/Berlin")
    now = timezone.datetime(2026, 3, 30, 12, tzinfo=berlin)
    received(cast, occurred_at=timezone.datetime(2026, 3, 29, 0, 30, tzinfo=berlin))
    found = figures.read(cast.acme.messages.all(), now)
    assert [slot.received for slot in found.days] == [0, 0, 0, 0, 0, 1, 0]


def concerns_of(response):
    return {concern.text: concern.url for concern in response.context["concerns"]}


def test_what_needs_attention_leads_to_its_list(cast, client, noon):
    working(cast)
    received(cast, state="unrouted")
    sent(cast, state="unknown")
    sent(cast, state="held")
    sent(cast, provider_status="failed")
    lost = received(cast)
    Delivery.objects.create(tenant=cast.acme, message=lost, kind="email", state="exhausted")
    concerns = concerns_of(dashboard_of(cast, client))
    assert list(concerns) == [
        "1 text came in that no rule leads anywhere",
        "1 text may or may not have been sent",
        "1 text is held",
        "1 text failed in seven days",
        "1 text did not reach its destination",
    ]
    for text, url in concerns.items():
        assert len(client.get(url).context["rows"]) == 1, text


def test_a_stopped_configuration_and_refused_requests_lead_to_it(cast, client):
    working(cast)
    cast.acme.configurations.update(held_reason="20003")
    RefusedRequest.objects.create(
        tenant=cast.acme, configuration=cast.configuration, reason="signature", signed_url="https://x", method="POST"
    )
    concerns = concerns_of(dashboard_of(cast, client))
    assert len(concerns) == 2
    assert set(concerns.values()) == {cast.configuration.get_absolute_url()}


def test_refused_requests_are_forgotten_once_a_text_has_arrived(cast, client):
    RefusedRequest.objects.create(
        tenant=cast.acme, configuration=cast.configuration, reason="signature", signed_url="https://x", method="POST"
    )
    working(cast)
    assert concerns_of(dashboard_of(cast, client)) == {}


def test_a_new_tenant_sees_the_first_steps_and_nothing_empty(cast, client):
    response = dashboard_of(cast, client)
    assert response.context["is_new"]
    titles = [item["step"].title for item in response.context["steps"]]
    assert titles[0] == "Trunk"
    assert b"Needs attention" not in response.content


def test_the_first_steps_go_away_when_texts_have_passed_both_ways(cast, client):
    working(cast)
    assert dashboard_of(cast, client).context["steps"] == []


def test_an_agent_sees_the_figures_of_the_own_conversations_only(cast, client, noon):
    received(cast)
    response = dashboard_of(cast, client, cast.bob)
    assert response.context["stats"][0]["value"] == 0
    assert response.context["steps"] == []


def test_a_viewer_does_not_see_whole_numbers(cast, client):
    factories.make_conversation(cast.acme, OURS, THEIRS)
    assert THEIRS[-4:].encode() not in dashboard_of(cast, client, cast.vera).content


def test_another_tenants_texts_are_not_counted(cast, client):
    received(cast)
    client.force_login(cast.mallory.user)
    response = client.get(reverse("dashboard", args=[cast.globex.slug]))
    assert response.context["stats"][0]["value"] == 0


@pytest.mark.parametrize("is_new", [True, False])
def test_the_dashboard_needs_few_queries(cast, client, django_assert_max_num_queries, is_new):
    if not is_new:
        working(cast)
    for _number in range(5):
        received(cast)
        sent(cast, provider_status="failed")
    client.force_login(cast.alice.user)
    with django_assert_max_num_queries(CEILING):
        client.get(reverse("dashboard", args=[cast.acme.slug]))
