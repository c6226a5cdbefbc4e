"""Addresses of the message log."""

from django.urls import path

from sms.views import holding, messages, system_messages

_at = "t/<slug:slug>/messages/"

urlpatterns = [
    path("system/messages/", system_messages.system_message_list, name="system_message_list"),
    path(_at, messages.message_list, name="message_list"),
    path(f"{_at}<hexid:message_id>/", messages.message_detail, name="message_detail"),
    path(f"{_at}<hexid:message_id>/cancel/", messages.message_cancel, name="message_cancel"),
    path(f"{_at}<hexid:message_id>/release/", holding.message_release, name="message_release"),
    path(f"{_at}<hexid:message_id>/route-again/", messages.message_route_again, name="message_route_again"),
    path(f"{_at}<hexid:message_id>/send-again/", messages.message_send_again, name="message_send_again"),
    path(f"{_at}<hexid:message_id>/mark-as-sent/", messages.message_mark_as_sent, name="message_mark_as_sent"),
]
