"""Addresses of phone."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
