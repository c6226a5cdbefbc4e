"""Office hours by hand: shifts added, removed and applied to other days, with JavaScript and without it."""

import pytest
from playwright.sync_api import Browser, Page, expect

from portal import demo_cast
from tests.browser import steps

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# Another company than the one whose rules the other tests live by.
MALLORY = steps.Person("mallory@globex.example", "Mallory Finch", demo_cast.PASSWORD)
HOURS = "/t/globex/hours/"


def times(page: Page, day: str) -> list[str]:
    """Return the times of a day that can be seen, in order."""
    inputs = page.locator(f"[data-week-day={day}] input[type=time]:visible")
    return [inputs.nth(place).input_value() for place in range(inputs.count())]


def shift(page: Page, day: str, place: int, start: str, end: str) -> None:
    for name, value in (("start", start), ("end", end)):
        page.locator(f"[data-week-day={day}] input[name=hours-{day}-{name}]:visible").nth(place).fill(value)


def test_shifts_are_added_applied_and_saved(page, address):
    steps.sign_in(page, address, MALLORY)
    page.goto(address + HOURS)
    monday = page.locator("[data-week-day=mon]")
    shift(page, "mon", 0, "08:00", "12:00")
    monday.get_by_role("button", name="Add shift").click()
    shift(page, "mon", 1, "13:00", "17:30")
    monday.locator("summary").click()
    monday.get_by_role("button", name="Apply to all days").click()
    assert times(page, "sun") == ["08:00", "12:00", "13:00", "17:30"]
    sunday = page.locator("[data-week-day=sun]")
    sunday.get_by_role("checkbox").uncheck()
    assert times(page, "sun") == []
    expect(sunday.get_by_text("Closed", exact=True)).to_be_visible()
    saturday = page.locator("[data-week-day=sat]")
    for _shift in range(2):
        saturday.get_by_role("button", name="Remove this shift").first.click()
    expect(saturday.get_by_text("All day", exact=True)).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The office hours are saved.")).to_be_visible()
    assert times(page, "fri") == ["08:00", "12:00", "13:00", "17:30"]
    assert (times(page, "sat"), times(page, "sun")) == ([], [])
    expect(page.locator("[data-week-day=sat]").get_by_text("All day", exact=True)).to_be_visible()


def test_enter_saves_and_does_not_press_a_button_of_the_week(page, address):
    steps.sign_in(page, address, MALLORY)
    page.goto(address + HOURS)
    shift(page, "wed", 0, "10:00", "11:00")
    page.locator("input[name=hours-wed-start]:visible").first.press("Enter")
    expect(page.get_by_text("The office hours are saved.")).to_be_visible()
    assert times(page, "wed")[:2] == ["10:00", "11:00"]
    assert times(page, "tue")[:2] != ["10:00", "11:00"]


def test_without_javascript_the_buttons_of_the_form_do_it(browser: Browser, address: str) -> None:
    page = steps.open_page(browser, java_script_enabled=False)
    steps.sign_in(page, address, MALLORY)
    page.goto(address + HOURS)
    shift(page, "tue", 0, "06:15", "07:45")
    page.locator("[data-week-day=tue] summary").click()
    page.locator("[data-week-day=tue]").get_by_role("button", name="Apply to weekdays").click()
    expect(page.get_by_text("The times of Tuesday are on the other days too now.")).to_be_visible()
    assert times(page, "thu")[:2] == ["06:15", "07:45"]
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The office hours are saved.")).to_be_visible()
    assert times(page, "fri")[:2] == ["06:15", "07:45"]


def test_everybody_switches_himself_in_the_menu(page, address):
    steps.sign_in(page, address, MALLORY)
    page.goto(f"{address}/t/globex/messages/")
    for name, is_away in (("You are not available", True), ("You are available", False)):
        page.locator(".user-menu > summary").click()
        page.get_by_role("switch", name="Mallory Finch is available").click()
        expect(page.get_by_text(name)).to_be_visible()
        expect(page).to_have_url(f"{address}/t/globex/messages/")
        assert page.locator(".user-menu", has_text="Away").count() == is_away
