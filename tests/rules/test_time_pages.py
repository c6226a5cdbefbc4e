"""The pages of office hours and holidays: what they show, save and refuse, and how few questions they ask."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rules.models import Holiday, OfficeHours
from tenants import clock
from tests import factories
from tests.factories import Cast
from tests.rules.test_rule_forms import alice, body_of

__all__ = ["alice"]

OFFICE: dict[str, Any] = {day: [["09:00", "17:30"]] for day in ("mon", "tue", "wed", "thu", "fri")}
FILLED = {"hours-own": "on"} | {
    f"hours-{day}-{name}": value
    for day in OFFICE
    for name, value in (("open", "on"), ("start", "09:00"), ("end", "17:30"))
}


def at(name: str, **arguments: Any) -> str:
    return reverse(f"rules:{name}", kwargs={"slug": "acme", **arguments})


def holiday(cast: Cast, name: str = "Outing", day: date = date(2026, 6, 30), **fields: Any) -> Holiday:
    return Holiday.objects.create(
        tenant=cast.acme, name=name, starts_on=day, ends_on=fields.pop("ends_on", day), **fields
    )


# --- Office hours ---


def test_without_hours_the_page_says_always_open(alice: Client) -> None:
    page = body_of(alice.get(at("office_hours")))
    assert "Always open" in page
    assert 'name="hours-own" id="id_hours_own">' in page


def test_hours_are_saved_and_the_page_says_what_it_is_now(alice: Client, cast: Cast) -> None:
    cast.acme.time_zone = "Europe/Zurich"
    cast.acme.save()
    assert alice.post(at("office_hours"), FILLED).status_code == 302
    assert OfficeHours.objects.get(tenant=cast.acme).week == OFFICE
    for now, said in (
        (datetime(2026, 6, 1, 8, 0, tzinfo=UTC), "Open until 17:30"),
        (datetime(2026, 6, 1, 5, 0, tzinfo=UTC), "Closed until 09:00"),
        (datetime(2026, 6, 1, 18, 0, tzinfo=UTC), "Closed until tomorrow 09:00"),
        (datetime(2026, 6, 5, 18, 0, tzinfo=UTC), "Closed until Monday 09:00"),
    ):
        with clock.frozen(now):
            page = body_of(alice.get(at("office_hours")))
        assert said in page
        assert "Europe/Zurich" in page


def test_a_holiday_stands_before_the_hours(alice: Client, cast: Cast) -> None:
    alice.post(at("office_hours"), FILLED)
    holiday(cast, "Closure", date(2026, 6, 1), ends_on=date(2026, 6, 12))
    with clock.frozen(datetime(2026, 6, 1, 10, 0, tzinfo=UTC)):
        page = body_of(alice.get(at("office_hours")))
    assert "Holiday; open again 15 June 2026, 09:00" in page
    assert "1 holiday<" in page


def test_wrong_times_are_named_by_day_and_nothing_is_saved(alice: Client, cast: Cast) -> None:
    page = body_of(alice.post(at("office_hours"), FILLED | {"hours-tue-start": "18:00", "hours-wed-end": ""}))
    assert "Tuesday: the shift 18:00 – 17:30 ends before it starts" in page
    assert "Wednesday: enter both times of the shift with 09:00." in page
    assert 'value="18:00"' in page
    assert not OfficeHours.objects.filter(tenant=cast.acme).exists()


def test_the_buttons_of_the_week_fill_in_and_save_nothing(alice: Client, cast: Cast) -> None:
    data = {"hours-own": "on", "hours-mon-open": "on", "hours-mon-start": "07:15", "hours-mon-end": "11:45"}
    page = body_of(alice.post(at("office_hours"), data | {"hours-apply": "mon:all"}))
    assert page.count('value="07:15"') == 7
    assert not OfficeHours.objects.filter(tenant=cast.acme).exists()


def test_the_hours_can_be_taken_away_again(alice: Client, cast: Cast) -> None:
    OfficeHours.objects.create(tenant=cast.acme, week=OFFICE)
    alice.post(at("office_hours"), {key: value for key, value in FILLED.items() if key != "hours-own"})
    assert not OfficeHours.objects.filter(tenant=cast.acme).exists()


# --- Holidays ---


def test_the_empty_list_says_what_comes_next(alice: Client) -> None:
    page = body_of(alice.get(at("holiday_list")))
    assert "No holidays yet" in page
    assert at("holiday_import") in page


def test_the_list_says_when_each_comes_next(alice: Client, cast: Cast) -> None:
    holiday(cast, "Gone", date(2025, 6, 30))
    holiday(cast, "Going on", date(2026, 5, 30), ends_on=date(2026, 6, 2), country="CH")
    holiday(cast, "Ahead", date(2027, 1, 8))
    holiday(cast, "Leap", date(2024, 2, 29), yearly=True)
    with clock.frozen(datetime(2026, 6, 1, 10, 0, tzinfo=UTC)):
        assert ">Gone</a>" not in body_of(alice.get(at("holiday_list")))
        page = body_of(alice.get(at("holiday_list"), {"past": "past"}))
    for said in (">past<", "Today", "30 May 2026 – 2 Jun 2026", "Switzerland", "Fri, 8 Jan 2027", "Mon, 1 Mar 2027"):
        assert said in page


def test_when_all_are_past_the_list_says_so(alice: Client, cast: Cast) -> None:
    holiday(cast, "Gone", date(2020, 6, 30))
    assert "No holiday is coming." in body_of(alice.get(at("holiday_list")))


@pytest.mark.parametrize(("q", "found"), [("out", ["Outing"]), ("switz", ["Sechseläuten"]), ("zzz", [])])
def test_the_list_is_searched_by_name_and_country(alice: Client, cast: Cast, q: str, found: list[str]) -> None:
    holiday(cast)
    holiday(cast, "Sechseläuten", country="CH")
    page = body_of(alice.get(at("holiday_list"), {"q": q, "past": "past"}))
    assert [name for name in ("Outing", "Sechseläuten") if f">{name}</a>" in page] == found
    assert ("No holiday matches “zzz”." in page) is (not found)


@pytest.mark.parametrize("sort", ["name", "-day", "country"])
def test_the_list_is_sorted(alice: Client, cast: Cast, sort: str) -> None:
    for number in range(60):
        holiday(cast, f"Day {number:02}", date(2026, 1, 1 + number % 28))
    first = alice.get(at("holiday_list"), {"sort": sort, "past": "past"})
    second = alice.get(first.context["page"].older_url)
    assert len(first.context["rows"]) + len(second.context["rows"]) == 60


def test_a_holiday_is_added_and_changed(alice: Client, cast: Cast) -> None:
    data = {"name": "  Company   outing ", "starts_on": "2026-07-03", "ends_on": "", "country": ""}
    response = alice.post(at("holiday_new"), data)
    row = cast.acme.holidays.get()
    assert (row.name, row.starts_on, row.ends_on, row.yearly) == (
        "Company outing",
        date(2026, 7, 3),
        date(2026, 7, 3),
        False,
    )
    assert response["Location"].endswith(f"?selected={row.pk.hex}")
    edit = at("holiday_edit", holiday_id=row.pk)
    assert 'value="2026-07-03"' in body_of(alice.get(edit))
    alice.post(edit, data | {"ends_on": "2026-07-05", "yearly": "on", "country": "CH"})
    row.refresh_from_db()
    assert (row.ends_on, row.yearly, row.country) == (date(2026, 7, 5), True, "CH")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ""}, "Enter a name."),
        ({"starts_on": ""}, "Enter the first day."),
        ({"starts_on": "soon"}, "Enter a date such as 2026-12-24."),
        ({"starts_on": "0026-07-03"}, "Enter a year from 2000 to 2199."),
        ({"ends_on": "2026-07-01"}, "The last day is before the first"),
        ({"ends_on": "3026-07-01"}, "Enter a year from 2000 to 2199."),
        ({"ends_on": "2027-07-03", "yearly": "on"}, "shorter than a year"),
        ({"name": "Outing", "starts_on": "2026-06-30"}, "This holiday is there already"),
        ({"country": "ZZ"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_a_holiday_is_said(alice: Client, cast: Cast, changed: dict[str, str], said: str) -> None:
    holiday(cast)
    data = {"name": "Fair", "starts_on": "2026-07-03", "ends_on": "", "country": ""}
    assert said in body_of(alice.post(at("holiday_new"), data | changed))
    assert cast.acme.holidays.count() == 1


def test_several_holidays_are_deleted_after_a_question(alice: Client, cast: Cast) -> None:
    rows = [holiday(cast, name) for name in ("One", "Two", "Three")]
    theirs = Holiday.objects.create(
        tenant=cast.globex, name="Theirs", starts_on=date(2026, 1, 1), ends_on=date(2026, 1, 1)
    )
    ids = [rows[0].pk.hex, rows[1].pk.hex, theirs.pk.hex, "nonsense"]
    page = body_of(alice.post(at("holiday_delete"), {"ids": ids}))
    assert "Delete 2 holidays?" in page
    assert "Theirs" not in page
    assert cast.acme.holidays.count() == 3
    alice.post(at("holiday_delete"), {"ids": ids, "confirm": "1"})
    assert [row.name for row in cast.acme.holidays.all()] == ["Three"]
    assert Holiday.objects.filter(pk=theirs.pk).exists()
    assert "Delete this holiday?" in body_of(alice.get(at("holiday_delete"), {"ids": rows[2].pk.hex}))
    assert alice.get(at("holiday_delete")).status_code == 302


def test_a_countrys_holidays_are_looked_at_then_added(alice: Client, cast: Cast) -> None:
    with clock.frozen(datetime(2026, 1, 10, 12, 0, tzinfo=UTC)):
        page = body_of(alice.get(at("holiday_import")))
        assert 'value="US" selected' in page
        assert page.count('name="pick"') == page.count('value="20') - 4 - 2
        assert "Juneteenth" in page
        swiss = {"country": "CH", "subdivision": "ZH", "language": "fr", "years": ["2026"]}
        page = body_of(alice.get(at("holiday_import"), swiss))
        assert "Noël" in page
        holiday(cast, "Weihnachten", date(2020, 12, 25), yearly=True)
        page = body_of(alice.get(at("holiday_import"), swiss))
        assert page.count("Already there") == 1
        assert 'value="2026-12-25">' in page
        alice.post(at("holiday_import"), swiss | {"pick": ["2026-01-01", "2026-08-01", "1999-01-01"]})
    added = cast.acme.holidays.filter(country="CH").values_list("starts_on", flat=True)
    assert list(added) == [date(2026, 1, 1), date(2026, 8, 1)]


def test_the_part_of_another_country_is_forgotten(alice: Client) -> None:
    page = body_of(alice.get(at("holiday_import"), {"country": "FR", "subdivision": "ZH", "language": "de"}))
    assert "Please check" not in page
    assert "Fête nationale" in page


@pytest.mark.parametrize("asked", [{"country": "XX"}, {"years": ["1800"]}, {"years": ["x"]}])
def test_a_list_that_cannot_be_shows_no_holidays(alice: Client, asked: dict[str, Any]) -> None:
    response = alice.get(at("holiday_import"), asked)
    assert response.status_code == 200
    assert 'name="pick"' not in body_of(response)


def test_nothing_ticked_adds_nothing_and_says_so(alice: Client, cast: Cast) -> None:
    page = body_of(alice.post(at("holiday_import"), {"country": "US"}))
    assert "tick the holidays on which you are closed" in page
    assert not cast.acme.holidays.exists()


@pytest.mark.parametrize(
    "name", ["availability_list", "holiday_list", "office_hours", "availability", "holiday_import"]
)
def test_the_pages_ask_few_questions(alice: Client, cast: Cast, name: str, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        member = factories.make_member(cast.acme, f"m{number}@acme.example", hours=OFFICE)
        factories.make_group(cast.acme, f"G{number}", member)
        holiday(cast, f"H{number}")
    with django_assert_max_num_queries(12):
        assert alice.get(at(name)).status_code == 200
