"""`manage.py css`: build the stylesheet."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal import css


class Command(BaseCommand):
    help = "Build the stylesheet into the data folder."
    requires_system_checks: list[str] = []

    def handle(self, *args: object, **options: object) -> None:
        try:
            css.build(settings.BASE_DIR, settings.VAR_DIR)
        except RuntimeError as problem:
            raise CommandError(str(problem)) from problem
