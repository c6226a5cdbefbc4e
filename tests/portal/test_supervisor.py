"""`manage.py up` on real processes: it comes up, heals, refuses politely and leaves nothing behind."""

import json
import os
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.servers import Product, free_port, wait_until

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    running = Product(tmp_path_factory.mktemp("up"), "--no-demo")
    yield running.wait_ready()
    running.stop()


def worker_consumes(product: Product, since: float) -> bool:
    """Whether something was taken from every queue since a moment (seconds of the monotonic clock)."""
    with urllib.request.urlopen(f"{product.address}/readyz", timeout=5) as answer:
        ages = [queue["age"] for queue in json.load(answer)["queues"].values()]
    return all(age is not None and age + 1 < time.monotonic() - since for age in ages)


def web_answers(product: Product) -> bool:
    try:
        with urllib.request.urlopen(f"{product.address}/livez", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_up_runs_every_program_and_says_where(product):
    assert set(product.children()) == {"broker", "web", "worker", "beat", "spool"}
    assert product.address in product.output
    assert web_answers(product)
    wait_until(lambda: worker_consumes(product, 0.0), 60, lambda: f"no worker:\n{product.output}")


def test_nothing_waits_on_a_connection_without_a_time_limit(product):
    wait_until(lambda: worker_consumes(product, 0.0), 60, lambda: f"no worker:\n{product.output}")
    with redis.Redis(unix_socket_path=str(product.folder / "kv.sock")) as broker:
        assert broker.client_list()
        assert broker.client_list(_type="pubsub") == []


@pytest.mark.parametrize("name", ["broker", "web", "worker", "beat", "spool"])
def test_a_killed_program_comes_back(product, name):
    before, killed = product.children()[name], time.monotonic()
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: product.children().get(name, before) != before, 30, lambda: f"{name}:\n{product.output}")
    wait_until(lambda: web_answers(product), 30, lambda: f"no web after {name}:\n{product.output}")
    wait_until(lambda: worker_consumes(product, killed), 60, lambda: f"no worker after {name}:\n{product.output}")


def test_a_second_copy_is_refused_in_one_sentence(product):
    second = Product(product.folder, "--no-demo")
    assert second.wait_exit() == 1
    assert second.output.strip() == (
        f"The portal is already running from this folder, at {product.address}. Stop it first."
    )


def test_killing_the_supervisor_leaves_no_process(product):
    product.process.kill()
    product.process.wait()
    wait_until(lambda: not product.processes(), 60, lambda: f"still there: {product.processes()}")


def test_a_taken_port_is_refused_in_one_sentence(tmp_path):
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        product = Product(tmp_path, "--no-demo", port=port)
        assert product.wait_exit() == 1
    assert product.output.count("\n") == 1
    assert f"Port {port} is taken by another program." in product.output


def test_a_folder_that_cannot_be_written_is_refused_in_one_sentence():
    product = Product(Path("/proc/portal"), "--no-demo")
    assert product.wait_exit() == 1
    assert product.output.count("\n") == 1
    assert "Set VAR_DIR to a folder that you may write to." in product.output


@pytest.mark.parametrize("moment", ["Starting the broker", "Migrating", "Stop it with Ctrl-C"])
def test_ctrl_c_leaves_no_process_whenever_it_comes(tmp_path, moment):
    product = Product(tmp_path, "--no-demo")
    try:
        product.wait_for(moment)
        product.process.send_signal(signal.SIGINT)
        assert product.wait_exit() == 0
        assert product.processes() == []
        assert "Traceback" not in product.output
    finally:
        product.stop()
