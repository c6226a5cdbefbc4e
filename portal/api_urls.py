"""The API's addresses, and its description."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

import tenants.api_schema  # noqa: F401  tells the description about keys
from sms.api import views
from tenants.access import signed_in_view

app_name = "api"

# /api/
urlpatterns = [
    path("v1/messages", views.message_collection, name="message_collection"),
    path("v1/messages/<hexid:message_id>", views.message_resource, name="message_resource"),
    path(
        "v1/schema",
        signed_in_view(SpectacularAPIView.as_view(authentication_classes=[], permission_classes=[])),
        name="schema",
    ),
]
