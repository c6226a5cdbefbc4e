"""Every main page: readable by machines (axe), in light and dark, and on a phone without moving it sideways."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser import gallery, steps

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

# Where the dark theme is concerned only colours can differ.
RULES = {
    "light": {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "dark": {"runOnly": ["color-contrast"]},
}


# One page of each kind: every component once.
DARK = {"signin", "tenants", "tenant-new", "dashboard", "conversation", "messages", "message", "configuration"}
DARK |= {"configurations", "inbound-rules", "inbound-rule-new", "members", "audit", "phone", "webhook", "guide"}


def visits(browser: Browser, address: str, only: set[str], **options) -> Iterator[tuple[str, Page]]:
    """Open the pages of the gallery, each as the person who may see it."""
    for who in sorted({shot.who for shot in gallery.SHOTS if shot.name in only}):
        page = steps.open_page(browser, **options)
        if who:
            gallery.sign_in(page, address, who)
        for shot in gallery.SHOTS:
            if shot.who == who and shot.name in only:
                answer = gallery.visit(page, address, shot)
                assert answer is not None
                assert answer.status < 500, shot.name
                yield shot.name, page
        page.context.close()


PAGES = {"light": {shot.name for shot in gallery.SHOTS}, "dark": DARK}


def findings(page: Page, options: dict[str, list[str]]) -> list[str]:
    violations = Axe().run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    return [f"{found['id']}: {node['html'][:160]}" for found in violations for node in found["nodes"][:3]]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_main_page(browser, address, theme):
    wrong = {}
    for name, page in visits(browser, address, PAGES[theme], color_scheme=theme, reduced_motion="reduce"):
        if found := findings(page, RULES[theme]):
            wrong[name] = found
    assert wrong == {}


def test_no_main_page_is_wider_than_a_phone(browser, address):
    phone = {"width": 390, "height": 844}
    wide = [name for name, page in visits(browser, address, PAGES["light"], viewport=phone) if gallery.too_wide(page)]
    assert wide == []
