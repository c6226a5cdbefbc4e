"""The page "Numbers at Twilio": who sees which numbers, what narrows them, and taking them into a pool."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sms.mirror import reading, showing
from sms.mirror.showing import Show, Wanted
from sms.models import AccountReading, PhoneNumber, TwilioNumber, TwilioService
from sms.pointing import looking
from sms.setup import configuring, numbers
from tenants import clock
from tenants.ids import new_id
from tenants.models import AuditEntry
from tests import factories
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER

pytestmark = pytest.mark.django_db
FREE = "+12025550777"
BASE = "https://portal.example"


@pytest.fixture(autouse=True)
def _settled(settings, hinted):
    settings.PUBLIC_BASE_URL = BASE
    clock.sync(force=True)


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice.user)
    return client


@pytest.fixture
def own(cast):
    """Acme's own trunk with a configuration for its account; the shared one is not used."""
    trunk = factories.make_trunk("Own", tenant=cast.acme)
    cast.acme.own_trunks = True
    cast.acme.save()
    return factories.make_configuration(cast.acme, trunk, cast.account)


def url(view, configuration, tenant="acme"):
    return reverse(f"sms:{view}", args=[tenant, configuration.pk])


def keep(account, e164, **more):
    return TwilioNumber.objects.create(
        account=account, sid=f"PN{new_id().hex}", e164=e164, **{"sms": True, "kind": "local"} | more
    )


def was_read(account, minutes=5, **more):
    at = clock.now() - timedelta(minutes=minutes)
    PhoneNumber.objects.update(assigned_at=at - timedelta(days=1))
    return AccountReading.objects.create(
        account=account, started_at=at, finished_at=at, due_at=clock.in_seconds(9999), **more
    )


def listed(answer):
    return [row["number"].e164 for row in answer.context["rows"]]


# --- What is shown ---


def test_a_number_shows_what_it_can_where_its_texts_go_and_whether_it_is_in_the_pool(alice, cast):
    keep(cast.account, OUR_NUMBER, mms=True, voice=True, sms_url=configuring.webhook_url(cast.configuration))
    service = TwilioService.objects.create(account=cast.account, sid="MG1", friendly_name="Marketing")
    keep(cast.account, FREE, sms=False, friendly_name="Fax", kind="toll_free", service=service)
    was_read(cast.account)
    answer = alice.get(url("configuration_numbers", cast.configuration))
    page = answer.content.decode()
    assert [row["told"].label for row in answer.context["rows"]] == ["Comes here", "Messaging Service drops texts"]
    assert [row["is_here"] for row in answer.context["rows"]] == [True, False]
    for words in (
        "SMS · MMS · Voice",
        "No SMS",
        "Toll-free",
        "Fax",
        "In Messaging Service “Marketing”",
        "2 numbers in the account",
    ):
        assert words in page
    # Nothing is wrong with a number that is in no pool.
    assert [row["told"].tone for row in answer.context["rows"]] == ["good", "neutral"]


def test_before_the_first_reading_the_page_says_so(alice, cast):
    assert "Nothing is known yet" in alice.get(url("configuration_numbers", cast.configuration)).content.decode()
    was_read(cast.account)
    assert "The account has no numbers" in alice.get(url("configuration_numbers", cast.configuration)).content.decode()


def test_pool_numbers_that_the_account_does_not_have_are_named(alice, cast):
    keep(cast.account, OUR_NUMBER)
    keep(cast.account, OUR_SECOND_NUMBER, gone_at=clock.now())
    page = alice.get(url("configuration_numbers", cast.configuration))
    # Nothing is concluded before the account was read whole.
    assert page.context["missing"] == []
    was_read(cast.account)
    page = alice.get(url("configuration_numbers", cast.configuration))
    assert [number.e164 for number in page.context["missing"]] == [OUR_SECOND_NUMBER]
    assert "No longer in the account" in page.content.decode()
    # One that was added since is not known to be missing.
    PhoneNumber.objects.update(assigned_at=clock.now())
    assert not showing.missing(cast.configuration).exists()


