"""Run every queue here and now, without Celery and without a broker."""

import signal
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from sms import delivering, inbound, send_loop, sweeps
from tenants import clock

_PAUSE = 0.5


class Command(BaseCommand):
    """`manage.py drain`: works until nothing is due, or for as long as asked."""

    help = "Process received texts, deliveries and texts to send in this process until nothing is due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seconds", type=float, default=0.0, help="keep looking for work for so long")

    def handle(self, *args: Any, seconds: float = 0.0, **options: Any) -> None:
        self._stopped = False
        before = signal.signal(signal.SIGTERM, self._stop)
        try:
            self._work_until(time.monotonic() + seconds)
        finally:
            signal.signal(signal.SIGTERM, before)

    def _stop(self, *args: object) -> None:
        self._stopped = True

    def _work_until(self, end: float) -> None:
        total = {"inbound": 0, "deliver": 0, "send": 0}
        while not self._stopped:
            done = self._once()
            total = {queue: total[queue] + done[queue] for queue in total}
            if not any(done.values()):
                if time.monotonic() >= end:
                    break
                time.sleep(_PAUSE)
        self.stdout.write(" ".join(f"{queue}={count}" for queue, count in total.items()))

    def _once(self) -> dict[str, int]:
        clock.sync()
        sweeps.sweep()
        return {
            "inbound": inbound.work(),
            "deliver": delivering.work(),
            "send": send_loop.work(lambda: self._stopped),
        }
