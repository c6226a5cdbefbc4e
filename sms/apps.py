"""App configuration of sms."""

from django.apps import AppConfig


class SmsConfig(AppConfig):
    """Texts: numbers, configurations, messages, and what happens to them."""

    name = "sms"
