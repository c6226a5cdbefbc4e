"""Starts the sandbox Twilio as a process of its own, and a receiver that stands for the portal."""

import json
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0


class ControlError(Exception):
    """The control API said no; `status` and `body` say how."""

    def __init__(self, status: int, body: Any) -> None:
        self.status, self.body = status, body
        super().__init__(f"{status}: {body}")


def wait_until(holds: Callable[[], Any], what: str = "it") -> Any:
    """Poll until something holds and return it; give up after a generous while."""
    end = time.monotonic() + PATIENCE
    while not (value := holds()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {PATIENCE:.0f} s in vain for {what}")
        time.sleep(0.02)
    return value


class SandboxHttpClient(TwilioHttpClient):  # type: ignore[misc]
    """The official HTTP client, with every Twilio host found below one base address."""

    def __init__(self, base: str, **options: Any) -> None:
        super().__init__(pool_connections=False, **options)
        self.base = base.rstrip("/")

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        """Make the request at the sandbox."""
        return super().request(method, self.base + "/" + url.removeprefix("https://"), *args, **kwargs)


class Sandbox:
    """A running sandbox; use it as a context manager, or start and stop it."""

    def __init__(
        self, state_dir: Path, *, step_seconds: float = 0.01, seed: int = 1, port: int = 0, record: bool = False
    ) -> None:
        self.state_dir, self.record = state_dir, record
        self.step_seconds, self.seed, self.port = step_seconds, seed, port
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> Self:
        """Start it and wait for its one line."""
        command = [sys.executable, "-m", "sms.sandbox", "--port", str(self.port), "--state", str(self.state_dir)]
        command += ["--step-seconds", str(self.step_seconds), "--seed", str(self.seed)]
        command += ["--record"] if self.record else []
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("sandbox ready "):
            self.stop()
            raise AssertionError(f"the sandbox did not start: {line!r}")
        self.url = line.split()[-1]
        return self

    def stop(self) -> int:
        """Stop it and return its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End it without a chance to tidy up."""
        return self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(how)
        code = process.wait(PATIENCE)
        assert process.stdout is not None
        process.stdout.close()
        return code

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control API; the path is what follows /sandbox."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/sandbox{path}", data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                text = response.read()
        except urllib.error.HTTPError as error:
            with error:
                raise ControlError(error.code, json.loads(error.read() or b"null")) from None
        return json.loads(text) if text else None

    def client(self, sid: str, secret: str, account_sid: str | None = None) -> Client:
        """Return the official client; give `account_sid` too when `sid` is that of an API key."""
        return Client(sid, secret, account_sid, http_client=SandboxHttpClient(self.url))

    def account(self, **wanted: Any) -> dict[str, Any]:
        """Issue an account."""
        account: dict[str, Any] = self.control("POST", "/accounts", wanted)
        return account

    def number(self, account: dict[str, Any], phone_number: str, **wanted: Any) -> dict[str, Any]:
        """Give an account a number."""
        body = {"phone_number": phone_number, **wanted}
        number: dict[str, Any] = self.control("POST", f"/accounts/{account['sid']}/numbers", body)
        return number

    def text(self, phone: str, to: str, body: str = "", **wanted: Any) -> dict[str, Any]:
        """Text a number from a phone."""
        sent: dict[str, Any] = self.control("POST", f"/phones/{phone}/texts", {"to": to, "body": body, **wanted})
        return sent

    def fault(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """Order a fault."""
        fault: dict[str, Any] = self.control("POST", "/faults", {"kind": kind, **wanted})
        return fault

    def journal(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the journal's entries of some kinds, all of them."""
        found: list[dict[str, Any]] = []
        after = 0
        while page := self.control("GET", f"/journal?after={after}&kind={','.join(kinds)}")["entries"]:
            found += page
            after = page[-1]["n"]
        return found

    def wait_quiet(self) -> None:
        """Wait until no message and no callback is under way."""
        wait_until(lambda: self.control("GET", "/state")["pending"] == 0, "the sandbox to be quiet")


@dataclass(frozen=True)
class Received:
    """A request as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    base: str

    @property
    def url(self) -> str:
        """The whole address, as it was signed."""
        return self.base + self.path + (f"?{self.query}" if self.query else "")

    @property
    def form(self) -> dict[str, str]:
        """The posted form, blanks kept."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def is_signed_with(self, token: str) -> bool:
        """Ask the official library whether the signature is right."""
        signature = self.headers.get("X-Twilio-Signature", "")
        return bool(RequestValidator(token).validate(self.url, self.form, signature))


@dataclass
class Answer:
    """How to answer one request; `hold` waits until the receiver closes."""

    status: int = 200
    body: bytes = b"<Response/>"
    content_type: str | None = "text/xml"
    headers: dict[str, str] = field(default_factory=dict)
    hold: bool = False


class Receiver:
    """A small web server that keeps what it gets; `answers` are used up in order, then `usual`."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.answers: list[Answer] = []
        self.by_path: dict[str, Answer] = {}
        self.usual = Answer()
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE)

    def wait(self, count: int) -> list[Received]:
        """Wait for at least so many requests and return all."""
        wait_until(lambda: len(self.requests) >= count, f"{count} requests")
        return list(self.requests)

    def at(self, path: str) -> list[Received]:
        """Return what came to one path."""
        return [r for r in self.requests if r.path == path]

    def _answer(self, path: str) -> Answer:
        if path in self.by_path:
            return self.by_path[path]
        return self.answers.pop(0) if self.answers else self.usual

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = dict(self.headers.items())
                seen = Received(self.command, parts.path, parts.query, headers, body, receiver.url)
                receiver.requests.append(seen)
                self._reply(receiver._answer(parts.path))

            do_GET = do_POST

            def _reply(self, answer: Answer) -> None:
                if answer.hold:
                    receiver._closing.wait(PATIENCE)
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                if answer.content_type:
                    self.send_header("Content-Type", answer.content_type)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: Any) -> None:
                """Keep quiet."""

        return Handler
