"""The phone of the demo: it texts a tenant and shows the automatic answer by itself."""

import pytest
from playwright.sync_api import expect

from tests.browser import steps

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_a_question_for_the_hours_is_answered_on_the_phone_without_a_reload(alice, address):
    page = alice
    page.get_by_role("link", name="Phone").click()
    page.get_by_label("This phone's number").fill(steps.new_phone())
    page.get_by_label("Text to").select_option("+12025550112")
    page.get_by_role("button", name="Use these").click()
    page.get_by_label("Message", exact=True).fill("What are your hours on Monday?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".bubble-out", has_text="What are your hours")).to_be_visible()
    page.evaluate("window.notReloaded = true")
    expect(page.locator(".bubble-in", has_text="We are open Monday to Friday")).to_be_visible()
    assert page.evaluate("window.notReloaded === true")
