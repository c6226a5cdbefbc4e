"""Addresses of outbound rules."""

from django.urls import path

from rules.views import ordering, outbound

_at = "t/<slug:slug>/rules/outbound/"

urlpatterns = [
    path(_at, outbound.outbound_rule_list, name="outbound_rule_list"),
    path(f"{_at}new/", outbound.outbound_rule_new, name="outbound_rule_new"),
    path(f"{_at}<hexid:outbound_rule_id>/", outbound.outbound_rule_detail, name="outbound_rule_detail"),
    path(f"{_at}<hexid:outbound_rule_id>/edit/", outbound.outbound_rule_edit, name="outbound_rule_edit"),
    path(f"{_at}<hexid:outbound_rule_id>/delete/", outbound.outbound_rule_delete, name="outbound_rule_delete"),
    path(f"{_at}<hexid:outbound_rule_id>/move/", ordering.outbound_rule_move, name="outbound_rule_move"),
    path(f"{_at}<hexid:outbound_rule_id>/toggle/", outbound.outbound_rule_toggle, name="outbound_rule_toggle"),
]
