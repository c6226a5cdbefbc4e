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


def test_a_system_administrator_gets_a_text_answered(page, sandbox, address):
    steps.sign_in(page, address, steps.ROOT)
    steps.add_tenant(page, address, "Initech", "peter@initech.example")
    steps.manage(page, address, "Initech")
    connect_and_answer(page, sandbox, address, "Initech voice", "Is the office open on Friday?")
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", name="Tenants", exact=True)).to_be_visible()


def test_a_tenant_administrator_gets_a_text_answered(page, browser: Browser, sandbox, address):
    gavin = steps.Person("gavin@hooli.example", "Gavin Belson")
    system = steps.open_page(browser)
    steps.sign_in(system, address, steps.ROOT)
    link = steps.add_tenant(system, address, "Hooli", gavin.email)
    page.goto(link)
    steps.introduce(page, gavin)
    expect(page).to_have_url(f"{address}/t/hooli/")
    connect_and_answer(page, sandbox, address, "Hooli voice", "Where is my parcel?")
    page.get_by_role("link", name="Dashboard").click()
    expect(page.locator(".stat", has_text="Received today")).to_contain_text("1")
    expect(page.locator(".stat", has_text="Delivered today")).to_contain_text("1")
