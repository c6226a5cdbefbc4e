"""The portal's Celery worker and beat, started as `manage.py up` and the containers start them."""

import contextlib
from collections.abc import Iterator

from portal.supervisor import WORKER_CHILDREN, worker_options
from tests.bench import machine
from tests.bench.bench import Bench

_CELERY = ["-m", "celery", "-A", "portal", "--quiet"]


@contextlib.contextmanager
def worker(bench: Bench, environment: dict[str, str]) -> Iterator[int]:
    """Run a worker for all queues; gives its process id."""
    command: list[object] = [*_CELERY, "worker", *worker_options(), "--concurrency", WORKER_CHILDREN]
    with bench.running("worker", command, environment) as process:
        machine.wait_until(
            lambda: len(machine.tree(process.pid)) >= WORKER_CHILDREN or process.poll() is not None,
            60,
            lambda: f"The worker does not start: {bench.log('worker')}",
        )
        yield process.pid


@contextlib.contextmanager
def beat(bench: Bench, environment: dict[str, str]) -> Iterator[None]:
    """Run the beat, whose sweep finds what no hint has announced."""
    command: list[object] = [*_CELERY, "beat", "--loglevel", "WARNING", "--pidfile="]
    with bench.running("beat", command, environment):
        yield
