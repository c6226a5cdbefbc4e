"""App configuration of portal."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The project's own pages."""

    name = "portal"
