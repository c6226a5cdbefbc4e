"""Addresses of the numbers that accounts hold at Twilio."""

from django.urls import URLPattern, path

from sms.views import system_numbers as system
from sms.views import twilio_numbers as views

_ONE = "t/<slug:slug>/sms/<hexid:configuration_id>/numbers"
_TRUNK = "system/trunks/<hexid:trunk_id>/numbers"

urlpatterns: list[URLPattern] = [
    path(f"{_ONE}/", views.configuration_numbers, name="configuration_numbers"),
    path(f"{_ONE}/read/", views.configuration_numbers_read, name="configuration_numbers_read"),
    path(f"{_ONE}/add/", views.configuration_numbers_add, name="configuration_numbers_add"),
    path(f"{_TRUNK}/", system.system_trunk_numbers, name="system_trunk_numbers"),
    path(f"{_TRUNK}/read/", system.system_trunk_numbers_read, name="system_trunk_numbers_read"),
    path(f"{_TRUNK}/add/", system.system_trunk_numbers_add, name="system_trunk_numbers_add"),
]
