"""Every address of the portal."""

from django.urls import include, path

import tenants.paths  # noqa: F401  registers the converters
from portal import views

urlpatterns = [
    path("", views.home, name="home"),
    path("livez", views.livez, name="livez"),
    path("readyz", views.readyz, name="readyz"),
    path("system/health/", views.system_health, name="system_health"),
    path("account/", include("portal.account_urls")),
    path("webhooks/", include("sms.webhooks.urls")),
    path("api/", include("portal.api_urls")),
    path("", include("tenants.urls")),
    path("", include("sms.urls")),
    path("", include("rules.urls")),
    path("", include("portal.pages_urls")),
]

handler403 = "portal.views.forbidden"
handler500 = "portal.views.failed"
