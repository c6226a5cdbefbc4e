"""Addresses of connect."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
