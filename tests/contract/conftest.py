"""A sandbox that keeps every request and answer whole."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.harness import Sandbox


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(Path(tmp_path_factory.mktemp("sandbox")), record=True) as sandbox:
        yield sandbox


class Recorder:
    """Reads from the sandbox's journal what was asked since it was last read."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._after = sandbox.control("GET", "/journal?limit=0")["last"]

    def read(self) -> list[dict[str, Any]]:
        """Return the requests with their answers, oldest first."""
        found: list[dict[str, Any]] = []
        while page := self._sandbox.control("GET", f"/journal?after={self._after}&kind=request")["entries"]:
            found += page
            self._after = page[-1]["n"]
        return found


@pytest.fixture
def recorder(running_sandbox: Sandbox) -> Recorder:
    return Recorder(running_sandbox)
