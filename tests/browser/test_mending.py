"""From a wrong token to a green strip, and back to green after each drift at Twilio, with only what the page says."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import steps
from tests.sandbox.harness import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

WRONG = "0123456789abcdef" * 2
# A check on a busy machine.
SOON = 60_000


def light(page: Page, aspect: str) -> Locator:
    """One light of the strip, with the word that says how it is."""
    return page.locator("#health-strip li", has_text=re.compile(rf"^\s*{aspect}\s*:"))


def trouble(page: Page, aspect: str) -> Locator:
    return page.locator("#health-strip .alert", has=page.get_by_text(aspect, exact=True))


def check(page: Page, details: str) -> None:
    """Look now, and wait until that is over."""
    page.goto(details)
    page.locator("#health-strip").get_by_role("button", name="Check now").first.click()
    page.goto(details)
    expect(page.get_by_text("Looking…")).to_have_count(0, timeout=SOON)


def set_webhook(page: Page, aspect: str = "Webhook") -> None:
    """Press the button beside the light; the preview shows what changes; set it."""
    trouble(page, aspect).get_by_role("link", name="Set the webhook").or_(
        trouble(page, aspect).get_by_role("button", name="Set the webhook")
    ).click()
    reads = page.get_by_role("button", name="Read them now")
    sets = page.get_by_role("button", name=re.compile("^Set (it|all)"))
    expect(reads.or_(sets).first).to_be_visible()
    if reads.is_visible():
        reads.click()
    sets.click()
    expect(page.get_by_text("Done", exact=True).first).to_be_visible(timeout=SOON)


def test_from_a_wrong_token_to_a_green_strip_and_back_after_each_drift(
    alice: Page, sandbox: Sandbox, address: str
) -> None:
    page, line = alice, steps.buy_numbers(sandbox)
    steps.add_trunk(page, "Mended voice", line.numbers)
    page.get_by_role("link", name="SMS/MMS").click()
    page.get_by_role("link", name=re.compile("^Add")).first.click()
    page.get_by_label("Trunk").select_option(label="Mended voice")
    page.get_by_label("Account SID").fill(line.sid)
    page.get_by_label("Auth Token", exact=True).fill(WRONG)
    page.get_by_role("button", name="OK").click()
    expect(page.get_by_text("do not belong together")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Save anyway").click()
    page.locator("tr[data-id]", has_text="Mended voice").get_by_role("link").first.click()
    details = page.url

    check(page, details)
    expect(light(page, "Credentials")).not_to_contain_text("Good")
    trouble(page, "Credentials").get_by_role("link", name="Replace token").click()
    page.get_by_label("New Auth Token").fill(line.token)
    page.get_by_role("button", name="Replace token").click()

    check(page, details)
    expect(light(page, "Credentials")).to_contain_text("Good")
    expect(light(page, "Webhook")).not_to_contain_text("Good")
    set_webhook(page)
    check(page, details)
    expect(light(page, "Webhook")).to_contain_text("Good")

    number = line.numbers[0]
    application = sandbox.control(
        "POST", f"/accounts/{line.sid}/applications", {"sms_url": "http://127.0.0.1:1/application"}
    )["sid"]
    for drift, said in [
        ({"sms_url": "http://127.0.0.1:1/elsewhere"}, "Texts go elsewhere"),
        ({"sms_application_sid": application}, "A TwiML application takes the texts"),
    ]:
        sandbox.control("PATCH", f"/accounts/{line.sid}/numbers/{number}", drift)
        check(page, details)
        expect(trouble(page, "Webhook")).to_contain_text(said)
        set_webhook(page)
        check(page, details)
        expect(light(page, "Webhook")).to_contain_text("Good")

    service = sandbox.control(
        "POST",
        f"/accounts/{line.sid}/services",
        {
            "numbers": [number],
            "inbound_request_url": "http://127.0.0.1:1/service",
            "use_inbound_webhook_on_number": False,
        },
    )
    assert service["sid"]
    check(page, details)
    expect(trouble(page, "Webhook")).to_contain_text("Messaging Service")
    set_webhook(page)
    check(page, details)
    expect(light(page, "Webhook")).to_contain_text("Good")

    fresh = sandbox.control("PATCH", f"/accounts/{line.sid}", {"rotate": "primary"})["auth_token"]
    check(page, details)
    expect(light(page, "Credentials")).not_to_contain_text("Good")
    trouble(page, "Credentials").get_by_role("link", name="Replace token").click()
    page.get_by_label("New Auth Token").fill(fresh)
    page.get_by_role("button", name="Replace token").click()
    check(page, details)
    expect(light(page, "Credentials")).to_contain_text("Good")
