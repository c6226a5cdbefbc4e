"""Addresses of api_keys."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
