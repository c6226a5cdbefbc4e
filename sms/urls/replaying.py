"""Addresses of what other rules would do with texts that were decided already."""

from django.urls import path

from sms.views import replaying

_rules = "t/<slug:slug>/rules/"

urlpatterns = [
    path("t/<slug:slug>/messages/<hexid:message_id>/replay/", replaying.message_replay, name="message_replay"),
    path(f"{_rules}versions/<hexid:rule_set_id>/replay/", replaying.version_replay, name="version_replay"),
]
