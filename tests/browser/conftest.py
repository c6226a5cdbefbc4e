"""One product with its demo for all browser tests: gunicorn, Celery worker, beat, broker and sandbox."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.contract.description import assert_agree
from tests.sandbox.harness import Sandbox
from tests.servers import Product

PATIENCE = 15_000
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with pytest.MonkeyPatch.context() as surroundings:
        # As `make run` starts it: the tests' own DEBUG would show Django's error pages in place of ours.
        surroundings.delenv("DEBUG", raising=False)
        running = Product(tmp_path_factory.mktemp("portal"), "--demo", TIME_SCALE="0.3")
    try:
        running.wait_ready()
        asked = steps.sandbox_of(running)
        asked.control("PATCH", "/settings", {"record": True})
        yield running
        # What the product asked of Twilio all the while is as Twilio describes it.
        assert_agree(entry for entry in asked.journal("request") if "answer" in entry)
    finally:
        running.stop()


@pytest.fixture(scope="session")
def sandbox(product: Product) -> Sandbox:
    """The product's own sandbox."""
    return steps.sandbox_of(product)


@pytest.fixture
def address(product: Product) -> str:
    return product.address


@pytest.fixture
def page(page: Page, address: str) -> Page:
    """A page that may use the clipboard, as on https or on this machine, and on which no script fails."""
    page.set_default_timeout(PATIENCE)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    page.on("pageerror", lambda error: pytest.fail(f"a script failed: {error}"))
    return page


@pytest.fixture
def alice(page: Page, address: str) -> Page:
    """A page on which the administrator of the demo's Acme has signed in."""
    steps.sign_in(page, address, steps.ALICE)
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    return page
