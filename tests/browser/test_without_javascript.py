"""The main job without JavaScript: sign in, read, answer, copy the webhook by hand."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def plain(browser: Browser, address: str) -> Page:
    page = steps.open_page(browser, java_script_enabled=False)
    steps.sign_in(page, address, steps.ALICE)
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    return page


def test_a_text_is_read_and_answered(plain, address, sandbox):
    phone = steps.new_phone()
    steps.text_in(sandbox, phone, "+12025550110", "Does this work without scripts?")
    for _try in range(20):
        plain.goto(f"{address}/t/acme/conversations/")
        if plain.locator(".inbox-item", has_text="without scripts").count():
            break
        plain.wait_for_timeout(250)
    plain.locator(".inbox-item", has_text="without scripts").click()
    plain.get_by_label("Message", exact=True).fill("Yes, it does.")
    plain.get_by_role("button", name="Send").click()
    expect(plain.locator(".bubble-out", has_text="Yes, it does.")).to_be_visible()


def test_the_webhook_is_shown_for_copying_by_hand(plain, address):
    plain.goto(f"{address}/t/acme/sms/")
    plain.locator("tr[data-id] summary").first.click()
    plain.get_by_role("link", name="Copy Webhook").first.click()
    assert "/webhooks/twilio/" in plain.locator("input[readonly]").first.input_value()
