"""Ask the sandbox Twilio as a person with a phone would, or an operator. No real text ever passes here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests
from django.conf import settings

_SECONDS = (2.0, 5.0)
# A text waits for the portal's answer to the webhook, with Twilio's patience.
_TEXT_SECONDS = (2.0, 20.0)


class SandboxProblem(Exception):
    """The sandbox does not answer, or refuses; the text says what it said."""


@dataclass(frozen=True, slots=True)
class PhoneText:
    """A text as a phone shows it."""

    sid: str
    mine: bool
    ours: str
    body: str
    at: datetime
    media: tuple[str, ...]


def numbers() -> list[str]:
    """Return every number that a sandbox account has."""
    accounts = _call("GET", "/state")["accounts"]
    return sorted(number["phone_number"] for account in accounts for number in account["numbers"])


def text(phone: str, to: str, body: str) -> bool:
    """Text a number from a phone; returns whether the portal took the text."""
    sent = _call("POST", f"/phones/{quote(phone)}/texts", {"to": to, "body": body}, seconds=_TEXT_SECONDS)
    return bool(sent["webhook"]["delivered"])


def texts(phone: str) -> list[PhoneText]:
    """Return what a phone has sent and what has reached it, oldest first."""
    found = _call("GET", f"/phones/{quote(phone)}/messages")["messages"]
    return [_read(message) for message in found if message["arrived"]]


def _read(message: dict[str, Any]) -> PhoneText:
    return PhoneText(
        sid=message["sid"],
        mine=message["from_phone"],
        ours=message["to"] if message["from_phone"] else message["from"],
        body=message["body"],
        at=datetime.fromisoformat(message["date_created"]),
        media=tuple(item["content_type"] for item in message["media"]),
    )


def ensure_account(sid: str, auth_token: str, name: str) -> None:
    """Have an account issued; an existing one stays as it is."""
    _call("POST", "/accounts", {"sid": sid, "auth_token": auth_token, "friendly_name": name})


def ensure_number(sid: str, e164: str, name: str) -> None:
    """Give an account a number; what it has already stays as it is."""
    _call("POST", f"/accounts/{sid}/numbers", {"phone_number": e164, "friendly_name": name})


def _call(method: str, path: str, body: Any = None, *, seconds: tuple[float, float] = _SECONDS) -> Any:
    try:
        with requests.Session() as session:
            # It is on this machine: a proxy of the environment must not come between.
            session.trust_env = False
            answer = session.request(method, f"{settings.SANDBOX_URL}/sandbox{path}", json=body, timeout=seconds)
    except requests.RequestException as error:
        raise SandboxProblem("The sandbox Twilio does not answer. Is it running?") from error
    if answer.status_code >= 400:
        raise SandboxProblem(_reason(answer))
    return answer.json()


def _reason(answer: requests.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"The sandbox Twilio answered with status {answer.status_code}."
