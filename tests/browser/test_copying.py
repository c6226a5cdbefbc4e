"""Copy Webhook where the browser gives no clipboard: plain http on a network, as in most first installations."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from sms.setup import configuring
from tests.factories import PASSWORD

HOST = "portal.lan"


@pytest.fixture
def own_browser(browser_type, browser_type_launch_args) -> Iterator[Browser]:
    """A browser of its own, for which the name of the network is this machine."""
    arguments = [*browser_type_launch_args["args"], f"--host-resolver-rules=MAP {HOST} 127.0.0.1"]
    browser = browser_type.launch(**{**browser_type_launch_args, "args": arguments})
    yield browser
    browser.close()


@pytest.fixture
def portal(cast, live_server, settings):
    settings.PUBLIC_BASE_URL = "https://portal.example"
    settings.ALLOWED_HOSTS = ["*"]
    return live_server.url.replace("localhost", HOST).replace("127.0.0.1", HOST)


@pytest.fixture
def alice(own_browser, portal, cast, stylesheet):
    page = own_browser.new_page()
    page.goto(f"{portal}/account/login/")
    page.locator("input[name=login]").fill(cast.alice.user.email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/t/acme/**")
    return page


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_without_a_clipboard_the_address_is_selected_and_the_keys_are_told(alice, portal, cast):
    url = configuring.webhook_url(cast.configuration)
    alice.goto(f"{portal}/t/acme/sms/?selected={cast.configuration.pk.hex}")
    assert alice.evaluate("window.isSecureContext") is False
    alice.get_by_role("button", name="Copy Webhook").click()
    field = alice.locator(".toast input")
    expect(field).to_have_value(url)
    expect(alice.locator(".toast").first).to_contain_text("Ctrl")
    selected = "getSelection().toString()"
    assert alice.evaluate(selected) == url
    alice.goto(f"{portal}/t/acme/sms/{cast.configuration.pk.hex}/webhook/")
    alice.get_by_role("button", name="Copy").first.click()
    assert alice.evaluate(selected) == url
    expect(alice.locator(".copy-hint").first).to_contain_text("Ctrl")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_webhook_page_selects_its_field_and_tells_the_keys(alice, portal, cast):
    alice.goto(f"{portal}/t/acme/sms/{cast.configuration.pk.hex}/webhook/")
    alice.get_by_role("button", name="Copy").first.click()
    expect(alice.locator(".copy-hint").first).to_contain_text("Press Ctrl-C")
    selected = (
        "document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)"
    )
    assert alice.evaluate(selected) == configuring.webhook_url(cast.configuration)
