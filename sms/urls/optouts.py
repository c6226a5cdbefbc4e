"""Addresses of opt-outs."""

from django.urls import path

from sms.views import optouts

_at = "t/<slug:slug>/opt-outs/"

# /t/<slug>/opt-outs/
urlpatterns = [
    path(_at, optouts.opt_out_list, name="opt_out_list"),
    path(f"{_at}new/", optouts.opt_out_new, name="opt_out_new"),
    path(f"{_at}<hexid:opt_out_id>/end/", optouts.opt_out_end, name="opt_out_end"),
]
