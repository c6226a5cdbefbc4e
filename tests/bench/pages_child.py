"""Open pages as a signed-in administrator and say how long each took: a program that answers one line with one line.

Asked `{"tenant", "path", "skip", "count"}`: `skip` is how many texts of the log stand before the page.
"""

import json
import sys
import time
from typing import Any

import django
from django.conf import settings

HOST = {"secure": True, "HTTP_HOST": "portal.example"}


def main() -> None:
    django.setup()
    # The files beside the page are not measured: their names need no digest from a build.
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    clients: dict[str, Any] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        client = clients.get(asked["tenant"]) or clients.setdefault(asked["tenant"], _signed_in(asked["tenant"]))
        print(json.dumps(_open(client, _path(**asked), asked["count"])), flush=True)


def _signed_in(slug: str) -> Any:
    from django.test import Client

    from tenants.models import Tenant

    client = Client(raise_request_exception=True)
    client.force_login(Tenant.objects.get(slug=slug).members.get(role="admin").user)
    return client


def _path(*, tenant: str, path: str, skip: int = 0, **_others: object) -> str:
    """Return the address of a page; a deep one has the cursor that its last "Older" led to."""
    from tenants import keyset
    from tenants.models import Tenant

    path = f"/t/{tenant}/{path}"
    if not skip:
        return path
    rows = Tenant.objects.get(slug=tenant).messages.order_by("-occurred_at", "-id")
    return f"{path}?before={keyset.write_cursor(rows[skip - 1], 'occurred_at')}"


def _open(client: Any, path: str, count: int) -> dict[str, Any]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path, **HOST)
        queries = list(captured)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    seconds = []
    for _ in range(count):
        begun = time.perf_counter()
        client.get(path, **HOST)
        seconds.append(time.perf_counter() - begun)
    return {"seconds": seconds, "queries": len(queries)}


if __name__ == "__main__":
    main()
