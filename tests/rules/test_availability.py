"""Who of a group can be given a conversation: switch, own hours, enabled, in the tenant's time zone."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rules.times.availability import Absence, absence, available_members, is_available
from tenants.models import Member
from tests import factories
from tests.factories import Cast

pytestmark = pytest.mark.django_db

WORKDAYS = {"mon": [["09:00", "17:00"]], "tue": [["09:00", "12:00"], ["13:00", "24:00"]]}
# A Monday, 10:00 in New York.
MONDAY_TEN = datetime(2026, 6, 1, 14, 0, tzinfo=UTC)


def change(member: Member, **fields: Any) -> Member:
    Member.objects.filter(pk=member.pk).update(**fields)
    return Member.objects.select_related("user", "tenant").get(pk=member.pk)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, None),
        ({"hours": WORKDAYS}, None),
        ({"hours": {}}, Absence.OFF_HOURS),
        ({"hours": {"mon": [["10:01", "17:00"]]}}, Absence.OFF_HOURS),
        ({"hours": {"mon": [["10:00", "10:01"]]}}, None),
        ({"hours": {"mon": [["09:00", "10:00"]]}}, Absence.OFF_HOURS),
        ({"hours": {"tue": [["00:00", "24:00"]]}}, Absence.OFF_HOURS),
        ({"hours": {"monday": "?"}}, None),
        ({"available": False}, Absence.SWITCHED_OFF),
        ({"available": False, "hours": {}}, Absence.SWITCHED_OFF),
        ({"enabled": False}, Absence.DISABLED),
        ({"enabled": False, "available": False}, Absence.DISABLED),
    ],
)
def test_when_a_member_is_available(cast: Cast, fields: dict[str, Any], found: Absence | None) -> None:
    cast.acme.time_zone = "America/New_York"
    cast.acme.save()
    member = change(cast.bob, **fields)
    assert absence(member, MONDAY_TEN) == found
    assert is_available(member, MONDAY_TEN) is (found is None)


def test_a_person_who_may_not_sign_in_is_not_available(cast: Cast) -> None:
    cast.bob.user.is_active = False
    cast.bob.user.save()
    assert absence(cast.bob, MONDAY_TEN) == Absence.DISABLED


@pytest.mark.parametrize(
    ("zone", "there"), [("America/New_York", True), ("Europe/Zurich", True), ("Asia/Tokyo", False)]
)
def test_own_hours_are_read_in_the_time_zone_of_the_tenant(cast: Cast, zone: str, there: bool) -> None:
    """14:00 UTC is 10:00 in New York, 16:00 in Zurich and 23:00 in Tokyo."""
    cast.acme.time_zone = zone
    cast.acme.save()
    cast.bob.user.time_zone = "Pacific/Kiritimati"
    cast.bob.user.save()
    assert is_available(change(cast.bob, hours=WORKDAYS), MONDAY_TEN) is there


def test_a_group_is_asked_with_one_query_however_many_are_in_it(cast: Cast) -> None:
    extra = [factories.make_member(cast.acme, f"m{number}@acme.example", name=f"M{number}") for number in range(20)]
    group = factories.make_group(cast.acme, "Support", cast.bob, cast.sam, cast.alice, *extra)
    factories.make_group(cast.acme, "Others", cast.vera)
    change(cast.sam, available=False)
    change(cast.alice, hours={"tue": [["09:00", "17:00"]]})
    change(extra[0], enabled=False)
    cast.acme.time_zone = "America/New_York"
    cast.acme.save()
    group = cast.acme.groups.get(pk=group.pk)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = available_members(group, MONDAY_TEN)
    assert len(asked) == 1
    assert [member.name for member in found] == ["Bob", *sorted(member.name for member in extra[1:])]


def test_nobody_may_be_there(cast: Cast) -> None:
    assert available_members(factories.make_group(cast.acme, "Empty"), MONDAY_TEN) == []
    change(cast.bob, available=False)
    assert available_members(factories.make_group(cast.acme, "Off", cast.bob), MONDAY_TEN) == []
