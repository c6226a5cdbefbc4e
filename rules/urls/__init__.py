"""Addresses of rules, one module an area."""

from rules.urls import findings, inbound, outbound, times, usual, versions

app_name = "rules"
urlpatterns = [
    *findings.urlpatterns,
    *inbound.urlpatterns,
    *outbound.urlpatterns,
    *times.urlpatterns,
    *usual.urlpatterns,
    *versions.urlpatterns,
]
