"""An account's Messaging Services as they stand at Twilio, the numbers in them, and where their texts go."""

from dataclasses import dataclass
from typing import Any

from sms.models import TwilioAccount
from sms.twilio.client import sync_client
from sms.twilio.errors import in_words
from sms.twilio.paging import LIST_DEADLINE, PAGE_SIZE, Page, checked

SERVICE_FIELDS = (
    "inbound_request_url",
    "inbound_method",
    "fallback_url",
    "fallback_method",
    "use_inbound_webhook_on_number",
)
Webhook = dict[str, str | bool]


@dataclass(frozen=True, slots=True)
class AccountService:
    """A Messaging Service as it stands at Twilio.

    With `use_inbound_webhook_on_number` texts go where each number says; else to the service's own address, or
    nowhere without one.
    """

    sid: str
    friendly_name: str
    inbound_request_url: str
    inbound_method: str
    fallback_url: str
    fallback_method: str
    use_inbound_webhook_on_number: bool

    @property
    def webhook(self) -> Webhook:
        """What `write_service` sets."""
        return {name: getattr(self, name) for name in SERVICE_FIELDS}


def service_page(account: TwilioAccount, url: str = "") -> Page[AccountService]:
    """Return one page of the account's Messaging Services: the first, or the one that an earlier page named.

    Raises:
        TwilioProblem: Twilio could not be asked.
    """
    with in_words():
        services = sync_client(account, deadline=LIST_DEADLINE).messaging.v1.services
        found = services.get_page(checked(url, "/v1/Services")) if url else services.page(page_size=PAGE_SIZE)
        return Page([_service(row) for row in found], found.next_page_url or "")


def member_page(account: TwilioAccount, service_sid: str, url: str = "") -> Page[str]:
    """Return one page of the SIDs of the phone numbers that a service sends from.

    Raises:
        TwilioProblem: Twilio could not be asked, or does not know the service.
    """
    with in_words():
        members = sync_client(account, deadline=LIST_DEADLINE).messaging.v1.services(service_sid).phone_numbers
        ends = f"/v1/Services/{service_sid}/PhoneNumbers"
        found = members.get_page(checked(url, ends)) if url else members.page(page_size=PAGE_SIZE)
        return Page([str(row.sid) for row in found], found.next_page_url or "")


def code_page(account: TwilioAccount, service_sid: str, url: str = "") -> Page[str]:
    """Return one page of the SIDs of the short codes that a service sends from.

    Raises:
        TwilioProblem: Twilio could not be asked, or does not know the service.
    """
    with in_words():
        codes = sync_client(account, deadline=LIST_DEADLINE).messaging.v1.services(service_sid).short_codes
        ends = f"/v1/Services/{service_sid}/ShortCodes"
        found = codes.get_page(checked(url, ends)) if url else codes.page(page_size=PAGE_SIZE)
        return Page([str(row.sid) for row in found], found.next_page_url or "")


def fetch_service(account: TwilioAccount, sid: str) -> AccountService:
    """Return one of the account's Messaging Services.

    Raises:
        TwilioProblem: Twilio could not be asked, or does not know it.
    """
    with in_words():
        return _service(sync_client(account).messaging.v1.services(sid).fetch())


def write_service(account: TwilioAccount, sid: str, webhook: Webhook) -> AccountService:
    """Set where a service's texts go; fields of `SERVICE_FIELDS`. An empty value clears what stood there.

    Raises:
        TwilioProblem: Twilio did not do it.
    """
    unknown = set(webhook) - set(SERVICE_FIELDS)
    if unknown:
        raise KeyError(*unknown)
    values: dict[str, Any] = dict(webhook)
    with in_words():
        return _service(sync_client(account).messaging.v1.services(sid).update(**values))


def _service(row: Any) -> AccountService:
    return AccountService(
        sid=row.sid,
        friendly_name=row.friendly_name or "",
        inbound_request_url=row.inbound_request_url or "",
        inbound_method=row.inbound_method or "",
        fallback_url=row.fallback_url or "",
        fallback_method=row.fallback_method or "",
        use_inbound_webhook_on_number=bool(row.use_inbound_webhook_on_number),
    )
