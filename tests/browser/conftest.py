"""One product for all browser tests: gunicorn, Celery worker, beat, broker, and the sandbox beside it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.sandbox.harness import Sandbox
from tests.servers import Product

expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox"), step_seconds=0.2) as running:
        yield running


@pytest.fixture(scope="session")
def product(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """An empty portal that has just been started for the first time."""
    running = Product(
        tmp_path_factory.mktemp("portal"),
        "--no-demo",
        SANDBOX_URL=sandbox.url,
        SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS="0",
        TIME_SCALE="0.3",
    )
    try:
        yield running.wait_ready()
    finally:
        running.stop()


@pytest.fixture(scope="session")
def root(product: Product, browser: Browser) -> steps.Person:
    """The first system administrator, made by the link that the portal prints at its first start."""
    link = re.search(r"Open this link once to become the first: (\S+)", product.output)
    assert link is not None
    person = steps.Person("root@portal.example", "Root Meyer")
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(link[1])
        page.locator("input[name=email]").fill(person.email)
        steps.introduce(page, person)
        expect(page).to_have_url(f"{product.address}/system/tenants/")
    return person


@pytest.fixture
def address(product: Product) -> str:
    return product.address


@pytest.fixture
def page(page: Page, address: str) -> Page:
    """A page that may use the clipboard, as on https or on this machine, and on which no script fails."""
    page.set_default_timeout(15_000)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    page.on("pageerror", lambda error: pytest.fail(f"a script failed: {error}"))
    return page
