"""Addresses of what connects a configuration with Twilio."""

from django.urls import URLPattern, path

from sms.views import connect as views

_ONE = "t/<slug:slug>/sms/<hexid:configuration_id>"

urlpatterns: list[URLPattern] = [
    path(f"{_ONE}/check/", views.configuration_check, name="configuration_check"),
    path(f"{_ONE}/numbers/set/", views.configuration_set_webhook, name="configuration_set_webhook"),
    path(f"{_ONE}/numbers/undo/", views.configuration_undo_webhook, name="configuration_undo_webhook"),
    path(f"{_ONE}/verify/", views.configuration_verify, name="configuration_verify"),
]