def test_a_number_that_came_back_under_another_sid_is_shown_once(cast):
    keep(cast.account, FREE, gone_at=clock.now())
    back = keep(cast.account, FREE)
    assert list(showing.visible(cast.configuration)) == [back]


# --- Whose numbers ---


def test_of_an_operators_account_a_tenant_sees_only_its_pool(alice, cast):
    operators = factories.make_account(None)
    cast.configuration.account = operators
    cast.configuration.save()
    service = TwilioService.objects.create(account=operators, sid="MG1", friendly_name="Globex campaign")
    keep(operators, OUR_NUMBER, service=service)
    keep(operators, "+12025550999", friendly_name="Globex hotline")
    was_read(operators, minutes=2, problem="Twilio refused AC123", done=4012)
    answer = alice.get(url("configuration_numbers", cast.configuration))
    page = answer.content.decode()
    assert listed(answer) == [OUR_NUMBER]
    for secret in ("Globex", "0999", "AC123", "4012", operators.account_sid):
        assert secret not in page
    assert "operator" in page
    AccountReading.objects.update(part="numbers")
    poll = alice.get(url("configuration_numbers", cast.configuration), headers={"HX-Target": "reading"})
    assert "4012" not in poll.content.decode().replace(",", "")
    assert [value for value, _label in answer.context["shows"]] == ["astray", "gone"]
    # And it may not have the operator's thousands read again and again, nor take any of them.
    before = AccountReading.objects.get().due_at
    alice.post(url("configuration_numbers_read", cast.configuration))
    assert AccountReading.objects.get().due_at == before
    added = alice.post(url("configuration_numbers_add", cast.configuration), {"all": "1"}, follow=True)
    assert "Only a system administrator" in added.content.decode()


def test_the_numbers_of_another_tenant_are_not_there(client, cast):
    keep(cast.account, FREE)
    client.force_login(cast.mallory.user)
    trunk = factories.make_trunk("Globex", tenant=cast.globex)
    own = factories.make_configuration(cast.globex, trunk, factories.make_account(cast.globex))
    assert listed(client.get(url("configuration_numbers", own, "globex"))) == []
    assert client.get(url("configuration_numbers", cast.configuration, "globex")).status_code == 404


# --- Search and filters ---


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", [OUR_NUMBER, OUR_SECOND_NUMBER, FREE, "+442071838750"]),
        ("q=0777", [FREE]),
        ("q=(202) 555-0777", [FREE]),
        ("q=hotline", ["+442071838750"]),
        ("q=nobody", []),
        ("show=pool", [OUR_NUMBER, OUR_SECOND_NUMBER]),
        ("show=free", [FREE]),
        ("show=gone", ["+442071838750"]),
        ("show=astray", [OUR_SECOND_NUMBER, FREE]),
        ("show=pool&q=0102", [OUR_SECOND_NUMBER]),
        ("show=else", [OUR_NUMBER, OUR_SECOND_NUMBER, FREE, "+442071838750"]),
        ("q=\0", [OUR_NUMBER, OUR_SECOND_NUMBER, FREE, "+442071838750"]),
    ],
)
def test_numbers_are_found_by_digits_name_and_state(alice, cast, asked, found):
    keep(cast.account, OUR_NUMBER, sms_url=configuring.webhook_url(cast.configuration))
    keep(cast.account, OUR_SECOND_NUMBER, sms_url="https://else.example/")
    keep(cast.account, FREE)
    keep(cast.account, "+442071838750", friendly_name="Old hotline", gone_at=clock.now())
    was_read(cast.account)
    answer = alice.get(url("configuration_numbers", cast.configuration) + "?" + asked.replace(" ", "%20"))
    assert listed(answer) == found


