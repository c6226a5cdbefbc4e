"""What Twilio itself noted of calls to our webhooks that failed: its alerts, of 30 days at most."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sms.models import TwilioAccount
from sms.twilio.client import sync_client
from sms.twilio.errors import in_words

_DEADLINE = 8.0
_MOST = 200


@dataclass(frozen=True, slots=True)
class Alert:
    """One call that failed: where to, why, when."""

    url: str
    code: str
    at: datetime


def since(account: TwilioAccount, moment: datetime, is_ours: Callable[[str], bool]) -> list[Alert]:
    """Return the newest alerts about addresses of ours; all others are the account's own business.

    Raises:
        TwilioProblem: Twilio did not tell.
    """
    with in_words():
        client = sync_client(account, deadline=_DEADLINE)
        found = client.monitor.v1.alerts.list(start_date=moment, limit=_MOST, page_size=_MOST)
    return [
        Alert(row.request_url, str(row.error_code or ""), _utc(row.date_created or row.date_generated) or moment)
        for row in found
        if row.request_url and is_ours(row.request_url)
    ]


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
