"""Twilio's addresses: no trailing slash, lower-case letters and digits only, never a query."""

from django.urls import path

import tenants.paths  # noqa: F401  registers the converters
from sms.webhooks import views

urlpatterns = [
    path("twilio/<str:key>/message", views.message, name="webhook_message"),
    path("twilio/<str:key>/fallback", views.fallback, name="webhook_fallback"),
    path("twilio/<str:key>/status/<hexid:message_id>/<int:attempt>", views.status, name="webhook_status"),
]
