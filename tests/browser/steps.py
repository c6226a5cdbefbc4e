"""What people do in the portal, as one function a deed."""

import itertools
import re
from dataclasses import dataclass
from typing import Any, Literal

from playwright.sync_api import Browser, Locator, Page, expect

from portal import demo_cast
from tests.sandbox.harness import Sandbox
from tests.servers import Product

_numbers = itertools.count(12025550120)
_phones = itertools.count(14155550120)

# Seconds that a person waits for what a worker does.
PATIENCE = 20.0


@dataclass(frozen=True)
class Person:
    email: str
    name: str
    password: str = "correct horse battery staple"


ROOT = Person(demo_cast.ROOT, "Root", demo_cast.PASSWORD)
ALICE = Person("alice@acme.example", "Alice Moreau", demo_cast.PASSWORD)


@dataclass(frozen=True)
class Line:
    """A Twilio account of the sandbox with two numbers."""

    sid: str
    token: str
    numbers: tuple[str, str]


def sandbox_of(product: Product) -> Sandbox:
    """Return the sandbox that runs with a product, with the harness of the sandbox's tests in front of it."""
    said = re.search(r"sandbox ready (\S+)", product.output)
    assert said is not None
    running = Sandbox(product.folder / "sandbox")
    running.url = said[1]
    return running


def open_page(browser: Browser, **options: Any) -> Page:
    """Open a page in a browser of its own: another person, another screen, no JavaScript …"""
    context = browser.new_context(**options)
    context.set_default_timeout(15_000)
    return context.new_page()


def buy_numbers(sandbox: Sandbox) -> Line:
    """Do what a person does in the Twilio console first: an account, two numbers."""
    account = sandbox.account(friendly_name="Acme at Twilio")
    numbers = (f"+{next(_numbers)}", f"+{next(_numbers)}")
    for number in numbers:
        sandbox.number(account, number)
    return Line(account["sid"], account["auth_token"], numbers)


def new_phone() -> str:
    return f"+{next(_phones)}"


def sign_in(page: Page, address: str, person: Person) -> None:
    page.goto(f"{address}/account/login/")
    page.locator("input[name=login]").fill(person.email)
    page.locator("input[name=password]").fill(person.password)
    page.get_by_role("button", name="Sign in").click()


def introduce(page: Page, person: Person) -> None:
    """Fill the form behind an invitation link: name and password."""
    page.locator("input[name=name]").fill(person.name)
    for field in page.locator("input[type=password]").all():
        field.fill(person.password)
    page.locator("main form button[type=submit]").click()


def add_tenant(page: Page, address: str, name: str, administrator: str) -> str:
    """Tenants → Add; returns the invitation link of the first administrator."""
    page.goto(f"{address}/system/tenants/")
    page.get_by_role("link", name=re.compile("^Add")).first.click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("First administrator").fill(administrator)
    page.get_by_label("Country").select_option("US")
    page.get_by_label("Time zone").select_option("America/New_York")
    page.get_by_role("button", name="OK").click()
    expect(page.get_by_role("heading", name="Invitation link")).to_be_visible()
    return page.get_by_label("Link, shown only now").input_value()


def manage(page: Page, address: str, name: str) -> None:
    """Tenants → select the row → Manage."""
    page.goto(f"{address}/system/tenants/")
    page.locator("tr[data-id]", has_text=name).locator("td").nth(2).click()
    page.locator("[data-tool=manage]").click()
    expect(page.get_by_role("region", name="Managing")).to_contain_text(name)


def add_trunk(page: Page, name: str, numbers: tuple[str, ...]) -> None:
    """Trunks → Add → name, host, the numbers → OK."""
    page.get_by_role("link", name="Trunks").click()
    page.get_by_role("link", name=re.compile("^Add")).first.click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Termination host").fill(f"{name.lower().replace(' ', '-')}.pstn.twilio.com")
    page.get_by_label("Phone numbers").fill("; ".join(numbers))
    page.get_by_role("button", name="OK").click()
    expect(page.get_by_role("heading", name="Add trunk")).not_to_be_visible()


def add_configuration(page: Page, trunk: str, line: Line) -> None:
    """SMS/MMS → Add → trunk, Account SID, Auth Token → OK → back on the list, the new row selected."""
    page.get_by_role("link", name="SMS/MMS").click()
    page.get_by_role("link", name=re.compile("^Add")).first.click()
    page.get_by_label("Trunk").select_option(label=trunk)
    page.get_by_label("Account SID").fill(f" {line.sid} ")
    page.get_by_label("Auth Token", exact=True).fill(line.token)
    page.get_by_role("button", name="OK").click()
    row = page.locator("tr[data-id]", has_text=trunk)
    expect(row).to_have_attribute("aria-selected", "true")


def copy_webhook(page: Page, address: str) -> str:
    """Press Copy Webhook; returns what is on the clipboard."""
    page.locator("[data-tool=copy]").click()
    expect(page.locator(".toast", has_text="Copied")).to_be_visible()
    expect(page.locator(".toast a", has_text="Next steps")).to_be_visible()
    copied = str(page.evaluate("navigator.clipboard.readText()"))
    assert re.match(rf"{re.escape(address)}/webhooks/twilio/[a-z2-7]+/message#", copied)
    return copied


def paste_webhook(sandbox: Sandbox, line: Line, number: str, url: str) -> None:
    """Paste the webhook at Twilio, by its own REST API."""
    client = sandbox.client(line.sid, line.token)
    bought = client.incoming_phone_numbers.list(phone_number=number)[0]
    client.incoming_phone_numbers(bought.sid).update(sms_url=url, sms_method="POST")


def text_in(sandbox: Sandbox, phone: str, number: str, body: str) -> None:
    """Text a number from a phone; the portal answers the signed webhook with 200."""
    sent: dict[str, Any] = sandbox.text(phone, number, body)
    assert sent["webhook"]["delivered"], sent


def open_conversation(page: Page, body: str) -> None:
    """Conversations → the one with this text, as soon as it is there, without a reload."""
    page.get_by_role("link", name="Conversations").first.click()
    page.locator(".inbox-item", has_text=body).click()
    expect(page.locator(".bubble-in", has_text=body)).to_be_visible()


def reply(page: Page, body: str) -> None:
    """Write an answer and watch it become delivered without a reload."""
    page.get_by_label("Message", exact=True).fill(body)
    page.get_by_role("button", name="Send").click()
    bubble = page.locator(".bubble-out", has_text=body)
    expect(bubble).to_be_visible()
    page.evaluate("window.notReloaded = true")
    expect(bubble).to_contain_text("Delivered")
    assert page.evaluate("window.notReloaded === true")


@dataclass
class Counted:
    """A page on which each click, field and paste into another console is counted."""

    page: Page
    clicks: int = 0
    fields: int = 0
    pastes: int = 0

    def click(self, target: Locator) -> None:
        target.click()
        self.clicks += 1

    def press(self, name: str, role: Literal["button", "link"] = "button") -> None:
        self.click(self.page.get_by_role(role, name=name, exact=True).first)

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(re.compile(f"^{label}")).first.fill(text)
        self.fields += 1

    def paste_webhook(self, sandbox: Sandbox, line: Line, url: str) -> None:
        paste_webhook(sandbox, line, line.numbers[0], url)
        self.pastes += 1
