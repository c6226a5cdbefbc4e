"""Addresses of inbound rules."""

from django.urls import path

from rules.views import inbound, ordering

_at = "t/<slug:slug>/rules/inbound/"

urlpatterns = [
    path(_at, inbound.inbound_rule_list, name="inbound_rule_list"),
    path(f"{_at}new/", inbound.inbound_rule_new, name="inbound_rule_new"),
    path(f"{_at}<hexid:inbound_rule_id>/", inbound.inbound_rule_detail, name="inbound_rule_detail"),
    path(f"{_at}<hexid:inbound_rule_id>/edit/", inbound.inbound_rule_edit, name="inbound_rule_edit"),
    path(f"{_at}<hexid:inbound_rule_id>/delete/", inbound.inbound_rule_delete, name="inbound_rule_delete"),
    path(f"{_at}<hexid:inbound_rule_id>/move/", ordering.inbound_rule_move, name="inbound_rule_move"),
    path(f"{_at}<hexid:inbound_rule_id>/toggle/", inbound.inbound_rule_toggle, name="inbound_rule_toggle"),
]
