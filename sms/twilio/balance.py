"""What money an account has left at Twilio."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sms.models import TwilioAccount
from sms.twilio.client import sync_client
from sms.twilio.errors import Problem, TwilioProblem, in_words

_DEADLINE = 8.0


@dataclass(frozen=True, slots=True)
class Balance:
    """An amount with its currency, as Twilio writes it."""

    amount: Decimal
    currency: str


def read(account: TwilioAccount) -> Balance:
    """Return the account's balance. A sub-account has none of its own: Twilio does not tell its parent's.

    Raises:
        TwilioProblem: Twilio did not tell.
    """
    with in_words():
        found = sync_client(account, deadline=_DEADLINE).balance.fetch()
    try:
        return Balance(Decimal(found.balance or ""), (found.currency or "USD")[:3])
    except InvalidOperation as error:
        raise TwilioProblem(Problem.FAILED, "") from error
