"""Changing hours, holidays and the time zone: the rows, the audit log, and the versions that decide from then on."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from rules import routing
from rules.changing import versions
from rules.models import Holiday, OfficeHours, RuleSet
from rules.schedule import Period
from rules.times import calendars, public_holidays
from rules.times.calendars import HolidayDraft, HolidayError
from tenants import provisioning
from tenants.audit import Actor
from tenants.models import AuditEntry
from tests.factories import Cast
from tests.rules.test_routing import actor_of, inbound_rule, outbound_rule

pytestmark = pytest.mark.django_db

OFFICE: dict[str, Any] = {"mon": [["09:00", "17:00"]]}
CHRISTMAS = HolidayDraft("Christmas", date(2026, 12, 25), date(2026, 12, 26), yearly=True, country="US")


@pytest.fixture
def actor(cast: Cast) -> Actor:
    """Alice, with a rule of each kind, saved."""
    inbound_rule(cast)
    outbound_rule(cast)
    return actor_of(cast)


def counted(cast: Cast) -> dict[str, int]:
    """Return how many versions there are of each kind."""
    return {kind: cast.acme.rule_sets.filter(kind=kind).count() for kind in ("inbound", "outbound")}


def live_calendars(cast: Cast) -> list[Any]:
    live = (versions.live(cast.acme, kind) for kind in ("inbound", "outbound"))
    return [saved.document["calendar"] for saved in live if saved]


def actions(cast: Cast) -> set[str]:
    return set(cast.acme.audit_entries.values_list("action", flat=True))


def entry(cast: Cast, action: str) -> AuditEntry:
    return cast.acme.audit_entries.get(action=action)


def test_hours_are_saved_with_an_entry_and_a_version_of_both_kinds(cast: Cast, actor: Actor) -> None:
    before = counted(cast)
    calendars.save_hours(actor, cast.acme, OFFICE)
    assert OfficeHours.objects.get(tenant=cast.acme).week == OFFICE
    assert counted(cast) == {kind: count + 1 for kind, count in before.items()}
    assert [calendar["week"] for calendar in live_calendars(cast)] == [OFFICE, OFFICE]
    assert entry(cast, "rules.hours.changed").changes == {"office_hours": ["always open", "Monday 09:00 – 17:00"]}
    assert versions.live(cast.acme, "inbound").note == "Office hours changed"  # type: ignore[union-attr]


def test_saving_the_same_hours_again_writes_nothing(cast: Cast, actor: Actor) -> None:
    calendars.save_hours(actor, cast.acme, OFFICE)
    before = counted(cast), cast.acme.audit_entries.count()
    calendars.save_hours(actor, cast.acme, OFFICE)
    assert (counted(cast), cast.acme.audit_entries.count()) == before


def test_taking_the_hours_away_opens_the_office_for_good(cast: Cast, actor: Actor) -> None:
    calendars.save_hours(actor, cast.acme, OFFICE)
    calendars.save_hours(actor, cast.acme, None)
    assert not OfficeHours.objects.filter(tenant=cast.acme).exists()
    assert [calendar["week"] for calendar in live_calendars(cast)] == [None, None]
    assert calendars.calendar_of(cast.acme).at(datetime(2026, 6, 7, 3, tzinfo=UTC)).period == Period.OPEN


def test_without_rules_hours_need_no_version(cast: Cast) -> None:
    calendars.save_hours(actor_of(cast), cast.acme, OFFICE)
    assert not RuleSet.objects.filter(tenant=cast.acme).exists()
    assert actions(cast) == {"rules.hours.changed"}


def test_a_holiday_is_added_changed_and_deleted(cast: Cast, actor: Actor) -> None:
    before = counted(cast)
    holiday = calendars.save_holiday(actor, cast.acme, CHRISTMAS)
    assert [calendar["holidays"] for calendar in live_calendars(cast)] == [
        [{"name": "Christmas", "start": "2026-12-25", "end": "2026-12-26", "yearly": True}]
    ] * 2
    longer = HolidayDraft("Christmas", date(2026, 12, 24), date(2026, 12, 26), yearly=True, country="US")
    calendars.save_holiday(actor, cast.acme, longer, holiday)
    assert entry(cast, "rules.holiday.changed").changes == {"starts_on": ["2026-12-25", "2026-12-24"]}
    calendars.save_holiday(actor, cast.acme, longer, holiday)
    calendars.delete_holidays(actor, cast.acme, [holiday])
    assert [calendar["holidays"] for calendar in live_calendars(cast)] == [[], []]
    assert counted(cast) == {kind: count + 3 for kind, count in before.items()}
    assert {"rules.holiday.created", "rules.holiday.changed", "rules.holiday.deleted"} <= actions(cast)


@pytest.mark.parametrize(
    ("draft", "field", "said"),
    [
        (HolidayDraft("Back", date(2026, 12, 26), date(2026, 12, 25)), "ends_on", "before the first"),
        (HolidayDraft("Long", date(2026, 1, 1), date(2027, 1, 1), yearly=True), "ends_on", "shorter than a year"),
        (HolidayDraft("Christmas", date(2026, 12, 25), date(2026, 12, 25)), "name", "is there already"),
    ],
)
def test_what_cannot_be_a_holiday(cast: Cast, actor: Actor, draft: HolidayDraft, field: str, said: str) -> None:
    calendars.save_holiday(actor, cast.acme, CHRISTMAS)
    with pytest.raises(HolidayError, match=said) as refused:
        calendars.save_holiday(actor, cast.acme, draft)
    assert refused.value.field == field
    other = calendars.save_holiday(actor, cast.acme, HolidayDraft("Other", date(2026, 3, 3), date(2026, 3, 3)))
    with pytest.raises(HolidayError, match=said):
        calendars.save_holiday(actor, cast.acme, draft, other)


def test_an_import_adds_what_is_not_there_all_or_none(
    cast: Cast, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    calendars.save_holiday(actor, cast.acme, CHRISTMAS)
    new_year = HolidayDraft("New Year", date(2027, 1, 1), date(2027, 1, 1), country="US")
    before = counted(cast)
    added = calendars.import_holidays(actor, cast.acme, [CHRISTMAS, new_year, new_year])
    assert [holiday.name for holiday in added] == ["New Year"]
    assert counted(cast) == {kind: count + 1 for kind, count in before.items()}
    assert entry(cast, "rules.holidays.imported").changes == {"count": 1, "names": ["New Year 2027-01-01"]}
    assert calendars.import_holidays(actor, cast.acme, [new_year]) == []
    backwards = HolidayDraft("Back", date(2027, 3, 2), date(2027, 3, 1))
    with pytest.raises(HolidayError):
        calendars.import_holidays(
            actor, cast.acme, [HolidayDraft("May", date(2027, 5, 1), date(2027, 5, 1)), backwards]
        )
    monkeypatch.setattr(calendars, "HOLIDAYS_AT_MOST", 2)
    for refused in (calendars.import_holidays, lambda *_: calendars.save_holiday(actor, cast.acme, _day("Two"))):
        with pytest.raises(HolidayError, match="room for 2 holidays"):
            refused(actor, cast.acme, [_day("One")])
    assert [holiday.name for holiday in cast.acme.holidays.all()] == ["Christmas", "New Year"]


def _day(name: str) -> HolidayDraft:
    return HolidayDraft(name, date(2027, 5, 1), date(2027, 5, 1))


def test_a_changed_time_zone_leads_to_new_versions(cast: Cast, actor: Actor) -> None:
    before = counted(cast)
    provisioning.change_tenant(actor, cast.acme, time_zone="Europe/Zurich", name="Acme")
    assert counted(cast) == {kind: count + 1 for kind, count in before.items()}
    assert [calendar["zone"] for calendar in live_calendars(cast)] == ["Europe/Zurich"] * 2
    assert routing.live_rules(cast.acme, "inbound")[0].calendar.zone.key == "Europe/Zurich"
    provisioning.change_tenant(actor, cast.acme, time_zone="Europe/Zurich", name="Acme & Co")
    assert counted(cast) == {kind: count + 1 for kind, count in before.items()}


def test_a_time_zone_that_is_not_stored_leads_to_no_version(
    cast: Cast, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zone and versions are one transaction: when the second fails the first is undone."""

    def fails(*_args: object, **_fields: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(versions, "save", fails)
    with pytest.raises(RuntimeError):
        provisioning.change_tenant(actor, cast.acme, time_zone="Europe/Zurich")
    cast.acme.refresh_from_db()
    assert cast.acme.time_zone == "UTC"


def test_another_tenants_holidays_stay(cast: Cast, actor: Actor) -> None:
    theirs = Holiday.objects.create(
        tenant=cast.globex, name="Theirs", starts_on=date(2026, 1, 1), ends_on=date(2026, 1, 1)
    )
    calendars.delete_holidays(actor, cast.acme, [theirs])
    assert Holiday.objects.filter(pk=theirs.pk).exists()
    assert "rules.holiday.deleted" not in actions(cast)


# --- The lists of public holidays ---


def test_a_countrys_list_knows_its_parts_and_languages() -> None:
    assert ("CH", "Switzerland") in public_holidays.countries()
    assert len(public_holidays.countries()) > 200
    assert ("ZH", "Zürich") in public_holidays.subdivisions("CH")
    assert public_holidays.languages("CH")[0] == ("de", "German")
    assert ("en_US", "English (US)") in public_holidays.languages("CH")
    names = {one.name for one in public_holidays.of_country("CH", [2026], language="fr")}
    assert "Noël" in names
    zurich = public_holidays.of_country("CH", [2026], subdivision="ZH", language="en_US")
    assert len(zurich) > len(public_holidays.of_country("CH", [2026]))


def test_days_in_a_row_with_one_name_are_one_holiday() -> None:
    eid = [one for one in public_holidays.of_country("EG", [2026], language="en_US") if one.name == "Eid al-Fitr"]
    assert [(one.first, one.last) for one in eid] == [(date(2026, 3, 20), date(2026, 3, 21))]


def test_each_year_asked_for_is_there_and_no_other() -> None:
    found = public_holidays.of_country("US", [2026, 2028])
    assert {one.first.year for one in found} == {2026, 2028}
    assert found == sorted(found, key=lambda one: one.first)


@pytest.mark.parametrize("country", ["", "XX", "ch", "../", "A" * 50])
def test_an_unknown_country_has_nothing(country: str) -> None:
    assert public_holidays.of_country(country, [2026]) == []
    assert public_holidays.subdivisions(country) == []
    assert public_holidays.languages(country) == []


def test_an_unknown_part_or_language_is_left_out() -> None:
    plain = public_holidays.of_country("CH", [2026])
    assert public_holidays.of_country("CH", [2026], subdivision="??", language="tlh") == plain


@pytest.mark.parametrize("country", ["US", "DE", "JP", "SA", "IL", "CN", "BR", "ZA"])
def test_every_name_fits_into_its_column(country: str) -> None:
    found = public_holidays.of_country(country, range(2026, 2030))
    assert found
    assert max(len(one.name) for one in found) <= Holiday._meta.get_field("name").max_length  # type: ignore[operator]
