"""A copy of a tenant: its rules with new numbers, its groups and hours; what it cannot have is said."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal import tenant_copy
from portal.tenant_copy import Copied, Wanted
from rules.times import calendars
from rules.times.calendars import HolidayDraft
from sms.models import Trunk
from sms.transfer import number_map
from sms.transfer.number_map import NumberMap
from tenants import audit
from tenants.models import Tenant
from tests import factories
from tests.factories import Cast
from tests.sms.transfer.scene import WEEK, furnish

NEW = number_map.parse("+12025550101-+12025550102 = +13035550101-+13035550102")[0]


@pytest.fixture
def acme(cast: Cast) -> Tenant:
    furnish(cast)
    calendars.save_hours(audit.PORTAL, cast.acme, WEEK)
    draft = HolidayDraft("Christmas", date(2026, 12, 24), date(2026, 12, 26), True, "DE")
    calendars.save_holiday(audit.PORTAL, cast.acme, draft)
    return cast.acme


@pytest.fixture
def shared(acme: Tenant) -> Trunk:
    return factories.make_trunk("Shared West")


def copy(acme: Tenant, trunk: Trunk, found: NumberMap = NEW) -> Copied:
    return tenant_copy.copy(audit.PORTAL, acme, Wanted("West", "west", trunk=trunk, number_map=found))


def rule(tenant: Tenant, name: str) -> dict[str, Any]:
    rules = tenant.rule_sets.filter(kind="inbound").latest("version").document["rules"]
    found: dict[str, Any] = next(one for one in rules if one["name"].startswith(name))
    return found


def test_rules_listen_to_the_new_numbers_one_by_one(acme: Tenant, shared: Trunk) -> None:
    west = copy(acme, shared).created.tenant
    assert sorted(west.phone_numbers.values_list("e164", flat=True)) == ["+13035550101", "+13035550102"]
    named = next(one for one in rule(west, "VIP")["conditions"] if one["kind"] == "number")
    assert named["numbers"] == ["+13035550101", "+13035550102"]
    run = rule(west, "Range")
    assert {"kind": "range", "first": "+13035550101", "last": "+13035550102"} in run["conditions"]
    assert (run["targets"][0]["first_number"], run["targets"][0]["last"]) == ("+13035550101", "102")
    assert rule(west, "Rest")["conditions"][0]["label"] == "Shared West"


def test_groups_hours_and_holidays_come_along(acme: Tenant, shared: Trunk) -> None:
    west = copy(acme, shared).created.tenant
    sales = west.groups.get(name="Sales")
    assert sales.assignment == "round_robin"
    assert sales.fallback_group == west.groups.get(name="Support")
    assert (sales.escalate_member, sales.escalate_minutes, sales.members.count()) == (None, None, 0)
    assert west.office_hours.week == WEEK
    assert west.holidays.get().country == "DE"
    assert west.rule_sets.filter(kind="inbound").latest("version").note == "Copied from Acme"


def test_what_cannot_come_along_is_named_and_nothing_secret_does(acme: Tenant, shared: Trunk) -> None:
    copied = copy(acme, shared)
    named = {(one.rule.split(";")[0], one.kind) for one in copied.missing}
    assert named == {("VIP", "member"), ("France", "configuration")}
    west = copied.created.tenant
    assert (west.members.count(), west.configurations.count(), west.twilio_accounts.count()) == (0, 0, 0)
    assert [target["kind"] for target in rule(west, "VIP")["targets"]] == ["group", "email", "auto_reply", "forward"]


def test_a_rule_that_lost_all_its_numbers_is_switched_off(acme: Tenant, shared: Trunk) -> None:
    assert tenant_copy.unmapped(acme, NumberMap()) == ["+12025550101", "+12025550102"]
    west = copy(acme, shared, NumberMap()).created.tenant
    assert not rule(west, "VIP")["enabled"]


def test_a_number_that_somebody_holds_stops_the_whole_copy(
    acme: Tenant, shared: Trunk, client: Client, cast: Cast
) -> None:
    factories.make_pool(shared, cast.globex, "+13035550102")
    text = post(client, cast, trunk=shared.pk.hex, number_map="+12025550101-2 = +13035550101-2").content.decode()
    assert "+13035550102 is held by Globex" in text
    assert not Tenant.objects.filter(slug="west").exists()


def post(client: Client, cast: Cast, **data: str) -> Any:
    client.force_login(cast.root)
    return client.post(reverse("tenant_copy", args=[cast.acme.pk]), {"name": "West", "slug": "west", **data})


@pytest.fixture(autouse=True)
def without_second_factor(settings: Any) -> None:
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = False


def test_the_page_asks_for_numbers_without_a_successor(acme: Tenant, shared: Trunk, client: Client, cast: Cast) -> None:
    text = post(client, cast).content.decode()
    assert "Rules name these numbers, and the map does not: +1 202-555-0101, +1 202-555-0102." in text
    response = post(client, cast, without="on")
    assert response.status_code == 302
    shown = client.get(response["Location"]).content.decode()
    assert "Look at these rules" in shown


def test_the_page_names_each_wrong_line_and_a_missing_trunk(acme: Tenant, client: Client, cast: Cast) -> None:
    text = post(client, cast, number_map="+12025550101-2 = +13035550101\nx").content.decode()
    assert "Line 1: 2 old numbers cannot become 1 new ones" in text
    assert "Line 2: write the old number or range" in text
    text = post(client, cast, number_map="+12025550101-2 = +13035550101-2").content.decode()
    assert "Choose the trunk that the new numbers are on." in text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("+12025550101", "write the old number or range, an equals sign, and the new one"),
        ("+12025550101 = five", "Line 1"),
        ("+12025550101 = ", "is not one number or one range"),
        ("+12025550101;+12025550105 = +13035550101-2", "is not one number or one range"),
        ("+12025550101 = +13035550101\n+12025550101 = +13035550102", "the old numbers +12025550101 stand in another"),
        ("+12025550101 = +13035550101\n+12025550102 = +13035550101", "the new numbers +13035550101 stand in another"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(text: str, problem: str) -> None:
    [said] = number_map.parse(text, "US")[1]
    assert problem in said


def test_a_map_gives_each_number_its_successor() -> None:
    found, problems = number_map.parse(
        "(202) 555-0101 → +13035550199\n\n+12025550110-+12025550119 = +442071838700-09", "US"
    )
    assert problems == []
    assert found.new("+12025550101") == "+13035550199"
    assert found.new("+12025550113") == "+442071838703"
    assert found.new("+12025550120") == ""
    assert found.new_run("+12025550111", "+12025550112") == ("+442071838701", "+442071838702")
    assert found.new_run("+12025550101", "+12025550112") is None
    assert found.numbers == "+13035550199; +442071838700-442071838709"
