"""App configuration of rules."""

from django.apps import AppConfig


class RulesConfig(AppConfig):
    """What should happen with a text."""

    name = "rules"

    def ready(self) -> None:
        """Follow what changes further down: a tenant's time zone is part of every rule set."""
        from rules.times import calendars
        from tenants.signals import time_zone_changed

        time_zone_changed.connect(calendars.follow_time_zone, dispatch_uid="rules.times.calendars")
