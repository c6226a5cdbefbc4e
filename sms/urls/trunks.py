"""Addresses of trunks."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
