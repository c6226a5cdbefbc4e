"""The whole main job in a real browser, on real processes, twice: by a system and by a tenant administrator."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.sandbox.harness import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def connect_and_answer(page: Page, sandbox: Sandbox, address: str, trunk: str, body: str) -> None:
    """From a trunk with two numbers to a text that came in and an answer that was delivered."""
    line, phone = steps.buy_numbers(sandbox), steps.new_phone()
    steps.add_trunk(page, trunk, line.numbers)
    steps.add_configuration(page, trunk, line)
    url = steps.copy_webhook(page, address)
    steps.paste_webhook(sandbox, line, line.numbers[0], url)
    steps.text_in(sandbox, phone, line.numbers[0], body)
    steps.open_conversation(page, body)
    steps.reply(page, f"Answer to {body}")
    [answer] = [text for text in on_the_phone(sandbox, phone) if not text["from_phone"]]
    assert (answer["from"], answer["body"]) == (line.numbers[0], f"Answer to {body}")


def on_the_phone(sandbox: Sandbox, phone: str):
    return sandbox.control("GET", f"/phones/{phone}/messages")["messages"]


def test_a_system_administrator_gets_a_text_answered(page, sandbox, address, root):
    steps.sign_in(page, address, root)
    steps.add_tenant(page, address, "Acme Dental", "alice@acme.example")
    steps.manage(page, address, "Acme Dental")
    connect_and_answer(page, sandbox, address, "Acme voice", "Is the practice open on Friday?")
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", name="Tenants")).to_be_visible()


def test_a_tenant_administrator_gets_a_text_answered(page, browser: Browser, sandbox, address, root):
    mallory = steps.Person("mallory@globex.example", "Mallory Finch")
    with browser.new_context() as elsewhere:
        system = elsewhere.new_page()
        steps.sign_in(system, address, root)
        link = steps.add_tenant(system, address, "Globex", mallory.email)
    page.goto(link)
    steps.introduce(page, mallory)
    expect(page).to_have_url(f"{address}/t/globex/")
    connect_and_answer(page, sandbox, address, "Globex voice", "Where is my parcel?")
    page.get_by_role("link", name="Dashboard").click()
    expect(page.get_by_text("Received today")).to_be_visible()
