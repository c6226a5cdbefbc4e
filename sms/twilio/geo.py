"""To which countries an account may send: Twilio's geographic permissions."""

from collections.abc import Iterable
from typing import Any

from sms.models import TwilioAccount
from sms.twilio.client import sync_client
from sms.twilio.errors import in_words
from tenants import secrets

_DEADLINE = 8.0
# A question for all countries of the world would be one long line; this many are asked about at a time.
_AT_ONCE = 50


def allowed(account: TwilioAccount, countries: Iterable[str]) -> dict[str, bool]:
    """Return for each country (ISO) whether texts may go there. No standard API key may ask: the Auth Token does.

    Raises:
        TwilioProblem: Twilio did not tell.
    """
    wanted = sorted(set(countries))
    token = (account.account_sid, secrets.open(account, "auth_token"))
    found: dict[str, bool] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        with in_words():
            asked = sync_client(account, credentials=token, deadline=_DEADLINE).accounts.v1.messaging_geopermissions
            told: Any = asked.fetch(country_code=",".join(wanted[start : start + _AT_ONCE])).permissions
        found |= {str(row["country_code"]): bool(row["enabled"]) for row in told or () if "enabled" in row}
    return found
