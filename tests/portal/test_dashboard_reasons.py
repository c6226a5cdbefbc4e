"""Why texts failed today: on the dashboard, each reason with how many, who must act, and the list it counts."""

from datetime import timedelta

import pytest

from sms.errors import CODES
from sms.showing import reasons
from tenants import clock
from tests import factories
from tests.portal.test_dashboard import dashboard_of, noon, sent  # noqa: F401 (a fixture)

pytestmark = pytest.mark.django_db
CEILING = 12


def failed(cast, code, count=1, **fields):
    for _ in range(count):
        sent(cast, **({"provider_status": "undelivered", "error_code": code} | fields))


def shown(answer):
    return [(row["words"], row["reason"].problem.info.code) for row in answer.context["reasons"]]


def test_reasons_are_counted_the_most_frequent_first(cast, client, noon):  # noqa: F811
    failed(cast, "30003", 2)
    failed(cast, "30034", 3)
    failed(cast, "30007", occurred_at=noon - timedelta(days=1))
    failed(cast, "30025", provider_status="delivered")  # a warning is no failure
    answer = dashboard_of(cast, client)
    assert shown(answer) == [("3 texts", "30034"), ("2 texts", "30003")]
    html = answer.content.decode()
    assert CODES["30034"].meaning in html
    assert "Who must act: You, as an administrator" in html
    assert "https://console.twilio.com/us1/develop/sms/regulatory-compliance/a2p-10dlc" in html


def test_each_reason_leads_to_a_list_of_as_many(cast, client, noon):  # noqa: F811
    failed(cast, "30003", 2)
    failed(cast, "30034", 1)
    for row in dashboard_of(cast, client).context["reasons"]:
        assert len(client.get(row["url"]).context["rows"]) == row["reason"].count


def test_the_button_is_that_of_the_configuration_that_met_it_most(cast, client, noon):  # noqa: F811
    lent = factories.make_configuration(cast.acme, factories.make_trunk("Lent"), factories.make_account(None))
    failed(cast, "20003", 1, state="rejected", provider_status="")
    failed(cast, "20003", 2, state="rejected", provider_status="")
    newest = cast.acme.messages.order_by("-occurred_at", "-id").values("pk")[:2]
    cast.acme.messages.filter(pk__in=list(newest.values_list("pk", flat=True))).update(configuration=lent)
    (row,) = dashboard_of(cast, client).context["reasons"]
    assert (row["reason"].count, row["reason"].problem.who) == (3, "The operator of this portal")


def test_an_agent_s_reasons_are_those_of_the_own_texts(cast, client, noon):  # noqa: F811
    failed(cast, "30003", 2)
    failed(cast, "30007", 1, author=cast.bob)
    assert shown(dashboard_of(cast, client, cast.bob)) == [("1 text", "30007")]


def test_a_day_without_failures_asks_for_no_reasons(cast, client, noon, monkeypatch):  # noqa: F811
    monkeypatch.setattr(reasons, "since", lambda *given: pytest.fail("asked without need"))
    sent(cast, provider_status="delivered")
    assert dashboard_of(cast, client).context["reasons"] == []


def test_only_so_many_are_counted(cast, client, noon, monkeypatch):  # noqa: F811
    monkeypatch.setattr(reasons, "MOST_COUNTED", 2)
    failed(cast, "30003", 3)
    assert shown(dashboard_of(cast, client)) == [("More than 2", "30003")]


@pytest.mark.parametrize("who", ["alice", "bob", "vera"])
def test_reasons_cost_one_query_and_the_page_stays_below_its_ceiling(
    cast,
    client,
    noon,  # noqa: F811
    who,
    django_assert_max_num_queries,
):
    cast.acme.configurations.update(last_in_at=clock.now(), last_out_at=clock.now())
    failed(cast, "30003", 3, author=cast.bob)
    member = getattr(cast, who)
    url = dashboard_of(cast, client, member).wsgi_request.path
    with django_assert_max_num_queries(CEILING):
        assert client.get(url).context["reasons"]
