"""The configuration form and its list, without a mouse."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import steps

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until something has the focus, and see that a person can tell."""
    for _press in range(80):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            outline = wanted.evaluate("element => getComputedStyle(element)")
            assert outline["outlineStyle"] != "none" or outline["boxShadow"] != "none", "the focus cannot be seen"
            return
    raise AssertionError(f"{wanted} cannot be reached with Tab")


def test_a_configuration_is_added_and_its_webhook_copied_by_keyboard(alice, address, sandbox):
    page, line = alice, steps.buy_numbers(sandbox)
    steps.add_trunk(page, "Keyboard trunk", line.numbers)
    page.goto(f"{address}/t/acme/sms/")
    tab_to(page, page.get_by_role("link", name=re.compile("^Add")).first)
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Trunk"))
    page.keyboard.type("Keyboard")
    tab_to(page, page.get_by_label("Sender ID"))
    tab_to(page, page.get_by_label("Account SID"))
    page.keyboard.type(line.sid)
    tab_to(page, page.get_by_label("Auth Token", exact=True))
    page.keyboard.type(line.token)
    page.keyboard.press("Enter")
    row = page.locator("tr[data-id]", has_text="Keyboard trunk").first
    expect(row).to_have_attribute("aria-selected", "true")
    tab_to(page, page.locator("[data-tool=copy]"))
    page.keyboard.press("Enter")
    expect(page.locator(".toast", has_text="Copied")).to_be_visible()
    assert "/webhooks/twilio/" in str(page.evaluate("navigator.clipboard.readText()"))


def test_what_is_wrong_in_the_form_is_told_at_once_to_the_keyboard(alice, address):
    page = alice
    page.goto(f"{address}/t/acme/sms/new/")
    page.get_by_label("Account SID").fill("SK" + "0" * 32)
    page.keyboard.press("Enter")
    expect(page.locator("[data-form-errors]")).to_be_focused()
    expect(page.get_by_label("Account SID")).to_have_attribute("aria-invalid", "true")
