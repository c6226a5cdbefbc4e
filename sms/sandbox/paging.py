"""Lists in pages, the way Twilio's two generations of APIs show them."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import urlencode

from sms.sandbox.calls import Call, Reply
from sms.sandbox.problems import Problem

T = TypeVar("T")

DEFAULT_SIZE = 50
LARGEST_SIZE = 1000


def reply(
    call: Call, key: str, rows: Iterable[T], *, seq: Callable[[T], int], show: Callable[[T], dict[str, Any]]
) -> Reply:
    """Show one page of rows that come newest first; `seq` falls from row to row."""
    size, page, before = _wanted(call)
    left = (row for row in rows if before is None or seq(row) < before)
    found = list(islice(left, size + 1))
    shown, has_more = found[:size], len(found) > size
    following = _uri(call, size, page + 1, f"PA{seq(shown[-1]):x}") if has_more else None
    return Reply(
        payload={
            key: [show(row) for row in shown],
            "end": page * size + max(len(shown) - 1, 0),
            "first_page_uri": _uri(call, size, 0, None),
            "next_page_uri": following,
            "page": page,
            "page_size": size,
            "previous_page_uri": None,
            "start": page * size,
            "uri": _uri(call, size, page, call.request.query.get("PageToken")),
        }
    )


def modern(found: Reply, key: str, host: str) -> Reply:
    """Show the same page as Twilio's newer APIs do, with a meta part and whole addresses."""
    old = found.payload
    return Reply(
        payload={
            key: old[key],
            "meta": {
                "first_page_url": host + old["first_page_uri"],
                "key": key,
                "next_page_url": host + old["next_page_uri"] if old["next_page_uri"] else None,
                "page": old["page"],
                "page_size": old["page_size"],
                "previous_page_url": None,
                "url": host + old["uri"],
            },
        }
    )


def _wanted(call: Call) -> tuple[int, int, int | None]:
    query = call.request.query
    try:
        size = int(query.get("PageSize", DEFAULT_SIZE))
        page = int(query.get("Page", 0))
        token = query.get("PageToken", "")
        before = int(token.removeprefix("PA"), 16) if token else None
    except ValueError:
        raise Problem(20001, "PageSize, Page or PageToken") from None
    if size < 1 or page < 0:
        raise Problem(20001, "PageSize or Page")
    return min(size, LARGEST_SIZE), page, before


def _uri(call: Call, size: int, page: int, token: str | None) -> str:
    query = [(k, v) for k, v in call.request.query.items() if k not in {"PageSize", "Page", "PageToken"}]
    query += [("PageSize", str(size)), ("Page", str(page))]
    if token:
        query.append(("PageToken", token))
    path = "/" + call.request.path.split("/", 2)[2]
    return f"{path}?{urlencode(query)}"
