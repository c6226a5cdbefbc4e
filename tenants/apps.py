"""App configuration of tenants."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Who may do what, where."""

    name = "tenants"
