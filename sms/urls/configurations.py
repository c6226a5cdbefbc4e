"""Addresses of configurations."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
