"""Addresses of setting webhooks at Twilio, and of the portal's own public addresses."""

from django.urls import URLPattern, path

from sms.views import addresses
from sms.views import pointing as views

_ONE = "t/<slug:slug>/sms/<hexid:configuration_id>/pointing"
_JOB = "t/<slug:slug>/sms/webhooks/<hexid:webhook_job_id>"
_SYSTEM = "system/addresses"
_SYSTEM_JOB = f"{_SYSTEM}/<hexid:webhook_job_id>"

urlpatterns: list[URLPattern] = [
    path(f"{_ONE}/", views.pointing_preview, name="pointing_preview"),
    path(f"{_ONE}/begin/", views.pointing_begin, name="pointing_begin"),
    path(f"{_JOB}/", views.pointing_job, name="pointing_job"),
    path(f"{_JOB}/stop/", views.pointing_job_stop, name="pointing_job_stop"),
    path(f"{_JOB}/resume/", views.pointing_job_resume, name="pointing_job_resume"),
    path(f"{_JOB}/again/", views.pointing_job_again, name="pointing_job_again"),
    path(f"{_JOB}/undo/", views.pointing_job_undo, name="pointing_job_undo"),
    path(
        "t/<slug:slug>/sms/webhooks/changes/<hexid:webhook_change_id>/undo/",
        views.pointing_change_undo,
        name="pointing_change_undo",
    ),
    path(f"{_SYSTEM}/", addresses.system_addresses, name="system_addresses"),
    path(f"{_SYSTEM}/export/", addresses.system_addresses_export, name="system_addresses_export"),
    path(f"{_SYSTEM}/move/", addresses.system_addresses_move, name="system_addresses_move"),
    path(f"{_SYSTEM}/accept/", addresses.system_addresses_accept, name="system_addresses_accept"),
    path(f"{_SYSTEM_JOB}/", addresses.system_pointing_job, name="system_pointing_job"),
    path(f"{_SYSTEM_JOB}/stop/", addresses.system_pointing_job_stop, name="system_pointing_job_stop"),
    path(f"{_SYSTEM_JOB}/resume/", addresses.system_pointing_job_resume, name="system_pointing_job_resume"),
    path(f"{_SYSTEM_JOB}/again/", addresses.system_pointing_job_again, name="system_pointing_job_again"),
    path(f"{_SYSTEM_JOB}/undo/", addresses.system_pointing_job_undo, name="system_pointing_job_undo"),
]
