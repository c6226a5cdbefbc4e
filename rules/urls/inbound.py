"""Addresses of inbound."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
