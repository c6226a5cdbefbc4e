"""Whole addresses of our own pages, for mails and for copying: from the settings, never from a request's Host."""

from typing import Any

from django.conf import settings
from django.urls import reverse


def absolute(name: str, *args: Any) -> str:
    """Return the address of a page as people outside this server open it."""
    return f"{settings.PUBLIC_BASE_URL or settings.LOCAL_BASE_URL}{reverse(name, args=args)}"
