"""Addresses of rules, one module an area."""

from rules.urls import inbound, outbound, usual

app_name = "rules"
urlpatterns = [
    *inbound.urlpatterns,
    *outbound.urlpatterns,
    *usual.urlpatterns,
]
