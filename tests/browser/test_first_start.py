"""An empty portal: the link of the first start leads to the second factor, and then in."""

import base64
import hashlib
import hmac
import re
import struct
import time

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.servers import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def product(tmp_path):
    running = Product(tmp_path, "--no-demo")
    try:
        yield running.wait_ready()
    finally:
        running.stop()


def code_of(secret: str) -> str:
    """Say what an authenticator app would show now (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def test_the_printed_link_makes_the_first_administrator_once(product, page):
    link = re.search(r"Open this link once to become the first: (\S+)", product.output)
    assert link is not None
    ada = steps.Person("ada@portal.example", "Ada Quill")
    page.goto(link[1])
    page.locator("input[name=email]").fill(ada.email)
    steps.introduce(page, ada)
    expect(page.get_by_text("Set up your second factor first")).to_be_visible()
    page.locator("input[name=code]").fill(code_of(page.locator("input[readonly]").first.input_value()))
    page.get_by_role("button", name="Switch it on").click()
    page.goto(f"{product.address}/system/tenants/")
    expect(page.get_by_role("heading", name="Tenants", exact=True)).to_be_visible()
    page.goto(link[1])
    expect(page.get_by_text("This link has been used")).to_be_visible()