def test_what_does_not_come_here_is_what_the_judge_says(cast):
    """The filter is a condition for the database; each way a number can stand must fall on the judge's side."""
    address = configuring.webhook_url(cast.configuration)
    plain = address.partition("#")[0]
    urls = ["", "https://else.example/x", address, plain, plain.replace(BASE, f"{BASE}:443"), plain + "x"]
    urls += [plain.replace(BASE, "https://old.example"), plain.replace("/message", "/fallback")]
    services = [None]
    for number, (inbound, leaves) in enumerate(
        [("", True), ("", False), (address, False), ("https://x.example", False)]
    ):
        services.append(
            TwilioService.objects.create(
                account=cast.account,
                sid=f"MG{number}",
                inbound_request_url=inbound,
                inbound_method="POST",
                use_inbound_webhook_on_number=leaves,
            )
        )
    TwilioNumber.objects.bulk_create(
        TwilioNumber(
            account=cast.account,
            sid=f"PN{new_id().hex}",
            e164=f"+1202555{index:04d}",
            sms_url=at,
            sms_method=method,
            sms_application_sid=application,
            service=service,
        )
        for index, (at, method, application, service) in enumerate(
            (at, method, application, service)
            for at in urls
            for method in ("", "GET", "POST")
            for application in ("", "AP1")
            for service in services
        )
    )
    ours = looking.ours(cast.configuration)
    rows = TwilioNumber.objects.select_related("service")
    healthy = {row.pk for row in rows if looking.at_number(row, ours).verdict.is_healthy}
    there = set(rows.filter(showing.comes_here(cast.configuration)).values_list("pk", flat=True))
    assert there == healthy
    astray = showing.of_configuration(cast.configuration, Wanted(show=Show.ASTRAY))
    assert astray.count() == rows.count() - len(healthy)
    assert 0 < len(healthy) < rows.count()


# --- Thousands ---


def fill(account, count, **more):
    TwilioNumber.objects.bulk_create(
        TwilioNumber(account=account, sid=f"PN{new_id().hex}", e164=f"+1303{index:07d}", sms=True, **more)
        for index in range(count)
    )


@pytest.mark.parametrize("asked", ["", "?show=astray", "?show=free", "?q=30"])
def test_the_page_costs_the_same_for_three_numbers_and_for_sixty(alice, cast, asked):
    was_read(cast.account)
    service = TwilioService.objects.create(account=cast.account, sid="MG1", friendly_name="One")
    fill(cast.account, 3, service=service)
    alice.get(url("configuration_numbers", cast.configuration))
    costs = []
    for _ in range(2):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            alice.get(url("configuration_numbers", cast.configuration) + asked)
        costs.append(len(queries))
        fill(factories.make_account(cast.acme), 1)
        TwilioNumber.objects.filter(account=cast.account).delete()
        fill(cast.account, 45, service=service)
    assert costs[0] == costs[1] <= 12


def test_pages_turn_by_an_index_in_the_order_of_the_numbers(alice, cast):
    fill(cast.account, 120)
    was_read(cast.account)
    seen, at = [], url("configuration_numbers", cast.configuration)
    while at:
        answer = alice.get(at)
        seen += listed(answer)
        at = answer.context["page"].older_url
    assert len(seen) == 120
    assert seen == sorted(seen)
    TwilioNumber.objects.all().update(gone_at=None)
    plan = showing.visible(cast.configuration).order_by("e164", "id")[:51].explain()
    assert "twilio_number_listed" in plan
    assert "TEMP B-TREE FOR ORDER BY" not in plan


# --- Into the pool ---


def test_ticked_numbers_go_into_the_own_pool_verified(alice, cast, own):
    ticked, other = keep(cast.account, FREE), keep(cast.account, "+12025550778")
    was_read(cast.account)
    answer = alice.post(url("configuration_numbers_add", own), {"ids": [ticked.pk.hex, "x"]}, follow=True)
    assert "1 number was added to the pool of Acme on Own." in answer.content.decode()
    held = PhoneNumber.objects.get(e164=FREE, released_at=None)
    assert (held.pool.trunk, held.verified_at is not None) == (own.trunk, True)
    assert not PhoneNumber.objects.filter(e164=other.e164).exists()
    assert AuditEntry.objects.filter(action="sms.pool.changed", tenant=cast.acme).exists()
    # A second time nothing is taken out, and what was there stays.
    alice.post(url("configuration_numbers_add", own), {"ids": [other.pk.hex]})
    assert numbers.live_numbers(cast.acme).filter(pool__trunk=own.trunk).count() == 2


