"""An account at the sandbox with numbers and services, and Acme's configuration for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sms.models import Configuration, TwilioAccount, TwilioNumber
from sms.twilio import numbers as at_twilio
from tenants import secrets
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, Cast, make_account
from tests.sandbox.harness import Sandbox

FREE = "+12025550777"


@dataclass
class Scene:
    """Acme's account at the sandbox."""

    cast: Cast
    sandbox: Sandbox
    issued: dict[str, Any]
    account: TwilioAccount
    configuration: Configuration

    def own(self, e164: str, **more: Any) -> str:
        """Give the account a number and return its SID."""
        return str(self.sandbox.number(self.issued, e164, **more)["sid"])

    def release(self, e164: str) -> None:
        self.sandbox.control("DELETE", f"/accounts/{self.issued['sid']}/numbers/{quote(e164)}")

    def service(self, *numbers: str, **more: Any) -> str:
        made = self.sandbox.control("POST", f"/accounts/{self.issued['sid']}/services", {"numbers": numbers, **more})
        return str(made["sid"])

    def move(self, e164: str, service: str = "") -> None:
        """Put a number into a service, or out of all."""
        path = f"/accounts/{self.issued['sid']}/numbers/{quote(e164)}/service"
        self.sandbox.control("PUT", path, {"sid": service})

    def kept(self, e164: str) -> TwilioNumber:
        return self.account.twilio_numbers.get(e164=e164)

    @property
    def there(self) -> list[str]:
        """The numbers that the account has, as far as is known here."""
        return list(self.account.twilio_numbers.filter(gone_at=None).order_by("e164").values_list("e164", flat=True))


def make_scene(cast: Cast, sandbox: Sandbox, **account: Any) -> Scene:
    """Issue an account that has Acme's two numbers and one more, and give it to Acme's configuration."""
    issued = sandbox.account(friendly_name="Acme Inc.", **account)
    own = make_account(cast.acme, sid=issued["sid"], auth_token=issued["auth_token"])
    cast.configuration.account = own
    cast.configuration.save()
    made = Scene(cast, sandbox, issued, own, cast.configuration)
    for e164 in (OUR_NUMBER, OUR_SECOND_NUMBER, FREE):
        made.own(e164)
    return made


def forget(sandbox: Sandbox) -> None:
    """Empty the sandbox of numbers and faults, so that the next test may have them."""
    sandbox.control("DELETE", "/faults")
    for account in sandbox.control("GET", "/state")["accounts"]:
        for number in account["numbers"]:
            sandbox.control("DELETE", f"/accounts/{account['sid']}/numbers/{quote(number['phone_number'])}")


def give_token(account: TwilioAccount, token: str) -> None:
    """Put a token on an account as if somebody had typed it."""
    secrets.seal(account, "auth_token", token)
    account.save()


@contextmanager
def small_pages(monkeypatch: Any, size: int = 2) -> Iterator[None]:
    """Have lists come in small pages."""
    with monkeypatch.context() as patch:
        patch.setattr(at_twilio, "PAGE_SIZE", size)
        patch.setattr("sms.twilio.services.PAGE_SIZE", size)
        yield
