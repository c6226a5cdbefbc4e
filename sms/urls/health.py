"""Addresses of how a configuration does."""

from django.urls import URLPattern, path

from sms.views import health as views

_ONE = "t/<slug:slug>/sms/<hexid:configuration_id>/health"

urlpatterns: list[URLPattern] = [
    path(f"{_ONE}/", views.configuration_health, name="configuration_health"),
    path(f"{_ONE}/check/", views.configuration_health_check, name="configuration_health_check"),
]
