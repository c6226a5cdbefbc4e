"""Addresses of what other rules would do with texts that were decided already."""

from django.urls import path

from sms.views import previewing, replaying

_rules = "t/<slug:slug>/rules/"
_in = f"{_rules}inbound/"
_out = f"{_rules}outbound/"
_one_in = f"{_in}<hexid:inbound_rule_id>/"
_one_out = f"{_out}<hexid:outbound_rule_id>/"

urlpatterns = [
    path("t/<slug:slug>/messages/<hexid:message_id>/replay/", replaying.message_replay, name="message_replay"),
    path(f"{_rules}versions/<hexid:rule_set_id>/replay/", replaying.version_replay, name="version_replay"),
    path(f"{_in}new/preview/", previewing.inbound_preview_new, name="inbound_preview_new"),
    path(f"{_one_in}edit/preview/", previewing.inbound_preview_edit, name="inbound_preview_edit"),
    path(f"{_one_in}move/preview/", previewing.inbound_preview_move, name="inbound_preview_move"),
    path(f"{_one_in}delete/preview/", previewing.inbound_preview_delete, name="inbound_preview_delete"),
    path(f"{_out}new/preview/", previewing.outbound_preview_new, name="outbound_preview_new"),
    path(f"{_one_out}edit/preview/", previewing.outbound_preview_edit, name="outbound_preview_edit"),
    path(f"{_one_out}move/preview/", previewing.outbound_preview_move, name="outbound_preview_move"),
    path(f"{_one_out}delete/preview/", previewing.outbound_preview_delete, name="outbound_preview_delete"),
]
