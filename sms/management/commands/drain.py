"""Run every queue here and now, without Celery and without a broker."""

import logging
import signal
import time
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections

from sms import connect_work, delivering, inbound, sweeps
from sms.queueing import send_loop
from sms.transfer import jobs as transfers
from sms.webhooks import spool
from tenants import clock

log = logging.getLogger(__name__)

_PAUSE = 0.5
_QUEUES = ("spool", "inbound", "deliver", "send")


class Command(BaseCommand):
    """`manage.py drain`: works until nothing is due, or for as long as asked; told to stop, it ends what is in hand."""

    help = "Work off what was kept on disk, received texts, reports, deliveries and texts to send until nothing is due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seconds", type=float, default=0.0, help="keep looking for work for so long")
        parser.add_argument("--housekeeping", action="store_true", help="run the hourly jobs as well")

    def handle(self, *args: Any, seconds: float = 0.0, housekeeping: bool = False, **options: Any) -> None:
        self._stopped = False
        self._jobs: Counter[str] = Counter()
        # A Ctrl-C must not cut a POST in two: nobody could say then whether Twilio has the text.
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            self._work_until(time.monotonic() + seconds, housekeeping=housekeeping)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, *args: object) -> None:
        self._stopped = True

    def _is_stopped(self) -> bool:
        return self._stopped

    def _work_until(self, end: float, *, housekeeping: bool) -> None:
        total: Counter[str] = Counter()
        while not self._stopped:
            found = self._once_patiently(end, housekeeping=housekeeping)
            total.update(found)
            if not any(found.values()):
                if time.monotonic() >= end:
                    break
                time.sleep(_PAUSE)
        self.stdout.write(" ".join(f"{queue}={total[queue]}" for queue in _QUEUES))
        if any(self._jobs.values()):
            self.stdout.write(" ".join(f"{job}={count}" for job, count in sorted(self._jobs.items()) if count))

    def _once_patiently(self, end: float, *, housekeeping: bool) -> dict[str, int]:
        """Look once at everything; while there is time left, a database that is away is waited for."""
        try:
            return self._once(housekeeping=housekeeping)
        except DatabaseError as error:
            connections.close_all()
            if time.monotonic() >= end:
                raise CommandError(f"The database does not answer: {error}") from error
            log.warning("sms.drain.waiting error=%s", type(error).__name__)
            return {}

    def _once(self, *, housekeeping: bool) -> dict[str, int]:
        clock.sync()
        for jobs in (sweeps.sweep, sweeps.ask_twilio, *([sweeps.housekeeping] if housekeeping else [])):
            self._jobs.update({name: count for name, count in jobs().items() if name != "hinted"})
        self._jobs["imports"] += transfers.work(self._is_stopped)
        self._jobs["connected"] += connect_work.work(self._is_stopped)
        return {
            "spool": spool.drain(self._is_stopped)["stored"],
            "inbound": inbound.work(self._is_stopped),
            "deliver": delivering.work(self._is_stopped),
            "send": send_loop.work(self._is_stopped),
        }
