"""Addresses of tenants, one module an area."""

from tenants.urls import api_keys, audit, invitations, members, system, tenants

app_name = "tenants"
urlpatterns = [
    *system.urlpatterns,
    *tenants.urlpatterns,
    *members.urlpatterns,
    *invitations.urlpatterns,
    *audit.urlpatterns,
    *api_keys.urlpatterns,
]
