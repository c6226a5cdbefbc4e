"""`manage.py rotate_keys`: seal every stored secret anew under the first key of FIELD_KEYS."""

from django.core.management.base import BaseCommand, CommandError

from portal import resealing


class Command(BaseCommand):
    help = "Seal stored secrets anew under the first key of FIELD_KEYS; may be stopped and run again."

    def handle(self, *args: object, **options: object) -> None:
        outcome = resealing.reseal()
        self.stdout.write(f"Sealed anew: {outcome.resealed}.")
        if outcome.unopened:
            keys = ", ".join(sorted(outcome.missing))
            raise CommandError(
                f"{outcome.unopened} could not be opened; they need the key {keys}. Add it to FIELD_KEYS and run again."
            )
        self.stdout.write("Older keys may be removed from FIELD_KEYS now.")
