"""Addresses of the wizard that changes an account's Auth Token."""

from django.urls import URLPattern, path

from sms.views import rotation as views

urlpatterns: list[URLPattern] = [
    path("t/<slug:slug>/sms/<hexid:configuration_id>/rotation/", views.rotation, name="rotation"),
    path("system/trunks/<hexid:trunk_id>/account/rotation/", views.system_rotation, name="system_rotation"),
]
