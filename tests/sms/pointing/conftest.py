"""Acme's account in the sandbox, read, with what these tests do to it."""

from collections.abc import Iterator
from typing import Any

import pytest

from sms.mirror import reading
from sms.models import TwilioNumber
from sms.pointing import jobs
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, Cast
from tests.sandbox.harness import Sandbox
from tests.sms.connect_scene import Scene, forget, make_scene

STRANGER = "+12025550777"


class Account(Scene):
    """The scene, with Twilio's client and the numbers as they were read."""

    @property
    def client(self) -> Any:
        return self.sandbox.client(self.account["sid"], self.account["auth_token"])

    def set(self, e164: str = OUR_NUMBER, **values: Any) -> None:
        self.client.incoming_phone_numbers(self.sids[e164]).update(**values)

    def service(self, *addresses: str, **values: Any) -> Any:
        made = self.client.messaging.v1.services.create(friendly_name="Shop", **values)
        for e164 in addresses or (OUR_NUMBER, OUR_SECOND_NUMBER):
            self.client.messaging.v1.services(made.sid).phone_numbers.create(phone_number_sid=self.sids[e164])
        return made

    def service_now(self, sid: str) -> Any:
        return self.client.messaging.v1.services(sid).fetch()

    def read(self) -> None:
        reading.read_now(self.configuration.account)

    def number(self, e164: str = OUR_NUMBER) -> TwilioNumber:
        rows = TwilioNumber.objects.select_related("service")
        return rows.get(account=self.configuration.account, e164=e164)


@pytest.fixture
def scene(cast: Cast, running_sandbox: Sandbox, settings: Any, hinted: list[str]) -> Iterator[Account]:
    settings.SANDBOX_URL = running_sandbox.url
    settings.LOCAL_BASE_URL = "http://127.0.0.1:8000"
    made = make_scene(cast, running_sandbox)
    yield Account(made.sandbox, made.account, made.configuration, made.sids)
    running_sandbox.control("DELETE", "/faults")
    forget(running_sandbox)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long a worker would have waited between changes."""
    waited: list[float] = []
    monkeypatch.setattr(jobs, "_pause", waited.append)
    return waited
