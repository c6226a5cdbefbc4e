"""Bring in what was kept on disk while the database was away: one such program for each host of web servers."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection

from sms.webhooks import spool

_PAUSE_SECONDS = 5.0


class Command(BaseCommand):
    """`manage.py spool`: looks every five seconds, until it is asked to stop; two of them are harmless."""

    help = "Store the texts and reports that were kept on disk while the database was away."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="look once, and say what was found")

    def handle(self, *args: Any, once: bool = False, **options: Any) -> None:
        if once:
            done = spool.drain()
            self.stdout.write(" ".join(f"{name}={count}" for name, count in done.items()))
            return
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        signal.signal(signal.SIGINT, lambda *_: stop.set())
        while not stop.is_set():
            if spool.has_any():
                spool.drain(stop.is_set)
                # Kept only while there is work: in between, the server may be restarted without a trace here.
                connection.close()
            stop.wait(_PAUSE_SECONDS * settings.TIME_SCALE)
