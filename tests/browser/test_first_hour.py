"""From sign-in to the first answer that was delivered, led by the checklist: counted, by hand and with one click."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.browser.steps import Counted
from tests.sandbox.harness import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

BY_HAND = {"fields": 8, "clicks": 11, "pastes": 1}
ONE_CLICK = {"fields": 8, "clicks": 10, "pastes": 0}


@pytest.fixture
def newcomer(page: Page, browser: Browser, address: str, request: pytest.FixtureRequest) -> steps.Person:
    """The administrator of a tenant that has nothing yet; signed out again."""
    name = str(request.node.callspec.params["way"])
    person = steps.Person(f"ann@{name}.example", "Ann Lee")
    system = steps.open_page(browser)
    steps.sign_in(system, address, steps.ROOT)
    link = steps.add_tenant(system, address, name.title(), person.email)
    other = steps.open_page(browser)
    other.goto(link)
    steps.introduce(other, person)
    expect(other.get_by_text("From nothing to the first text")).to_be_visible()
    return person


def next_step(counted: Counted, title: str, action: str) -> None:
    """The checklist marks the step that comes next, and has one button: press it."""
    step = counted.page.locator(".step-current")
    expect(step).to_contain_text(title)
    counted.click(step.get_by_role("link", name=action))


def connect(counted: Counted, address: str, person: steps.Person, line: steps.Line, name: str) -> None:
    """Sign in, and follow the checklist to a configuration."""
    page = counted.page
    page.goto(f"{address}/account/login/")
    page.locator("input[name=login]").fill(person.email)
    page.locator("input[name=password]").fill(person.password)
    counted.fields += 2
    counted.press("Sign in")
    next_step(counted, "Trunk", "Add trunk")
    counted.fill("Name", f"{name} voice")
    counted.fill("Termination host", f"{name}.pstn.twilio.com")
    counted.fill("Phone numbers", "; ".join(line.numbers))
    counted.press("OK")
    next_step(counted, "SMS configuration", "Add configuration")
    counted.fill("Account SID", line.sid)
    counted.fill("Auth Token", line.token)
    counted.press("OK")


def set_with_one_click(counted: Counted) -> None:
    """Let the portal set it. It reads the numbers by itself after the configuration is saved; who is quicker asks."""
    page = counted.page
    next_step(counted, "Webhook", "Set the webhook")
    reads, sets = page.get_by_role("button", name="Read them now"), page.get_by_role("button", name="Set all 2")
    expect(reads.or_(sets)).to_be_visible()
    if reads.is_visible():
        reads.click()
    expect(sets.or_(page.get_by_text("Nothing would change."))).to_be_visible()
    counted.click(sets)
    expect(page.get_by_text("Done", exact=True).first).to_be_visible()


def copy_by_hand(counted: Counted, sandbox: Sandbox, line: steps.Line) -> None:
    next_step(counted, "Webhook", "Set the webhook")
    counted.press("Copy it by hand", "link")
    copied = counted.page.locator("[data-copy-value]").first
    counted.click(copied)
    url = str(counted.page.evaluate("navigator.clipboard.readText()"))
    counted.paste_webhook(sandbox, line, url)


@pytest.mark.parametrize(("way", "expected"), [("byhand", BY_HAND), ("oneclick", ONE_CLICK)])
def test_so_many_fields_and_clicks_to_the_first_delivered_answer(
    page: Page, sandbox: Sandbox, address: str, newcomer: steps.Person, way: str, expected: dict[str, int]
) -> None:
    line, counted = steps.buy_numbers(sandbox), Counted(page)
    connect(counted, address, newcomer, line, way)
    if way == "oneclick":
        set_with_one_click(counted)
    else:
        copy_by_hand(counted, sandbox, line)
    steps.text_in(sandbox, steps.new_phone(), line.numbers[0], "Are you there?")
    counted.click(page.get_by_role("link", name="Conversations").first)
    counted.click(page.locator(".inbox-item", has_text="Are you there?"))
    page.get_by_label("Message", exact=True).fill("We are here")
    counted.fields += 1
    counted.press("Send")
    expect(page.locator(".bubble-out", has_text="We are here")).to_contain_text("Delivered")
    found = {"fields": counted.fields, "clicks": counted.clicks, "pastes": counted.pastes}
    assert found == expected
    page.get_by_role("link", name="Dashboard").click()
    expect(page.locator(".stat", has_text="Received today")).to_contain_text("1")
    expect(page.locator("#first-hour")).to_have_count(0)
