"""An account's phone numbers and short codes as they stand at Twilio, and where their texts go."""

from dataclasses import dataclass
from typing import Any

from sms.models import TwilioAccount
from sms.twilio.client import sync_client
from sms.twilio.errors import in_words
from sms.twilio.paging import LIST_DEADLINE, PAGE_SIZE, Page, checked

WEBHOOK_FIELDS = ("sms_url", "sms_method", "sms_fallback_url", "sms_fallback_method", "sms_application_sid")
_SHORT_CODE = "SC"


@dataclass(frozen=True, slots=True)
class AccountNumber:
    """A phone number as it stands at Twilio; of a short code, `e164` holds its digits alone."""

    sid: str
    e164: str
    friendly_name: str
    sms: bool
    mms: bool
    webhook: dict[str, str]
    voice: bool = False
    # In Twilio's words: local, mobile, toll-free …; "" where it does not say.
    type: str = ""
    trunk_sid: str = ""

    @property
    def application_sid(self) -> str:
        """The TwiML application that takes the number's texts in place of the webhook, if one is set."""
        return self.webhook["sms_application_sid"]

    @property
    def is_short_code(self) -> bool:
        """Whether it is a short code."""
        return is_short_code(self.sid)


def is_short_code(sid: str) -> bool:
    """Whether a SID names a short code; any other names a phone number."""
    return sid.startswith(_SHORT_CODE)


def list_numbers(account: TwilioAccount) -> list[AccountNumber]:
    """Return the account's first thousand phone numbers, without short codes.

    Raises:
        TwilioProblem: Twilio could not be asked.
    """
    return list(number_page(account).rows)


def number_page(account: TwilioAccount, url: str = "") -> Page[AccountNumber]:
    """Return one page of the account's phone numbers: the first, or the one that an earlier page named.

    Raises:
        TwilioProblem: Twilio could not be asked.
    """
    with in_words():
        numbers = sync_client(account, deadline=LIST_DEADLINE).incoming_phone_numbers
        found = (
            numbers.get_page(_own(account, url, "IncomingPhoneNumbers")) if url else numbers.page(page_size=PAGE_SIZE)
        )
        return Page([_number(row) for row in found], found.next_page_url or "")


def short_code_page(account: TwilioAccount, url: str = "") -> Page[AccountNumber]:
    """Return one page of the account's short codes: the first, or the one that an earlier page named.

    Raises:
        TwilioProblem: Twilio could not be asked.
    """
    with in_words():
        codes = sync_client(account, deadline=LIST_DEADLINE).short_codes
        found = codes.get_page(_own(account, url, "SMS/ShortCodes")) if url else codes.page(page_size=PAGE_SIZE)
        return Page([_code(row) for row in found], found.next_page_url or "")


def _own(account: TwilioAccount, url: str, name: str) -> str:
    return checked(url, f"/Accounts/{account.account_sid}/{name}.json")


def fetch_number(account: TwilioAccount, sid: str) -> AccountNumber:
    """Return one of the account's numbers or short codes.

    Raises:
        TwilioProblem: Twilio could not be asked, or does not know it.
    """
    with in_words():
        if is_short_code(sid):
            return _code(sync_client(account).short_codes(sid).fetch())
        return _number(sync_client(account).incoming_phone_numbers(sid).fetch())


def write_webhook(account: TwilioAccount, sid: str, webhook: dict[str, str]) -> AccountNumber:
    """Set where the texts of a number or short code go. An empty value clears what stood there.

    Raises:
        TwilioProblem: Twilio did not do it.
    """
    with in_words():
        if is_short_code(sid):
            # No application can stand in the way of a short code: there is nothing to clear.
            values = {name: value for name, value in webhook.items() if name != "sms_application_sid"}
            return _code(sync_client(account).short_codes(sid).update(**values))
        return _number(sync_client(account).incoming_phone_numbers(sid).update(**webhook))


def _number(row: Any) -> AccountNumber:
    able = row.capabilities or {}
    return AccountNumber(
        sid=row.sid,
        e164=row.phone_number,
        friendly_name=row.friendly_name or "",
        sms=bool(able.get("sms")),
        mms=bool(able.get("mms")),
        voice=bool(able.get("voice")),
        type=row.type or "",
        trunk_sid=row.trunk_sid or "",
        webhook={name: getattr(row, name) or "" for name in WEBHOOK_FIELDS},
    )


def _code(row: Any) -> AccountNumber:
    """Read a short code; whether it takes pictures, Twilio does not say here."""
    return AccountNumber(
        sid=row.sid,
        e164=str(row.short_code or ""),
        friendly_name=row.friendly_name or "",
        sms=True,
        mms=False,
        webhook={name: getattr(row, name, None) or "" for name in WEBHOOK_FIELDS},
    )
