"""The termination hosts of Twilio's trunks, as data; another value is allowed and gets a warning. PURE."""

import re
from dataclasses import dataclass

_NAME = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOST = re.compile(rf"{_NAME}(?:\.{_NAME})+\Z")


@dataclass(frozen=True, slots=True)
class Ending:
    """How the host of a trunk may end, and what stands there."""

    brand: str
    suffix: str
    label: str


ENDINGS = (
    Ending("twilio", ".pstn.twilio.com", "Twilio chooses the edge"),
    Ending("twilio", ".pstn.ashburn.twilio.com", "Ashburn, Virginia"),
    Ending("twilio", ".pstn.umatilla.twilio.com", "Umatilla, Oregon"),
    Ending("twilio", ".pstn.dublin.twilio.com", "Dublin"),
    Ending("twilio", ".pstn.frankfurt.twilio.com", "Frankfurt"),
    Ending("twilio", ".pstn.sao-paulo.twilio.com", "São Paulo"),
    Ending("twilio", ".pstn.singapore.twilio.com", "Singapore"),
    Ending("twilio", ".pstn.tokyo.twilio.com", "Tokyo"),
    Ending("twilio", ".pstn.sydney.twilio.com", "Sydney"),
    Ending("twilio_interconnect", ".pstn.ashburn-ix.twilio.com", "Ashburn, Virginia"),
    Ending("twilio_interconnect", ".pstn.san-jose-ix.twilio.com", "San Jose, California"),
    Ending("twilio_interconnect", ".pstn.london-ix.twilio.com", "London"),
    Ending("twilio_interconnect", ".pstn.frankfurt-ix.twilio.com", "Frankfurt"),
    Ending("twilio_interconnect", ".pstn.singapore-ix.twilio.com", "Singapore"),
    Ending("twilio_interconnect", ".pstn.tokyo-ix.twilio.com", "Tokyo"),
    Ending("twilio_interconnect", ".pstn.sydney-ix.twilio.com", "Sydney"),
    Ending("twilio_interconnect", ".pstn.sao-paulo-ix.twilio.com", "São Paulo"),
)


class HostError(ValueError):
    """A text that is no host name; the message says what to type."""


def check_host(text: str) -> str:
    """Return the host name, lower case, without what people paste around it.

    Raises:
        HostError: it is not a host name.
    """
    host = re.sub(r"^sips?:", "", text.strip().lower()).rstrip(".")
    if len(host) > 253 or not _HOST.match(host):
        raise HostError("Type a host name such as acme.pstn.twilio.com, without sip: and without a port.")
    return host


def ending_of(host: str) -> Ending | None:
    """Return the ending of the table that a host has, with one label before it."""
    found = (ending for ending in ENDINGS if host.endswith(ending.suffix))
    return next((ending for ending in found if "." not in host.removesuffix(ending.suffix)), None)


def host_warning(host: str, brand: str) -> str:
    """Say what is unusual about a host; nothing when it is one of the table and fits the brand."""
    ending = ending_of(host)
    if ending is None:
        return "This is not a termination host that Twilio documents. Check it in the Twilio console if calls fail."
    if ending.brand != brand:
        other = "Twilio Interconnect" if ending.brand == "twilio_interconnect" else "Twilio"
        return f"This is a host of {other}. Check the brand."
    return ""


def examples() -> tuple[str, ...]:
    """Return the hosts to suggest while somebody types."""
    return tuple(f"acme{ending.suffix}" for ending in ENDINGS)
