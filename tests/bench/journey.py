"""How long a text takes from the API's 202 to its POST at Twilio, while nothing else goes on."""

import contextlib
import http.client
import json
import random
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import redis

from tests.bench import machine
from tests.bench.bench import PUBLIC, Bench
from tests.bench.databases import Database
from tests.bench.lines import Kind, Line, percentile
from tests.bench.sending import sending_environment, standin
from tests.bench.web import Server, portal
from tests.bench.workers import beat, worker
from tests.servers import free_port

_LONGEST = 30.0


class Journey:
    """An API client and the stand-in's list of when texts came."""

    def __init__(self, server: Server, key: str, twilio: int) -> None:
        self.api = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        self.twilio = http.client.HTTPConnection("127.0.0.1", twilio, timeout=30)
        self.key = key
        self.sent = 0
        self.seen: list[float] = []

    def order(self) -> float:
        """Send a text through the API; returns when its 202 was there."""
        self.sent += 1
        body = json.dumps({"to": f"+1303555{self.sent:04d}", "body": f"Bench text {self.sent}"})
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"}
        self.api.request("POST", "/api/v1/messages", body, {**headers, "Host": urlsplit(PUBLIC).netloc})
        answer = self.api.getresponse()
        said, now = answer.read(), time.monotonic()
        if answer.status != 202:
            raise machine.Failed(f"The API answered {answer.status}: {said[:200]!r}")
        return now

    def arrivals(self, count: int) -> list[float]:
        """Wait until so many texts came to Twilio; returns when, oldest first."""

        def has_come() -> bool:
            self.twilio.request("GET", "/seen")
            self.seen += json.loads(self.twilio.getresponse().read())
            return len(self.seen) >= count

        machine.wait_until(has_come, _LONGEST, lambda: f"{len(self.seen)} of {count} texts came to Twilio")
        found, self.seen = sorted(self.seen), []
        if len(found) != count:
            raise machine.Failed(f"{len(found)} texts came to Twilio in place of {count}")
        return found

    def one_by_one(self, order: Callable[[], float], count: int) -> list[float]:
        """Send texts, each when the system has long been idle; returns how long each took, in milliseconds."""
        waits = []
        for _ in range(count):
            ordered = order()
            waits.append(max(0.0, self.arrivals(1)[0] - ordered) * 1000)
            time.sleep(random.uniform(0.1, 0.5))
        return waits

    def spread(self, count: int) -> list[float]:
        """Send texts at uneven moments without waiting for any; they leave in their order."""
        ordered = []
        for _ in range(count):
            ordered.append(self.order())
            time.sleep(random.uniform(0.2, 0.8))
        came = self.arrivals(count)
        return [max(0.0, there - here) * 1000 for here, there in zip(ordered, came, strict=True)]


def measure(bench: Bench) -> Iterator[Line]:
    """Yield the figures of the journey that were asked for."""
    database = bench.database()
    key = bench.child(database, "tests.bench.scene", "sending", '{"tenants": 1}')["api_key"]
    with standin(bench) as twilio, contextlib.ExitStack() as stack:
        environment = sending_environment(bench, database, twilio)
        stack.enter_context(worker(bench, environment))
        if bench.wants("end_to_end"):
            with portal(bench, environment) as server:
                yield _hinted(bench, database, Journey(server, key, twilio), twilio)
        if bench.wants("end_to_end_unhinted"):
            stack.enter_context(beat(bench, environment))
            deaf = {**environment, "REDIS_URL": f"redis://127.0.0.1:{free_port()}"}
            with portal(bench, deaf, "web_unhinted") as server:
                yield _unhinted(bench, database, Journey(server, key, twilio))


def _hinted(bench: Bench, database: Database, journey: Journey, twilio: int) -> Line:
    queue = redis.Redis.from_url(bench.broker)

    def push() -> float:
        queue.rpush("floor", "go")
        return time.monotonic()

    count = 10 if bench.quick else 60
    journey.one_by_one(journey.order, 3)
    waits = journey.one_by_one(journey.order, count)
    with bench.running("relay", ["-m", "tests.bench.floors.relay", bench.broker, twilio], bench.plain()):
        journey.one_by_one(push, 3)
        least = journey.one_by_one(push, count)
    return Line(
        "end_to_end",
        [(percentile(waits, 95), percentile(least, 95))],
        250,
        "ms from the API's 202 to the POST at Twilio, 95 of 100, idle; floor: the broker and one POST",
        Kind.VALUE_AT_MOST,
        [f"{count} texts, half within {percentile(waits, 50):.0f} ms", database.describe()],
    )


def _unhinted(bench: Bench, database: Database, journey: Journey) -> Line:
    count = 8 if bench.quick else 60
    journey.spread(2)
    waits = journey.spread(count)
    return Line(
        "end_to_end_unhinted",
        [(max(waits), 3000.0)],
        6000,
        "ms from the API's 202 to the POST at Twilio, the longest; the web server cannot reach the broker; "
        "floor: one interval of the sweep",
        Kind.VALUE_AT_MOST,
        [f"{count} texts, half within {percentile(waits, 50):.0f} ms", database.describe()],
    )
