"""The web servers that are compared: the portal's own, and a floor on the same server with the same settings."""

import contextlib
import http.client
from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench import machine
from tests.bench.bench import Bench
from tests.servers import free_port


@dataclass(frozen=True, slots=True)
class Server:
    """A running web server."""

    port: int
    pid: int

    def workers(self) -> list[int]:
        return machine.tree(self.pid)

    def cpu(self) -> float:
        return machine.cpu(self.pid)


@contextlib.contextmanager
def portal(bench: Bench, environment: dict[str, str], name: str = "web") -> Iterator[Server]:
    """Serve the portal as production does."""
    with _gunicorn(bench, "portal.gunicorn_config", "portal.wsgi", environment, name) as server:
        yield server


@contextlib.contextmanager
def floor(bench: Bench, application: str, environment: dict[str, str]) -> Iterator[Server]:
    """Serve a floor: the same server, workers and threads."""
    with _gunicorn(
        bench, "tests.bench.floors.server", f"tests.bench.floors.{application}:application", environment, application
    ) as server:
        yield server


@contextlib.contextmanager
def _gunicorn(
    bench: Bench, settings: str, application: str, environment: dict[str, str], name: str
) -> Iterator[Server]:
    port = free_port()
    command: list[object] = ["-m", "gunicorn", "-c", f"python:{settings}", application]
    with bench.running(name, command, {**environment, "BIND": f"127.0.0.1:{port}"}) as process:
        machine.wait_until(lambda: answers(port) or process.poll() is not None, 30, lambda: f"{name} is silent")
        if process.poll() is not None:
            raise machine.Failed(f"{name} does not start: {bench.log(name)}")
        yield Server(port, process.pid)


def answers(port: int) -> bool:
    """Say whether a web server answers there, whatever it says."""
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        asked.request("POST", "/", b"")
        return bool(asked.getresponse().status)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()
