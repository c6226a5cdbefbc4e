"""Whether US networks know who texts: A2P 10DLC brands and campaigns, toll-free verifications."""

from dataclasses import dataclass
from typing import Any

from sms.models import TwilioAccount
from sms.models.mirror import Registration
from sms.twilio.client import sync_client
from sms.twilio.errors import Problem, TwilioProblem, in_words

_DEADLINE = 8.0
_MOST = 1000
_CAMPAIGN = {
    "VERIFIED": Registration.REGISTERED,
    "IN_PROGRESS": Registration.PENDING,
    "PENDING": Registration.PENDING,
    "FAILED": Registration.FAILED,
    "SUSPENDED": Registration.FAILED,
}
_BRAND = {
    "APPROVED": Registration.REGISTERED,
    "REGISTERED": Registration.REGISTERED,
    "PENDING": Registration.PENDING,
    "IN_REVIEW": Registration.PENDING,
    "FAILED": Registration.FAILED,
    "REGISTRATION_FAILED": Registration.FAILED,
    "SUSPENDED": Registration.FAILED,
}
_TOLL_FREE = {
    "TWILIO_APPROVED": Registration.REGISTERED,
    "PENDING_REVIEW": Registration.PENDING,
    "IN_REVIEW": Registration.PENDING,
    "TWILIO_REJECTED": Registration.FAILED,
}
# Where there are several, the one that lets texts through counts.
_ORDER = (Registration.REGISTERED, Registration.PENDING, Registration.FAILED, Registration.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Registered:
    """How a registration stands, with what Twilio says about a refusal."""

    state: Registration
    detail: str = ""


MISSING = Registered(Registration.MISSING)


def brand(account: TwilioAccount) -> Registered:
    """Return how the account's A2P brand stands; the best of several.

    Raises:
        TwilioProblem: Twilio did not tell.
    """
    with in_words():
        rows = sync_client(account, deadline=_DEADLINE).messaging.v1.brand_registrations.list(limit=50)
    return _best([_read(_BRAND, row.status, row.failure_reason) for row in rows])


def campaign(account: TwilioAccount, service_sid: str) -> Registered:
    """Return how the A2P campaign of a Messaging Service stands.

    Raises:
        TwilioProblem: Twilio did not tell.
    """
    try:
        with in_words():
            client = sync_client(account, deadline=_DEADLINE)
            rows = client.messaging.v1.services(service_sid).us_app_to_person.list(limit=20)
    except TwilioProblem as problem:
        if problem.kind == Problem.MISSING:
            return MISSING
        raise
    return _best([_read(_CAMPAIGN, row.campaign_status, _why(row.errors)) for row in rows])


def toll_free(account: TwilioAccount) -> dict[str, Registered]:
    """Return how the verification of each toll-free number stands, by SID; one that is not there has none.

    Raises:
        TwilioProblem: Twilio did not tell.
    """
    with in_words():
        client = sync_client(account, deadline=_DEADLINE)
        rows = client.messaging.v1.tollfree_verifications.list(limit=_MOST, page_size=100)
    found: dict[str, list[Registered]] = {}
    for row in rows:
        read = _read(_TOLL_FREE, row.status, row.rejection_reason)
        found.setdefault(str(row.tollfree_phone_number_sid or ""), []).append(read)
    return {sid: _best(each) for sid, each in found.items()}


def _read(words: dict[str, Registration], status: Any, why: Any) -> Registered:
    state = words.get(str(status or "").upper(), Registration.UNKNOWN)
    return Registered(state, str(why or "")[:200] if state == Registration.FAILED else "")


def _best(found: list[Registered]) -> Registered:
    return min(found, key=lambda one: _ORDER.index(one.state), default=MISSING)


def _why(errors: Any) -> str:
    """Read the first of a campaign's errors."""
    first = errors[0] if isinstance(errors, list) and errors else {}
    return str(first.get("description") or first.get("error_code") or "") if isinstance(first, dict) else ""
