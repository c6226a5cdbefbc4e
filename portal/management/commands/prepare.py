"""`manage.py prepare`: bring the database and the stylesheet up to date, then say how to sign in."""

import sys

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from portal import css, startup
from sms.pointing import addresses


class Command(BaseCommand):
    help = "Migrate, build the stylesheet, fill an empty demo; print how to sign in."
    requires_system_checks: list[str] = []

    def handle(self, *args: object, **options: object) -> None:
        self._progress("Migrating the database ...")
        call_command("migrate", verbosity=0, interactive=False)
        if text := startup.problem():
            sys.exit(text)
        addresses.note()
        self._progress("Building the stylesheet ...")
        css.build(settings.BASE_DIR, settings.VAR_DIR)
        if settings.DEMO:
            self._progress("Preparing the demo ...")
            call_command("demo", verbosity=0)
        for line in _how_to_sign_in():
            self.stdout.write(line)

    def _progress(self, text: str) -> None:
        # The supervisor shows these at once and keeps the other lines for the end.
        self.stdout.write(f"> {text}")
        self.stdout.flush()


def _how_to_sign_in() -> list[str]:
    if settings.DEMO:
        from portal import demo

        signs = demo.sign_ins()
        width = max(len(email) for _, email, _ in signs)
        return ["Sign in as:", *(f"  {email:<{width}}  {password}  {who}" for who, email, password in signs)]
    from tenants import provisioning

    link = provisioning.first_administrator_link()
    return [f"No system administrator yet. Open this link once to become the first: {link}"] if link else []
