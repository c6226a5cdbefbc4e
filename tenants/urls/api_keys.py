"""Addresses of API keys."""

from django.urls import path

from tenants.views import api_keys

_at = "t/<slug:slug>/api-keys/"

# /t/<slug>/api-keys/
urlpatterns = [
    path(_at, api_keys.api_key_list, name="api_key_list"),
    path(f"{_at}new/", api_keys.api_key_new, name="api_key_new"),
    path(f"{_at}<hexid:api_key_id>/revoke/", api_keys.api_key_revoke, name="api_key_revoke"),
]
