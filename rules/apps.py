"""App configuration of rules."""

from django.apps import AppConfig


class RulesConfig(AppConfig):
    """What should happen with a text."""

    name = "rules"
