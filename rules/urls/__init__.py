"""Addresses of rules, one module an area."""

from rules.urls import inbound, outbound, tryout

app_name = "rules"
urlpatterns = [
    *inbound.urlpatterns,
    *outbound.urlpatterns,
    *tryout.urlpatterns,
]
