"""What every test stands on: the engine in use, quick passwords, no network, the browser of the machine."""

import socket
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.db import connection

from portal import css
from tests import factories
from tests.servers import chromium

ON_POSTGRES = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")


def pytest_configure() -> None:
    """Hash passwords quickly; the real hasher is slow on purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # A busy machine is no failure of a property.
    hypothesis.settings.register_profile("project", deadline=None)
    hypothesis.settings.load_profile("project")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what the engine in use cannot prove; leave out on the second one what asks no database."""
    for item in items:
        if not ON_POSTGRES and item.get_closest_marker("postgres"):
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL"))
    if ON_POSTGRES:
        config.hook.pytest_deselected(items=[item for item in items if not _asks_a_database(item)])
        items[:] = [item for item in items if _asks_a_database(item)]


def _asks_a_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("once"):
        return False
    asked = {"db", "transactional_db", "live_server"}.intersection(getattr(item, "fixturenames", ()))
    return bool(asked) or item.get_closest_marker("django_db") is not None


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Let the test database skip what only a power cut would need."""
    database = settings.DATABASES["default"]
    if not ON_POSTGRES:
        database["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL;PRAGMA synchronous=OFF;"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Let PostgreSQL learn nothing in passing: what it would plan must not depend on which tests ran before."""
    if not ON_POSTGRES:
        return
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        # And skip what only a power cut would need, as on SQLite.
        name = connection.ops.quote_name(str(connection.settings_dict["NAME"]))
        cursor.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"ALTER TABLE {connection.ops.quote_name(table)} SET (autovacuum_enabled = false)")


@pytest.fixture(autouse=True)
def no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine: no test talks to the real Twilio."""
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"A test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local_only)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    program = chromium()
    if program is None:
        pytest.skip("no Chromium")
    # Root in a container has no sandbox to give; /dev/shm is often tiny there.
    return {**browser_type_launch_args, "executable_path": program, "args": ["--no-sandbox", "--disable-dev-shm-usage"]}


@pytest.fixture(scope="session")
def stylesheet() -> Path:
    """The built stylesheet, for tests that look at pages with a browser."""
    return css.build(settings.BASE_DIR, settings.VAR_DIR)


@pytest.fixture
def cast(db: None) -> factories.Cast:
    """Acme, Globex and their people."""
    return factories.make_cast()
