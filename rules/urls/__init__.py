"""Addresses of rules, one module an area."""

from rules.urls import inbound, outbound, usual, versions

app_name = "rules"
urlpatterns = [
    *inbound.urlpatterns,
    *outbound.urlpatterns,
    *usual.urlpatterns,
    *versions.urlpatterns,
]
