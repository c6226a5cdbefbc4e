"""Write a tenant's configuration to the standard output, as JSON or as one table."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sms.transfer import kinds, reading
from sms.transfer.tables import FileRefused
from tenants.models import Tenant


class Command(BaseCommand):
    """`manage.py export_tenant acme > acme.json`: ends with 0, or with 2 when it was called wrongly."""

    help = "Export a tenant's rules, numbers, members, groups and trunks; no secret is among them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant's short name, as in its addresses")
        parser.add_argument("--kind", choices=[*kinds.KINDS, kinds.EVERYTHING], default=kinds.EVERYTHING)
        parser.add_argument("--format", choices=[reading.CSV, reading.JSON], default=reading.JSON, dest="form")

    def handle(self, *args: Any, slug: str, kind: str, form: str, **options: Any) -> None:
        try:
            data = reading.write(tenant_of(slug), kind, form)
        except FileRefused as refused:
            raise CommandError(str(refused), returncode=2) from refused
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def tenant_of(slug: str) -> Tenant:
    """Return a tenant by its short name.

    Raises:
        CommandError: there is none.
    """
    tenant = Tenant.objects.filter(slug=slug, deleted_at=None).first()
    if tenant is None:
        raise CommandError(f"There is no tenant “{slug}”. Use its short name, as in /t/acme/.", returncode=2)
    return tenant
