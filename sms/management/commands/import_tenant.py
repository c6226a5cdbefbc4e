"""Read a file into a tenant, all or nothing, with the checks of the page."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError

from sms.management.commands.export_tenant import tenant_of
from sms.models import TransferMode
from sms.transfer import applying, kinds, planning, reading
from sms.transfer.planning import KindPlan, Rights
from sms.transfer.tables import LARGEST_FILE, Problem
from tenants import audit, clock


class Command(BaseCommand):
    """`manage.py import_tenant acme acme.json`: 0 done, 1 the file has problems, 2 called wrongly."""

    help = "Import a file that export_tenant or the pages have written. Nothing is changed unless all of it can be."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant's short name, as in its addresses")
        parser.add_argument("file", help="the file; - is the standard input")
        parser.add_argument("--kind", choices=[*kinds.KINDS, kinds.EVERYTHING], default=kinds.EVERYTHING)
        parser.add_argument(
            "--mode",
            choices=TransferMode.values,
            default=TransferMode.ADD.value,
            help="add: add and change; exact: also remove what is not in the file",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")

    def handle(
        self, *args: Any, slug: str, file: str, kind: str, mode: str, dry_run: bool = False, **options: Any
    ) -> None:
        clock.sync()
        tenant = tenant_of(slug)
        parsed = reading.read(_bytes(file), kind, tenant.country)
        everything = Rights(own_trunks=True, all_trunks=True)
        try:
            if dry_run:
                plan = planning.plan(tenant, parsed, mode, everything)
                if plan.problems:
                    raise applying.ImportRefused(plan.problems)
            else:
                applied = applying.apply(audit.PORTAL, tenant, parsed, mode, everything)
                plan = applied.plan
                applied.mail()
        except applying.ImportRefused as refused:
            self._refuse(refused.problems)
        for warning in plan.warnings:
            self.stderr.write(f"warning: {warning}")
        for found in plan.kinds:
            self.stdout.write(_line(found, "would be " if dry_run else ""))

    def _refuse(self, problems: Sequence[Problem]) -> NoReturn:
        """Name every problem and end with 1."""
        for problem in sorted(problems, key=lambda one: (one.kind, one.row)):
            self.stderr.write(str(problem))
        self.stderr.write(f"{len(problems)} problems: nothing was changed.")
        sys.exit(1)


def _line(plan: KindPlan, would: str) -> str:
    counts = f"{len(plan.added)} {would}added, {len(plan.changed)} {would}changed, {len(plan.removed)} {would}removed"
    return f"{plan.kind.name}: {counts}, {plan.unchanged} unchanged"


def _bytes(file: str) -> bytes:
    """Read the file; not more of it than is ever taken.

    Raises:
        CommandError: it cannot be read.
    """
    try:
        if file == "-":
            return sys.stdin.buffer.read(LARGEST_FILE + 1)
        with Path(file).open("rb") as opened:
            return opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", returncode=2) from error
