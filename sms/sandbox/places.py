"""Where a URL may lead: only to this machine, or to it by a route that stands for a public address."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Place:
    """The URL to connect to, and the headers that a proxy in front of it would add."""

    url: str
    headers: dict[str, str]


def is_url(text: str) -> bool:
    """Say whether Twilio would take this as a webhook address."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or not host or "_" in host or " " in text:
        return False
    return "." in host or ":" in host or host == "localhost"


def find(url: str, routes: Mapping[str, str]) -> Place | None:
    """Return where to connect for a URL; None when that would leave this machine."""
    for public, local in routes.items():
        base = public.rstrip("/")
        if url == base or url.startswith((f"{base}/", f"{base}?")):
            parts = urlsplit(base)
            forwarded = {"Host": parts.netloc, "X-Forwarded-Host": parts.netloc, "X-Forwarded-Proto": parts.scheme}
            return Place(local.rstrip("/") + url[len(base) :], forwarded)
    return Place(url, {}) if is_here(urlsplit(url).hostname or "") else None


def is_here(host: str) -> bool:
    """Say whether a host name or address is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
