"""The commands promise what they do: the Makefile, CI, the locks, and who consumes which queue."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from portal import supervisor
from portal.celery import app

ROOT = Path(__file__).resolve().parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def test_make_alone_lists_the_commands():
    listing = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)
    told = set(re.findall(r"^make (\w+)", listing.stdout, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    assert told == set(phony[1].split()) - {"help", "ready", "writable"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_pins_every_package_by_hash_and_names_no_host(lock):
    text = lock.read_text()
    packages = re.findall(r"^[a-z0-9].*$", text, re.MULTILINE)
    assert packages
    assert all("==" in package and package.endswith("\\") for package in packages)
    assert not re.search(r"://|--index-url|--find-links|--extra-index", text)


def test_the_locks_agree_on_versions():
    pins = [dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text(), re.MULTILINE)) for lock in LOCKS]
    development = max(pins, key=len)
    for pin in pins:
        assert pin.items() <= development.items() or set(pin) == {"uv"}


def test_ci_runs_exactly_make_check():
    script = (ROOT / ".ci" / "run").read_text()
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "check.yml").read_text())
    assert re.findall(r"^make .*$", script, re.MULTILINE) == ["make check </dev/null"]
    assert [step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step] == [".ci/run"]


def registered_queues() -> dict[str, str]:
    app.loader.import_default_modules()
    own = [name for name in app.tasks if not name.startswith("celery.")]
    return {name: app.amqp.router.route({}, name)["queue"].name for name in own}


@pytest.mark.django_db  # a worker checks its keys against the rows when it starts
def test_up_consumes_the_queue_of_every_task():
    queues = registered_queues()
    assert queues
    assert set(queues.values()) <= set(supervisor.QUEUES)
    assert len(supervisor.QUEUES) < supervisor.WORKER_CHILDREN


def compose() -> Any:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


def test_compose_consumes_the_same_queues_with_the_same_options():
    command = compose()["worker"]["command"]
    assert command.endswith(" ".join([*supervisor.worker_options(), "--concurrency", str(supervisor.WORKER_CHILDREN)]))


def test_compose_gives_sends_time_to_finish_and_keeps_what_the_broker_holds():
    services = compose()
    for name in ("web", "worker", "beat", "spool"):
        assert (services[name]["stop_signal"], services[name]["stop_grace_period"]) == ("SIGTERM", "120s")
    assert "--appendonly yes" in services["redis"]["command"]
    assert "--maxmemory-policy noeviction" in services["redis"]["command"]


@pytest.mark.django_db  # a worker checks its keys against the rows when it starts
def test_a_beat_task_names_a_registered_task():
    registered = registered_queues()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(registered)
