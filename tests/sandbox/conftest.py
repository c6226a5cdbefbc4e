"""One sandbox for all tests of this folder; every test has accounts and numbers of its own."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.harness import Receiver, Sandbox

_numbers = itertools.count(15550100100)


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Iterator[Sandbox]:
    yield running_sandbox
    running_sandbox.control("DELETE", "/faults")


@pytest.fixture
def account(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.account(friendly_name="Acme")


@pytest.fixture
def our_number(sandbox: Sandbox, account: dict[str, Any]) -> str:
    address = f"+{next(_numbers)}"
    sandbox.number(account, address)
    return address


@pytest.fixture
def phone() -> str:
    return f"+{next(_numbers)}"


@pytest.fixture
def client(sandbox: Sandbox, account: dict[str, Any]) -> Any:
    return sandbox.client(account["sid"], account["auth_token"])


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def listen(sandbox, client, our_number, receiver):
    """Point our number at the receiver."""

    def listen(path="/in", **settings):
        sid = client.incoming_phone_numbers.list(phone_number=our_number)[0].sid
        client.incoming_phone_numbers(sid).update(sms_url=receiver.url + path, **settings)

    return listen
