"""The surroundings of every test run, set before Django reads its settings: its own data folder, nothing inherited."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests import promises

# What a developer's shell may hold and no test may see.
FOREIGN = [
    "ALLOWED_HOSTS",
    "CLOCK_OFFSET_SECONDS",
    "DEFAULT_FROM_EMAIL",
    "DEMO",
    "EMAIL_URL",
    "FAILPOINTS",
    "FALLBACK_BASE_URL",
    "FIELD_KEYS",
    "LOCAL_BASE_URL",
    "MANAGE_IDLE_SECONDS",
    "MANAGE_REASON_REQUIRED",
    "PUBLIC_BASE_URL",
    "PUBLIC_BASE_URL_ALIASES",
    "REDIS_URL",
    "SANDBOX_URL",
    "SECRET_KEY",
    "SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS",
    "TIME_SCALE",
    "TWILIO_API_BASE",
    "WATCH_RESTORES",
    "WEBHOOK_KEY_SECRETS",
]

if "PYTEST_XDIST_WORKER" not in os.environ:
    for name in FOREIGN:
        os.environ.pop(name, None)
    folder = tempfile.mkdtemp(prefix="portal-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (Path(folder) / "static").mkdir()
    # Each test takes back what it wrote to the database, and no file: that looks like a restored copy.
    os.environ |= {"VAR_DIR": folder, "DEBUG": "1", "DJANGO_ALLOW_ASYNC_UNSAFE": "true", "WATCH_RESTORES": "0"}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what passed; each worker's reports come to the process that leads them, too."""
    if report.when == "call" and report.passed and "PYTEST_XDIST_WORKER" not in os.environ:
        promises.note(report.nodeid)
