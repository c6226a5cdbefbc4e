"""Pages that look across the apps: the dashboard, and the style page while developing."""

from django.conf import settings
from django.urls import path

from portal import dashboard, style, tenant_copy_page

urlpatterns = [
    path("t/<slug:slug>/", dashboard.dashboard, name="dashboard"),
    path("system/tenants/<hexid:tenant_id>/copy/", tenant_copy_page.copy_tenant, name="tenant_copy"),
]
if settings.DEBUG:
    urlpatterns.append(path("style/", style.style, name="style"))
