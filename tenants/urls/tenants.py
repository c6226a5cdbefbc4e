"""Addresses of a tenant's own settings."""

from django.urls import path

from tenants.views import company

urlpatterns = [path("t/<slug:slug>/company/", company.company, name="company")]
