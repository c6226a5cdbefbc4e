"""Addresses of SMS configurations."""

from django.urls import URLPattern, path

from sms.views import configurations as views
from sms.views import imports, senders, webhook_requests, webhooks

_ALL = "t/<slug:slug>/sms"
_ONE = f"{_ALL}/<hexid:configuration_id>"

urlpatterns: list[URLPattern] = [
    path(f"{_ALL}/", views.configuration_list, name="configuration_list"),
    path(f"{_ALL}/new/", views.configuration_new, name="configuration_new"),
    path(f"{_ALL}/guide/", webhooks.guide_page, name="guide"),
    path(f"{_ONE}/", views.configuration_detail, name="configuration_detail"),
    path(f"{_ONE}/edit/", views.configuration_edit, name="configuration_edit"),
    path(f"{_ONE}/delete/", views.configuration_delete, name="configuration_delete"),
    path(f"{_ONE}/toggle/", views.configuration_toggle, name="configuration_toggle"),
    path(f"{_ONE}/senders/<hexid:sender_id>/release/", senders.sender_release, name="sender_release"),
    path(f"{_ONE}/import/", imports.configuration_import, name="configuration_import"),
    path(f"{_ONE}/token/", webhooks.configuration_token, name="configuration_token"),
    path(f"{_ONE}/requests/", webhook_requests.webhook_request_list, name="webhook_request_list"),
    path(
        f"{_ONE}/requests/texts/<hexid:message_id>/replay/",
        webhook_requests.webhook_request_replay,
        name="webhook_request_replay",
    ),
    path(
        f"{_ONE}/requests/refused/<hexid:refused_request_id>/check/",
        webhook_requests.webhook_request_check,
        name="webhook_request_check",
    ),
    path(f"{_ONE}/webhook/", webhooks.configuration_webhook, name="configuration_webhook"),
    path(f"{_ONE}/webhook/rotate/", webhooks.configuration_webhook_rotate, name="configuration_webhook_rotate"),
]
