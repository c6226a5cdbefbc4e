"""The operator's numbers behind a shared trunk, as system administrators see them and give them to tenants."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sms.models import AccountReading, PhoneNumber, TwilioNumber
from sms.setup import configuring
from tenants import clock
from tenants.ids import new_id
from tests import factories
from tests.factories import OUR_NUMBER

pytestmark = pytest.mark.django_db
FREE = "+12025550777"


@pytest.fixture
def operators(cast, settings, hinted):
    """The operator's account on the trunk that Acme shares."""
    settings.PUBLIC_BASE_URL = "https://portal.example"
    clock.sync(force=True)
    account = factories.make_account(None)
    cast.trunk.account = account
    cast.trunk.save()
    cast.configuration.account = account
    cast.configuration.save()
    now = clock.now()
    AccountReading.objects.create(account=account, started_at=now, finished_at=now, due_at=clock.in_seconds(9999))
    return account


@pytest.fixture
def root(client, cast, settings):
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = False
    client.force_login(cast.root)
    return client


def url(view, trunk):
    return reverse(f"sms:{view}", args=[trunk.pk])


def keep(account, *numbers, **more):
    return TwilioNumber.objects.bulk_create(
        TwilioNumber(account=account, sid=f"PN{new_id().hex}", e164=number, **{"sms": True} | more)
        for number in numbers
    )


def test_each_number_says_who_holds_it_and_whether_its_texts_reach_the_holder(root, cast, operators):
    keep(operators, OUR_NUMBER, sms_url=configuring.webhook_url(cast.configuration))
    keep(operators, FREE, sms_url="https://else.example/secret?token=1")
    answer = root.get(url("system_trunk_numbers", cast.trunk))
    rows = {row["number"].e164: row for row in answer.context["rows"]}
    assert rows[OUR_NUMBER]["holder"].tenant == cast.acme
    assert rows[OUR_NUMBER]["told"].label == "Comes here"
    assert (rows[FREE]["holder"], rows[FREE]["told"].label) == (None, "Goes elsewhere")
    assert "token=1" not in answer.content.decode()
    for show, found in [("pool", [OUR_NUMBER]), ("free", [FREE]), ("gone", [])]:
        page = root.get(url("system_trunk_numbers", cast.trunk) + f"?show={show}")
        assert [row["number"].e164 for row in page.context["rows"]] == found


def test_picked_numbers_go_to_the_chosen_tenant(root, cast, operators):
    picked, held = keep(operators, FREE, OUR_NUMBER)
    chosen = {"tenant": cast.acme.pk.hex, "ids": [picked.pk.hex]}
    answer = root.post(url("system_trunk_numbers_add", cast.trunk), chosen, follow=True)
    assert "1 number was added to the pool of Acme on Main." in answer.content.decode()
    number = PhoneNumber.objects.get(e164=FREE)
    assert (number.tenant, number.pool.trunk, number.verified_at is not None) == (cast.acme, cast.trunk, True)
    # What another tenant holds is refused, and here the holder is named.
    factories.make_pool(cast.trunk, cast.globex)
    chosen = {"tenant": cast.globex.pk.hex, "ids": [held.pk.hex]}
    page = root.post(url("system_trunk_numbers_add", cast.trunk), chosen, follow=True).content.decode()
    assert "is held by Acme" in page
    assert PhoneNumber.objects.get(e164=OUR_NUMBER, released_at=None).tenant == cast.acme


def test_only_a_tenant_that_shares_the_trunk_can_be_chosen(root, cast, operators):
    picked = keep(operators, FREE)[0]
    for tenant in (cast.globex.pk.hex, "", "x"):
        chosen = {"tenant": tenant, "ids": [picked.pk.hex]}
        page = root.post(url("system_trunk_numbers_add", cast.trunk), chosen, follow=True).content.decode()
        assert "Choose the tenant" in page
    assert not PhoneNumber.objects.filter(e164=FREE).exists()


def test_numbers_of_another_account_cannot_be_picked(root, cast, operators):
    stranger = keep(factories.make_account(cast.globex), FREE)[0]
    chosen = {"tenant": cast.acme.pk.hex, "ids": [stranger.pk.hex]}
    root.post(url("system_trunk_numbers_add", cast.trunk), chosen)
    assert not PhoneNumber.objects.filter(e164=FREE).exists()


def test_a_trunk_without_an_account_says_what_to_do(root, cast):
    page = root.get(url("system_trunk_numbers", cast.trunk)).content.decode()
    assert "brings no Twilio account" in page
    for view in ("system_trunk_numbers_add", "system_trunk_numbers_read"):
        assert root.post(url(view, cast.trunk)).status_code == 302
    assert not AccountReading.objects.exists()


def test_reading_again_is_asked_for_and_shown(root, cast, operators):
    keep(operators, FREE)
    answer = root.post(url("system_trunk_numbers_read", cast.trunk), follow=True)
    assert AccountReading.objects.get().due_at <= clock.now()
    assert 'hx-trigger="every 2s"' in answer.content.decode()
    poll = root.get(url("system_trunk_numbers", cast.trunk), headers={"HX-Target": "reading"})
    assert "<html" not in poll.content.decode()


def test_the_page_costs_the_same_for_three_numbers_and_for_sixty(root, cast, operators):
    costs = []
    for first, count in ((0, 3), (3, 45)):
        numbers = [f"+1303{index:07d}" for index in range(first, first + count)]
        keep(operators, *numbers)
        factories.make_pool(cast.trunk, cast.acme, *numbers[: count - 1])
        root.get(url("system_trunk_numbers", cast.trunk))
        with CaptureQueriesContext(connection) as queries:
            root.get(url("system_trunk_numbers", cast.trunk))
        costs.append(len(queries))
    # One more than elsewhere: an administrator's menu counts what is wrong with the portal itself.
    assert costs[0] == costs[1] <= 13
