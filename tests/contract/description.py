"""Our own notes of Twilio's OpenAPI description, and whether a recorded request and its answer agree with them."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.contract.schema import Kind, fits, fits_text

FIXTURES = Path(__file__).parent / "fixtures"
FORM = "application/x-www-form-urlencoded"
PAGE = {
    "end": "integer",
    "first_page_uri": "path",
    "next_page_uri": "path",
    "page": "integer",
    "page_size": "integer",
    "previous_page_uri": "path",
    "start": "integer",
    "uri": "path",
}
META = {
    "first_page_url": "url",
    "key": "string",
    "next_page_url": "url",
    "page": "integer",
    "page_size": "integer",
    "previous_page_url": "url",
    "url": "url",
}
ERROR = {"code": "integer", "message": "string", "more_info": "url", "status": "integer"}

Entry = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked of Twilio."""

    name: str
    product: str
    method: str
    path: str
    noted: dict[str, Any]
    schemas: dict[str, dict[str, Any]]

    @property
    def parameters(self) -> dict[str, Kind]:
        """The parameters of the query or the form."""
        found: dict[str, Kind] = self.noted.get("query") or self.noted.get("form") or {}
        return found

    def match(self, product: str, method: str, path: str) -> dict[str, str] | None:
        """Return what stands in the path's places, if it is this operation's path."""
        if (product, method) != (self.product, self.method):
            return None
        found = re.fullmatch(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/.]+)", re.escape(self.path)), path)
        return found.groupdict() if found else None


@cache
def operations() -> tuple[Operation, ...]:
    """Return all operations of all fixtures."""
    found = []
    for file in sorted(FIXTURES.glob("*.json")):
        noted = json.loads(file.read_text())
        product = (urlsplit(noted["server"]).hostname or "").partition(".")[0]
        for name, one in noted["operations"].items():
            method, path = one["call"].split(" ")
            found.append(Operation(name, product, method, path, one, noted["schemas"]))
    return tuple(found)


def operation_of(entry: Entry) -> tuple[Operation, dict[str, str]] | None:
    """Return the operation that a recorded request asks for; the host may name an edge and a region."""
    host, _, rest = entry["path"].removeprefix("/").partition("/")
    for operation in operations():
        places = operation.match(host.partition(".")[0], entry["method"], f"/{rest}")
        if places is not None and host.endswith(".twilio.com"):
            return operation, places
    return None


def problems(entry: Entry) -> list[str]:
    """Say in what a recorded request and its answer depart from the description; nothing is good."""
    found = operation_of(entry)
    if found is None:
        return [f"{entry['method']} {entry['path']}: Twilio knows no such call"]
    operation, places = found
    said = [*_of_request(operation, places, entry), *_of_answer(operation, entry)]
    return [f"{operation.name}: {problem}" for problem in said]


def _of_request(operation: Operation, places: dict[str, str], entry: Entry) -> Iterator[str]:
    for name, value in places.items():
        if not fits_text(value, operation.noted["path"][name]):
            yield f"{name} in the path is {value!r}"
    sent = [*entry["query"], *entry["form"]]
    for name, value in sent:
        if name not in operation.parameters:
            yield f"there is no parameter {name}"
        elif not fits_text(value, operation.parameters[name]):
            yield f"{name} cannot be {value!r}"
    names = Counter(name for name, _ in sent)
    yield from (f"{name} comes twice" for name, n in names.items() if n > 1 and name not in _repeated(operation))
    yield from (f"{name} is missing" for name in operation.noted.get("required", []) if name not in names)
    if entry["form"] and (entry["method"] == "GET" or not entry["content_type"].startswith(FORM)):
        yield f"the form was sent as {entry['method']} {entry['content_type']}"
    if entry["query"] and entry["method"] != "GET":
        yield "parameters stand in the query"


def _repeated(operation: Operation) -> Iterable[str]:
    repeated: list[str] = operation.noted.get("repeated", [])
    return repeated


def _of_answer(operation: Operation, entry: Entry) -> Iterator[str]:
    status, answer = entry["status"], entry["answer"]
    if entry["fault"]:
        return
    if status >= 400:
        yield from _of_object(answer, ERROR, "the error")
        return
    answers = operation.noted["answers"]
    if str(status) not in answers:
        yield f"the answer has status {status}"
        return
    wanted = answers[str(status)]
    if wanted is None:
        if answer is not None:
            yield "the answer has a body"
    elif isinstance(wanted, dict):
        yield from _of_page(operation, answer, wanted)
    else:
        yield from _of_thing(operation, answer, wanted)


def _of_page(operation: Operation, answer: Any, wanted: dict[str, str]) -> Iterator[str]:
    key, rest = wanted["page"], dict(answer)
    rows = rest.pop(key, None)
    if not isinstance(rows, list):
        yield f"the page has no {key}"
        return
    if operation.product == "api":
        yield from _of_object(rest, PAGE, "the page")
    else:
        yield from _of_object(rest.pop("meta", None), META, "meta")
        yield from (f"the page has {name}" for name in rest)
    for row in rows:
        yield from _of_thing(operation, row, wanted["of"])


def _of_thing(operation: Operation, answer: Any, name: str) -> Iterator[str]:
    schema = operation.schemas[name]
    return _of_object(answer, schema["fields"], name, schema.get("optional", ()))


def _of_object(value: Any, fields: dict[str, Any], what: str, optional: Iterable[str] = ()) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{what} is {value!r}"
        return
    yield from (f"{what} has {name}" for name in sorted(value.keys() - fields.keys()))
    yield from (f"{what} lacks {name}" for name in sorted(fields.keys() - value.keys() - set(optional)))
    for name in sorted(fields.keys() & value.keys()):
        if not fits(value[name], fields[name]):
            yield f"{what} has {value[name]!r} as {name}"


def assert_agree(entries: Iterable[Entry]) -> None:
    """Fail with every departure of recorded requests and answers from the description, each once."""
    found = dict.fromkeys(problem for entry in entries for problem in problems(entry))
    assert not found, "\n".join(["not as Twilio describes it:", *list(found)[:40]])
