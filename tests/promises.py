"""The promises of the README and the tests that prove them: what is named must have run, and passed."""

import os
import re
from pathlib import Path

_README = Path(__file__).resolve().parent.parent / "README.md"
_PROMISED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
# Where the test runs of `make check` note what passed; the check reads it at its end.
NOTE_IN = "PASSED_TESTS"


def promised(readme: str = "") -> list[tuple[str, str]]:
    """Return file and function of each test that a promise names."""
    text = (readme or _README.read_text()).partition("\n## Promises and their limits\n")[2].partition("\n## ")[0]
    return _PROMISED.findall(text)


def note(nodeid: str) -> None:
    """Note that a test has passed."""
    if path := os.environ.get(NOTE_IN):
        with Path(path).open("a") as file:
            file.write(f"{nodeid.partition('[')[0]}\n")


def unproved(passed: Path, readme: str = "") -> list[str]:
    """Return the promised tests that did not run, or did not pass, on any engine."""
    names = set(passed.read_text().splitlines()) if passed.exists() else set()
    return sorted({f"{path}::{name}" for path, name in promised(readme)} - names)
