"""Addresses of the try-out panels."""

from django.urls import path

from sms.views import tryout

_at = "t/<slug:slug>/rules/"

urlpatterns = [
    path(f"{_at}inbound/try/", tryout.tryout_inbound, name="tryout_inbound"),
    path(f"{_at}outbound/try/", tryout.tryout_outbound, name="tryout_outbound"),
]
