"""The harness does what it says: one seed is one schedule, the proxy fails as it is told, every blow has its place."""

import re
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.chaos import nemesis, scenarios
from tests.chaos.proxy import Proxy
from tests.chaos.world import FAILPOINTS, ROOT


class Server:
    """Answers each request with the bytes it got, and remembers them."""

    def __init__(self) -> None:
        self.got = b""
        self.ended = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                try:
                    while data := connection.recv(4096):
                        self.got += data
                        connection.sendall(data)
                except OSError:
                    pass
            self.ended.set()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.listener.close()


@pytest.fixture
def proxy(server) -> Iterator[Proxy]:
    proxy = Proxy(server.port)
    yield proxy
    proxy.close()


def ask(proxy: Proxy, request: bytes, patience: float = 10) -> bytes:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=patience) as connection:
        connection.sendall(request)
        return connection.recv(4096)


def reaches_nobody(proxy: Proxy) -> bool:
    try:
        return ask(proxy, b"hello") == b""
    except ConnectionError:
        return True


def test_a_proxy_passes_everything_on(proxy):
    assert ask(proxy, b"hello") == b"hello"


def test_a_post_is_cut_after_so_many_bytes_and_only_one(proxy, server):
    proxy.cut_after = 3
    assert ask(proxy, b"GET /") == b"GET /"
    with pytest.raises(ConnectionResetError):
        ask(proxy, b"POST /")
    assert server.got in (b"GET /", b"GET /POS")
    assert ask(proxy, b"again") == b"again"


def test_half_a_request_is_held_until_the_proxy_is_healed(proxy, server):
    proxy.hold_after = 3
    assert ask(proxy, b"POST /") == b"POS"
    assert proxy.struck.is_set()
    assert server.got == b"POS"
    proxy.heal()
    assert ask(proxy, b"again") == b"again"


def test_the_answer_to_one_commit_is_lost_though_it_was_done(proxy, server):
    proxy.lose_commit_of = b"sms_attempt"
    assert ask(proxy, b"COMMIT\0") == b"COMMIT\0"
    with pytest.raises(ConnectionResetError):
        ask(proxy, b"UPDATE sms_attempt; COMMIT\0")
    assert server.got.endswith(b"UPDATE sms_attempt; COMMIT\0")
    assert ask(proxy, b"UPDATE sms_attempt; COMMIT\0")


def test_a_black_hole_swallows_and_refusing_does_not_connect(proxy, server):
    proxy.blackhole = True
    with pytest.raises(TimeoutError):
        ask(proxy, b"hello", patience=0.3)
    proxy.heal()
    proxy.refuse = True
    assert reaches_nobody(proxy)
    assert b"hello" not in server.got


def test_one_seed_is_one_schedule():
    names = list(nemesis.BLOWS)
    assert nemesis.schedule(7, names, 60, (0.5, 2)) == nemesis.schedule(7, names, 60, (0.5, 2))
    assert nemesis.schedule(7, names, 60, (0.5, 2)) != nemesis.schedule(8, names, 60, (0.5, 2))


def test_every_blow_has_a_scenario_of_its_own_kind():
    struck = {name for scenario in scenarios.SCENARIOS for name in scenario.blows}
    assert struck == set(scenarios.EVERYTHING.blows)


def test_every_failpoint_is_in_the_code_and_armed_by_the_harness_or_a_test_of_killed_workers():
    text = "".join(path.read_text() for app in ("sms", "tenants") for path in (ROOT / app).rglob("*.py"))
    killed = "".join(path.read_text() for path in (ROOT / "tests/sms").rglob("*.py"))
    there = set(re.findall(r'failpoint\("([a-z_.]+)"\)', text))
    assert there >= set(FAILPOINTS)
    elsewhere = there - set(FAILPOINTS)
    assert {name for name in elsewhere if name not in killed} == set()
