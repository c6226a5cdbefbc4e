"""`manage.py demo`: fill an empty database with the demo."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal import demo
from sms.sandbox_client import SandboxProblem


class Command(BaseCommand):
    help = "Fill an empty database with two companies, their people and a week of texts. Needs a running sandbox."

    def handle(self, *args: object, **options: object) -> None:
        if not settings.SANDBOX_URL:
            raise CommandError("The demo needs the sandbox. Start both with: manage.py up --demo")
        try:
            filled = demo.seed()
        except SandboxProblem as problem:
            raise CommandError(str(problem)) from problem
        if options["verbosity"]:
            self.stdout.write("The demo is filled." if filled else "This database is not empty; it was left alone.")
