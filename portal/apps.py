"""App configuration of portal."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The project's own pages."""

    name = "portal"

    def ready(self) -> None:
        """Register the portal's own checks."""
        from portal import startup  # noqa: F401
