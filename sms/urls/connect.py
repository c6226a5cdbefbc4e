"""Addresses of what connects a configuration with Twilio."""

from django.urls import URLPattern, path

from sms.views import connect as views
from sms.views import verifying

_ONE = "t/<slug:slug>/sms/<hexid:configuration_id>"

urlpatterns: list[URLPattern] = [
    path(f"{_ONE}/check/", views.configuration_check, name="configuration_check"),
    path(f"{_ONE}/verify/", verifying.configuration_verify, name="configuration_verify"),
]
