"""Addresses of deliveries that failed."""

from django.urls import path

from sms.views import deliveries

_at = "t/<slug:slug>/deliveries/"

# /t/<slug>/deliveries/
urlpatterns = [
    path(_at, deliveries.delivery_list, name="delivery_list"),
    path(f"{_at}replay/", deliveries.delivery_replay_all, name="delivery_replay_all"),
    path(f"{_at}<hexid:delivery_id>/replay/", deliveries.delivery_replay, name="delivery_replay"),
]
