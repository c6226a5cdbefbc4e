"""`manage.py up`: the whole product in one command."""

import sys
from argparse import ArgumentParser, BooleanOptionalAction
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from portal.ports import PortUnusable
from portal.supervisor import CannotStart, Supervisor


class Command(BaseCommand):
    help = "Run web, worker, beat, the embedded broker and, in a demo, the sandbox Twilio; stop them with Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--demo", action=BooleanOptionalAction, default=settings.DEMO, help="fill an empty database"
        )

    def handle(self, *args: object, **options: Any) -> None:
        supervisor = Supervisor(
            base_dir=settings.BASE_DIR,
            var_dir=settings.VAR_DIR,
            kv_socket=settings.KV_SOCKET,
            host=options["host"],
            port=options["port"],
            demo=options["demo"],
        )
        try:
            status = supervisor.run()
        except (CannotStart, PortUnusable) as problem:
            self.stderr.write(str(problem))
            status = 1
        sys.exit(status)
