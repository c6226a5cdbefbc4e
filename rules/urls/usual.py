"""Addresses of the usual rules and of saving again."""

from django.urls import path

from rules.views import usual

_at = "t/<slug:slug>/rules/"

urlpatterns = [
    path(f"{_at}usual/", usual.usual_rules, name="usual_rules"),
    path(f"{_at}inbound/save/", usual.rule_set_save, {"kind": "inbound"}, name="inbound_rule_set_save"),
    path(f"{_at}outbound/save/", usual.rule_set_save, {"kind": "outbound"}, name="outbound_rule_set_save"),
]
