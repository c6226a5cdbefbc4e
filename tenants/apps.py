"""App configuration of tenants."""

from django.apps import AppConfig
from django.conf import settings


class TenantsConfig(AppConfig):
    """Who may do what, where."""

    name = "tenants"

    def ready(self) -> None:
        """Arm the places at which tests let this process fail."""
        from tenants import failpoints

        failpoints.arm(settings.FAILPOINTS, settings.VAR_DIR / "failpoints")
