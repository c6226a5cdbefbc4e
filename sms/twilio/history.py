"""Read Twilio's own record of texts: one by its SID, those sent to a number, or the account's list page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import urlsplit

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.response import Response

from sms.models import TwilioAccount
from sms.twilio.client import SandboxNotRunning, sync_client
from sms.webhooks.payloads import StatusReport

_DEADLINE_SECONDS = 10.0
# A page of a thousand takes Twilio some seconds.
_LIST_DEADLINE_SECONDS = 20.0
MOST = 50
LARGEST_PAGE = 1000
_MOST_MEDIA = 10
_NOT_FOUND = 404


class TwilioUnreachable(Exception):
    """Twilio did not answer, or not with what was asked for; nothing may be concluded. `status` is 0 without one."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class SentText:
    """A text that we sent, in Twilio's own list."""

    sid: str
    account_sid: str
    status: str
    error_code: str
    body: str
    num_media: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an account's list of texts, whichever way they went. `at` is when Twilio has it sent, or made."""

    sid: str
    account_sid: str
    direction: str
    status: str
    error_code: str
    body: str
    num_media: int
    num_segments: int
    from_address: str
    to_address: str
    messaging_service_sid: str
    created_at: datetime
    at: datetime

    @property
    def is_inbound(self) -> bool:
        """Whether somebody sent it to the account."""
        return self.direction == "inbound"

    @property
    def as_sent(self) -> SentText:
        """What a text that we sent is known by."""
        return SentText(
            self.sid, self.account_sid, self.status, self.error_code, self.body, self.num_media, self.created_at
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of a list, newest first, and where it goes on."""

    entries: tuple[Entry, ...]
    next_url: str

    @property
    def oldest(self) -> datetime | None:
        """How far back the page reaches."""
        return min((entry.at for entry in self.entries), default=None)

    def is_before(self, moment: datetime) -> bool:
        """Whether the page as a whole is older than a moment: what follows is older still."""
        return bool(self.entries) and all(entry.at < moment and entry.created_at < moment for entry in self.entries)


def page(
    account: TwilioAccount,
    *,
    url: str = "",
    since: date | None = None,
    until: date | None = None,
    size: int = 0,
) -> Page:
    """Return one page of an account's list: the first, or the one that an earlier page named.

    `since` and `until` are whole days in GMT: Twilio's filter knows no finer ones. It looks at the date of sending,
    which a text may lack; without a filter the list is complete.

    Raises:
        TwilioUnreachable: the list could not be read.
    """
    messages = sync_client(account, deadline=_LIST_DEADLINE_SECONDS).messages
    try:
        first = {"page_size": size or LARGEST_PAGE, **_days(since, until)}
        found = messages.get_page(_own(account, url)) if url else messages.page(**first)
        return Page(tuple(_entry(row) for row in found if row.date_created), found.next_page_url or "")
    except _FAILURES as error:
        raise _unreachable(error) from error


def _own(account: TwilioAccount, url: str) -> str:
    """Let credentials go only to the list of the account that they belong to."""
    path = urlsplit(url).path
    host = urlsplit(url).hostname or ""
    if not host.endswith(".twilio.com") or not path.endswith(f"/Accounts/{account.account_sid}/Messages.json"):
        raise ValueError("Twilio named a next page that is no list of this account.")
    return url


def _days(since: date | None, until: date | None) -> dict[str, datetime]:
    named = {"date_sent_after": since, "date_sent_before": until}
    return {name: datetime.combine(day, time.min, UTC) for name, day in named.items() if day is not None}


def media_of(account: TwilioAccount, sids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Return address and type of the files of some texts, as a webhook would have named them.

    Raises:
        TwilioUnreachable: one of the lists could not be read.
    """
    client = sync_client(account, deadline=_DEADLINE_SECONDS)
    found: dict[str, list[tuple[str, str]]] = {}
    try:
        for sid in sids:
            rows = client.messages(sid).media.list(limit=_MOST_MEDIA, page_size=_MOST_MEDIA)
            # Lists come newest first; a webhook counts from the first file.
            found[sid] = [(_media_url(row), str(row.content_type or "").lower()) for row in reversed(rows)]
    except _FAILURES as error:
        raise _unreachable(error) from error
    return found


def _media_url(row: Any) -> str:
    return f"https://api.twilio.com{str(row.uri).removesuffix('.json')}"


def sent_to(account: TwilioAccount, theirs: str, ours: str) -> list[SentText]:
    """Return the newest texts from our address (any of its numbers for a Messaging Service) to theirs.

    Raises:
        TwilioUnreachable: the list could not be read.
    """
    asked: dict[str, Any] = {"to": theirs, "limit": MOST, "page_size": MOST}
    # A service's texts have no sender until Twilio has chosen one.
    if not ours.startswith("MG"):
        asked["from_"] = ours
    try:
        listed = sync_client(account, deadline=_DEADLINE_SECONDS).messages.list(**asked)
    except _FAILURES as error:
        raise _unreachable(error) from error
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
        raise _unreachable(error) from error


_FAILURES = (TwilioException, requests.RequestException, SandboxNotRunning, ValueError)


def _unreachable(error: Exception) -> TwilioUnreachable:
    """Keep the status of a refusal; a list puts the whole answer beside its words."""
    answer = error.args[1] if len(error.args) > 1 else None
    status = error.status if isinstance(error, TwilioRestException) else 0
    if isinstance(answer, Response):
        status = answer.status_code
    return TwilioUnreachable(type(error).__name__, int(status or 0))


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


def _entry(row: Any) -> Entry:
    return Entry(
        sid=row.sid,
        account_sid=row.account_sid,
        direction=str(row.direction),
        status=str(row.status),
        error_code=str(row.error_code or ""),
        body=row.body or "",
        num_media=int(row.num_media or 0),
        num_segments=int(row.num_segments or 0),
        from_address=row.from_ or "",
        to_address=row.to or "",
        messaging_service_sid=row.messaging_service_sid or "",
        created_at=row.date_created,
        at=row.date_sent or row.date_created,
    )


def as_report(text: SentText) -> StatusReport:
    """Return what Twilio's record says about a text in the form of a status callback."""
    return StatusReport(
        message_sid=text.sid,
        account_sid=text.account_sid,
        status=text.status,
        error_code=text.error_code,
        error_message="",
        from_address="",
        to_address="",
        messaging_service_sid="",
        carrier_done_at="",
        parameters=(),
    )
