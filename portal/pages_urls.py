"""Pages that look across the apps: the dashboard, and the style page while developing."""

from django.conf import settings
from django.urls import path

from portal import dashboard, style

urlpatterns = [path("t/<slug:slug>/", dashboard.dashboard, name="dashboard")]
if settings.DEBUG:
    urlpatterns.append(path("style/", style.style, name="style"))
