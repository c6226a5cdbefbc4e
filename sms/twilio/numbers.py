"""An account's phone numbers as they stand at Twilio, and where their texts go."""

from dataclasses import dataclass
from typing import Any

from sms.models import TwilioAccount
from sms.twilio.client import sync_client
from sms.twilio.errors import in_words

_LIST_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class AccountNumber:
    """A phone number as it stands at Twilio."""

    sid: str
    e164: str
    friendly_name: str
    sms: bool
    mms: bool
    webhook: dict[str, str]

    @property
    def application_sid(self) -> str:
        """The TwiML application that takes the number's texts in place of the webhook, if one is set."""
        return self.webhook["sms_application_sid"]


WEBHOOK_FIELDS = ("sms_url", "sms_method", "sms_fallback_url", "sms_fallback_method", "sms_application_sid")


def list_numbers(account: TwilioAccount) -> list[AccountNumber]:
    """Return the account's phone numbers.

    Raises:
        TwilioProblem: Twilio could not be asked.
    """
    with in_words():
        rows = sync_client(account).incoming_phone_numbers.list(limit=_LIST_LIMIT, page_size=_LIST_LIMIT)
    return [_number(row) for row in rows]


def fetch_number(account: TwilioAccount, sid: str) -> AccountNumber:
    """Return one of the account's numbers.

    Raises:
        TwilioProblem: Twilio could not be asked, or does not know it.
    """
    with in_words():
        return _number(sync_client(account).incoming_phone_numbers(sid).fetch())


def write_webhook(account: TwilioAccount, sid: str, webhook: dict[str, str]) -> AccountNumber:
    """Set where a number's texts go. An empty value clears what stood there.

    Raises:
        TwilioProblem: Twilio did not do it.
    """
    with in_words():
        return _number(sync_client(account).incoming_phone_numbers(sid).update(**webhook))


def _number(row: Any) -> AccountNumber:
    able = row.capabilities or {}
    return AccountNumber(
        sid=row.sid,
        e164=row.phone_number,
        friendly_name=row.friendly_name or "",
        sms=bool(able.get("sms")),
        mms=bool(able.get("mms")),
        webhook={name: getattr(row, name) or "" for name in WEBHOOK_FIELDS},
    )
