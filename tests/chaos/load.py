"""The load: clients that send through the API until they are told yes, and phones that text; all written down."""

import http.client
import json
import random
import threading
import time
from typing import Any

from tests.chaos.database import Away
from tests.chaos.world import Company, World

PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_ANSWERED = 202
_GIVE_UP = 90.0


class History:
    """What clients asked and were told, in order: one JSON line each."""

    def __init__(self, world: World) -> None:
        self._file = world.history.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def note(self, kind: str, **facts: Any) -> None:
        line = json.dumps({"at": time.monotonic(), "kind": kind, **facts})
        with self._lock:
            self._file.write(f"{line}\n")
            self._file.flush()


class Load:
    """Sends and texts in the background; `stop` ends it, `join` waits until every client has its answer."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.history = History(world)
        self.refused: list[str] = []
        self._count = 0
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def number(self) -> int:
        """Return a number that no other text of this run has."""
        with self._lock:
            self._count += 1
            return self._count

    def offer(self, outbound: int, inbound: int, seconds: float) -> None:
        """Offer so many texts of both kinds, spread over so many seconds."""
        dice = random.Random(self.world.seed + self.number())
        moments = sorted([(dice.uniform(0, seconds), "out") for _ in range(outbound)])
        moments += [(dice.uniform(0, seconds), "in") for _ in range(inbound)]
        self._spawn(self._play, sorted(moments), dice)

    def _play(self, moments: list[tuple[float, str]], dice: random.Random) -> None:
        start = time.monotonic()
        for moment, way in moments:
            time.sleep(max(0.0, start + moment - time.monotonic()))
            company = dice.choice(self.world.companies)
            if way == "out":
                self._spawn(self.send, company)
            else:
                self.text(company, number=dice.choice(company.numbers), picture=dice.random() < 0.1)

    def _spawn(self, target: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        with self._lock:
            self._threads.append(thread)
        thread.start()

    def join(self) -> None:
        """Wait until every client has its answer."""
        while True:
            with self._lock:
                open_threads = [thread for thread in self._threads if thread.is_alive()]
                self._threads = open_threads
            if not open_threads:
                return
            open_threads[0].join(0.2)
            self.world.revive()

    def close(self) -> None:
        """End the watching."""
        self._over.set()
        self._watcher.join()

    # --- A client of the API ---

    def request(self, company: Company) -> dict[str, str]:
        """Think up a text to send."""
        count = self.number()
        wanted = {
            "to": _phone("415", count),
            "body": f"[{company.slug}] text {count} of {self.world.seed}",
        }
        key = f"{self.world.seed}-{count}"
        self.history.note("asked", key=key, tenant=company.slug, **wanted)
        return {"key": key, **wanted}

    def send(self, company: Company) -> str:
        """Send one text, asking again with the same key until there is an answer; returns its id, or nothing."""
        wanted = self.request(company)
        deadline = time.monotonic() + _GIVE_UP
        while time.monotonic() < deadline:
            if answer := self.ask(company, wanted):
                return answer
            time.sleep(0.3)
        self.refused.append(wanted["key"])
        return ""

    def ask(self, company: Company, wanted: dict[str, str]) -> str:
        """Make one request; returns the id that was acknowledged, nothing when there was no such answer."""
        headers = {"Authorization": f"Bearer {company.key}", "Content-Type": "application/json"}
        headers["Idempotency-Key"] = wanted["key"]
        body = json.dumps({"to": wanted["to"], "body": wanted["body"]})
        connection = http.client.HTTPConnection("127.0.0.1", self.world.web_port, timeout=8)
        try:
            connection.request("POST", "/api/v1/messages", body, headers)
            answer = connection.getresponse()
            told = json.loads(answer.read() or b"{}")
        except (OSError, http.client.HTTPException, ValueError):
            return ""
        finally:
            connection.close()
        if answer.status != _ANSWERED:
            self.history.note("refused", key=wanted["key"], status=answer.status, told=told)
            return ""
        message = str(told["id"]).replace("-", "")
        self.history.note("acked", key=wanted["key"], id=message)
        return message

    # --- A phone ---

    def text(self, company: Company, *, number: str = "", picture: bool = False, body: str = "") -> str:
        """Text one of the company's numbers; returns the SID."""
        count = self.number()
        wanted: dict[str, Any] = {"to": number or company.numbers[0], "wait": False}
        wanted["body"] = body or f"[{company.slug}] hello {count} ü 👍"
        if picture:
            wanted["media"] = [{"content_type": "image/png", "base64": PICTURE}]
        done = self.world.control("POST", f"/phones/{_phone('628', count)}/texts", wanted)
        return str(done["sid"]) if done else ""

    # --- A witness ---

    def _watch(self) -> None:
        """Write down each status that is seen: none may ever be lower than before."""
        seen: dict[str, int] = {}
        while not self._over.wait(0.5):
            try:
                rows = self.world.database.rows("SELECT id, provider_rank FROM sms_attempt WHERE provider_rank > 0")
            except Away:
                continue
            for row in rows:
                if seen.get(row["id"]) != row["provider_rank"]:
                    seen[row["id"]] = row["provider_rank"]
                    self.history.note("rank", attempt=row["id"], rank=row["provider_rank"])


def _phone(area: str, count: int) -> str:
    """Return a number of its own, none whose last digits choose a fate at the sandbox."""
    return f"+1{area}{555 + count // 9000}{1000 + count % 9000}"
