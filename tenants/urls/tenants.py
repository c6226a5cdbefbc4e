"""Addresses of a tenant's own settings."""

from django.urls import path

from tenants.views import company, sending

urlpatterns = [
    path("t/<slug:slug>/company/", company.company, name="company"),
    path("t/<slug:slug>/sending/", sending.sending, name="sending"),
    path("t/<slug:slug>/sending/switch/", sending.sending_switch, name="sending_switch"),
]
