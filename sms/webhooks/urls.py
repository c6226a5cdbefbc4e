"""Twilio's addresses: no trailing slash, lower-case letters and digits only, never a query."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
