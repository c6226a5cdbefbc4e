"""A sandbox account in place of Acme's, for the tests that speak with Twilio."""

from dataclasses import dataclass
from typing import Any

from sms.models import Configuration
from sms.setup import configuring, numbers
from tenants.audit import PORTAL
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, Cast
from tests.sandbox.harness import Sandbox


@dataclass
class Scene:
    """The sandbox's account with two numbers, and Acme's configuration for it."""

    sandbox: Sandbox
    account: dict[str, Any]
    configuration: Configuration
    sids: dict[str, str]

    def at_twilio(self, e164: str = OUR_NUMBER) -> dict[str, Any]:
        found = self.sandbox.control("GET", f"/accounts/{self.account['sid']}")["numbers"]
        return next(number for number in found if number["phone_number"] == e164)


def make_scene(cast: Cast, sandbox: Sandbox, **account: Any) -> Scene:
    issued = sandbox.account(friendly_name="Acme Inc.", **account)
    held = {}
    for e164 in (OUR_NUMBER, OUR_SECOND_NUMBER, "+12025550777"):
        held[e164] = sandbox.number(issued, e164)["sid"]
    configuring.delete(PORTAL, cast.configuration)
    made = configuring.add(
        PORTAL, cast.acme, trunk=cast.trunk, account_sid=issued["sid"], auth_token=issued["auth_token"]
    )
    assert numbers.live_numbers(cast.acme).count() == 2
    return Scene(sandbox, issued, made, held)


def forget(sandbox: Sandbox) -> None:
    """Empty the sandbox of numbers, so that the next test may have them."""
    for account in sandbox.control("GET", "/state")["accounts"]:
        for number in account["numbers"]:
            sandbox.control("DELETE", f"/accounts/{account['sid']}/numbers/{number['phone_number']}")
