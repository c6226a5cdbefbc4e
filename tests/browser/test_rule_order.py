"""Rules and the rows of their forms are put in order by mouse, by keyboard, and without JavaScript."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import steps

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def names(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("tbody tr[data-id] a.row-link").all_inner_texts()]


def drag(page: Page, handle: Locator, onto: Locator) -> None:
    """Drag as a person does: press, move a little at a time, let go."""
    start, end = handle.bounding_box(), onto.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + 40, end["y"] + 2, steps=12)
    page.mouse.up()


def test_rules_are_dragged_and_moved_by_keys_and_the_order_is_kept(alice, address):
    page = alice
    page.goto(f"{address}/t/acme/rules/inbound/")
    before = names(page)
    rows = page.locator("tbody tr[data-id]")
    drag(page, rows.nth(2).locator("[data-order-handle]"), rows.nth(0))
    page.wait_for_url(re.compile(r"selected="))
    dragged = [before[2], before[0], before[1], *before[3:]]
    assert names(page) == dragged

    handle = rows.nth(0).locator("[data-order-handle]")
    handle.focus()
    said = page.locator("[data-order-says]")
    page.keyboard.press("Space")
    expect(handle).to_have_attribute("aria-pressed", "true")
    expect(said).to_contain_text(f"Grabbed, place 1 of {len(before)}.")
    page.keyboard.press("ArrowDown")
    expect(said).to_have_text(f"Place 2 of {len(before)}.")
    page.keyboard.press("Escape")
    expect(said).to_have_text(f"Put back at place 1 of {len(before)}.")
    assert names(page) == dragged
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert names(page) == before

    place = rows.nth(0).locator("input[name=place]")
    place.fill("2")
    with page.expect_navigation():
        place.press("Enter")
    assert names(page) == [before[1], before[0], *before[2:]]
    rows.nth(0).locator(".row-menu > summary").click()
    with page.expect_navigation():
        rows.nth(0).get_by_role("button", name="Move down").click()
    assert names(page) == before


def test_what_a_page_loads_into_itself_leaves_its_title_alone(alice, address):
    page = alice
    page.goto(f"{address}/t/acme/rules/inbound/")
    expect(page.locator("#findings-inbound")).to_be_attached()
    page.get_by_label("From").fill("+12025550199")
    page.get_by_label("To (your number)").fill("+12025550110")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("#try-answer")).to_contain_text("takes it")
    expect(page).to_have_title(re.compile("^Inbound rules"))


def test_a_list_that_somebody_else_changed_is_not_dragged_unseen(alice, address, browser):
    page = alice
    page.goto(f"{address}/t/acme/rules/inbound/")
    before = names(page)
    other = steps.open_page(browser)
    steps.sign_in(other, address, steps.ALICE)
    other.goto(f"{address}/t/acme/rules/inbound/")
    with other.expect_navigation():
        other.locator("tbody tr[data-id]").nth(1).locator("input[name=place]").fill("4")
        other.locator("tbody tr[data-id]").nth(1).locator("input[name=place]").press("Enter")
    rows = page.locator("tbody tr[data-id]")
    drag(page, rows.nth(3).locator("[data-order-handle]"), rows.nth(0))
    expect(page.get_by_role("heading", name="The order has changed")).to_be_visible()
    expect(page.get_by_text(f"“{before[1]}” was moved from place 2 to place 4")).to_be_visible()
    with other.expect_navigation():
        other.locator("tbody tr[data-id]").nth(3).locator("input[name=place]").fill("2")
        other.locator("tbody tr[data-id]").nth(3).locator("input[name=place]").press("Enter")
    assert names(other) == before
    other.context.close()


def test_destinations_are_put_in_order_in_the_form(alice, address):
    page = alice
    page.goto(f"{address}/t/acme/rules/inbound/new/")
    page.get_by_label("Name").fill("In order")
    page.locator("[name=targets-0-where]").select_option("drop")
    page.locator("[name=targets-0-when]").select_option("closed")
    page.get_by_role("button", name="Add destination").click()
    page.locator("[name=targets-1-where]").select_option("email")
    page.locator("[name=targets-1-when]").select_option("moment")
    page.locator("[name=targets-1-address]").fill("desk@acme.example")
    page.locator("[name=targets-1-weekdays]").nth(5).check()
    items = page.locator("[data-rows-item]:visible")
    items.nth(1).get_by_label("Move this row up").click()
    page.get_by_role("button", name="OK").click()
    row = page.locator("tr[data-id]", has_text="In order")
    expect(row).to_contain_text(re.compile("E-mail desk@acme.example.*Nobody: it is dropped", re.DOTALL))
    row.locator(".row-menu > summary").click()
    row.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete rule").click()


def test_without_javascript_every_time_can_be_chosen_and_every_rule_moved(browser: Browser, address):
    page = steps.open_page(browser, java_script_enabled=False)
    steps.sign_in(page, address, steps.ALICE)
    page.goto(f"{address}/t/acme/rules/inbound/new/")
    page.get_by_label("Name").fill("Plain")
    page.locator("[name=targets-0-where]").select_option("drop")
    page.locator("[name=targets-0-when]").select_option("moment")
    page.get_by_text("At these times").last.click()
    page.locator("[name=targets-0-starts]").fill("18:00")
    page.locator("[name=targets-0-ORDER]").fill("1")
    page.get_by_role("button", name="OK").click()
    row = page.locator("tr[data-id]", has_text="Plain")
    expect(row).to_contain_text("18:00 – 24:00")
    last = int(row.locator("input[name=place]").input_value())
    assert last > 1
    row.locator("input[name=place]").fill("1")
    row.get_by_role("button", name="Move", exact=True).click()
    assert names(page)[0] == "Plain"
    page.locator("tr[data-id]", has_text="Plain").locator(".row-menu > summary").click()
    page.locator("tr[data-id]", has_text="Plain").get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete rule").click()
    assert "Plain" not in names(page)
    page.context.close()
