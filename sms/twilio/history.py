"""Look up at Twilio what became of texts: one by its SID, or those that were sent to a number."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests
from twilio.base.exceptions import TwilioException

from sms.models import TwilioAccount
from sms.twilio.client import SandboxNotRunning, sync_client

_DEADLINE_SECONDS = 10.0
_MOST = 50
_NOT_FOUND = 404


class TwilioUnreachable(Exception):
    """Twilio did not answer, or not with what was asked for; nothing may be concluded."""


@dataclass(frozen=True, slots=True)
class SentText:
    """A text in Twilio's own list."""

    sid: str
    account_sid: str
    status: str
    error_code: str
    body: str
    num_media: int
    created_at: datetime


def sent_to(account: TwilioAccount, theirs: str, ours: str) -> list[SentText]:
    """Return the newest texts from our address (any of its numbers for a Messaging Service) to theirs.

    Raises:
        TwilioUnreachable: the list could not be read.
    """
    asked: dict[str, Any] = {"to": theirs, "limit": _MOST, "page_size": _MOST}
    # A service's texts have no sender until Twilio has chosen one.
    if not ours.startswith("MG"):
        asked["from_"] = ours
    try:
        listed = sync_client(account, deadline=_DEADLINE_SECONDS).messages.list(**asked)
    except _FAILURES as error:
        raise TwilioUnreachable(type(error).__name__) from error
    return [_text(entry) for entry in listed if entry.direction == "outbound-api" and entry.date_created]


def find(account: TwilioAccount, sid: str) -> SentText | None:
    """Return a text by its SID; None when Twilio does not have it any more.

    Raises:
        TwilioUnreachable: it could not be read.
    """
    try:
        return _text(sync_client(account, deadline=_DEADLINE_SECONDS).messages(sid).fetch())
    except _FAILURES as error:
        if getattr(error, "status", 0) == _NOT_FOUND:
            return None
        raise TwilioUnreachable(type(error).__name__) from error


_FAILURES = (TwilioException, requests.RequestException, SandboxNotRunning, ValueError)


def _text(entry: Any) -> SentText:
    return SentText(
        sid=entry.sid,
        account_sid=entry.account_sid,
        status=str(entry.status),
        error_code=str(entry.error_code or ""),
        body=entry.body or "",
        num_media=int(entry.num_media or 0),
        created_at=entry.date_created,
    )