def test_all_that_a_list_shows_goes_into_the_pool_at_once(alice, cast, own):
    fill(cast.account, 60)
    keep(cast.account, "+12025550778", friendly_name="Other")
    keep(cast.account, "88811", kind="short_code")
    gone = keep(cast.account, "+13031234567", gone_at=clock.now())
    was_read(cast.account)
    answer = alice.get(url("configuration_numbers", own) + "?show=free&q=303")
    assert answer.context["free_count"] == 60
    alice.post(url("configuration_numbers_add", own), {"all": "1", "show": "free", "q": "303"})
    pool = numbers.live_numbers(cast.acme).filter(pool__trunk=own.trunk)
    assert pool.count() == 60
    assert not pool.filter(e164=gone.e164).exists()


def test_nothing_is_added_when_somebody_holds_one_of_them(alice, cast, own):
    both = [keep(cast.account, "+12025550601"), keep(cast.account, "+12025550602")]
    theirs = factories.make_trunk("Theirs", tenant=cast.globex)
    factories.make_pool(theirs, cast.globex, "+12025550602")
    answer = alice.post(url("configuration_numbers_add", own), {"ids": [row.pk.hex for row in both]}, follow=True)
    page = answer.content.decode()
    assert "Nothing was added." in page
    assert "+12025550602 is held by another tenant" in page
    assert "Globex" not in page
    assert not numbers.live_numbers(cast.acme).filter(pool__trunk=own.trunk).exists()


def test_without_a_tick_nothing_happens(alice, cast, own):
    keep(cast.account, FREE)
    answer = alice.post(url("configuration_numbers_add", own), {}, follow=True)
    assert "Tick the numbers" in answer.content.decode()
    assert not PhoneNumber.objects.filter(e164=FREE).exists()


# --- Read again ---


def test_reading_again_shows_how_far_it_is_and_then_the_new_list(alice, cast):
    keep(cast.account, FREE)
    row = was_read(cast.account)
    at = url("configuration_numbers", cast.configuration)
    assert 'hx-trigger="every 2s"' not in alice.get(at).content.decode()
    answer = alice.post(url("configuration_numbers_read", cast.configuration), follow=True)
    assert 'hx-trigger="every 2s"' in answer.content.decode()
    AccountReading.objects.update(part="numbers", done=1000)
    poll = alice.get(at, headers={"HX-Request": "true", "HX-Target": "reading"})
    assert "1,000 / 1,000" in poll.content.decode()
    assert "HX-Refresh" not in poll.headers
    AccountReading.objects.update(part="", due_at=clock.in_seconds(99), finished_at=clock.now())
    poll = alice.get(at, headers={"HX-Request": "true", "HX-Target": "reading"})
    assert poll.headers["HX-Refresh"] == "true"
    assert row.pk == AccountReading.objects.get().pk


def test_a_refusal_is_said_with_when_it_is_tried_again(alice, cast):
    was_read(cast.account, problem="Twilio refused the credentials.", failures=2, part="numbers")
    page = alice.get(url("configuration_numbers", cast.configuration)).content.decode()
    assert "Twilio refused the credentials." in page
    assert "Next try" in page
    assert 'hx-trigger="every 2s"' not in page


def test_the_details_page_shows_a_few_of_the_pool(alice, cast):
    keep(cast.account, OUR_NUMBER)
    keep(cast.account, FREE)
    was_read(cast.account)
    part = alice.get(url("configuration_numbers", cast.configuration), headers={"HX-Request": "true"})
    assert listed(part) == [OUR_NUMBER]
    assert "All numbers of the account (2)" in part.content.decode()


def test_asking_about_a_pool_asks_its_accounts(cast, own):
    reading.ask_about(own.trunk, cast.acme)
    assert [row.account for row in AccountReading.objects.all()] == [cast.account]
    operators = factories.make_account(None)
    cast.trunk.account = operators
    cast.trunk.save()
    reading.ask_about(cast.trunk, cast.acme)
    assert AccountReading.objects.count() == 2
