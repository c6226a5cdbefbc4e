"""Ask Twilio who an account is, and whether its credentials hold."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from sms.models import TwilioAccount
from sms.twilio.client import sync_client
from sms.twilio.errors import Problem, TwilioProblem, in_words
from tenants import secrets

FORM_DEADLINE = 12.0


class Result(StrEnum):
    """What Twilio said about an account and its credentials."""

    OK = "ok"
    WRONG_PAIR = "wrong_pair"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    KEY_REFUSED = "key_refused"
    KEY_LIMITED = "key_limited"
    UNREACHABLE = "unreachable"
    SANDBOX_OFF = "sandbox_off"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Finding:
    """What Twilio said, with what it told about the account."""

    result: Result
    friendly_name: str = ""
    account_type: str = ""
    status: str = ""
    detail: str = ""

    @property
    def is_good(self) -> bool:
        """Whether texts can be sent with these credentials."""
        return self.result in (Result.OK, Result.KEY_LIMITED)


def check_account(account: TwilioAccount, *, deadline: float = FORM_DEADLINE) -> Finding:
    """Ask Twilio who the account is. The answer of this call holds the Auth Token: it is never kept or logged."""
    token = (account.account_sid, secrets.open(account, "auth_token"))
    try:
        with in_words():
            found = sync_client(account, credentials=token, deadline=deadline).api.v2010.account.fetch()
    except TwilioProblem as problem:
        return Finding(_RESULTS.get(problem.kind, Result.UNCLEAR), detail=str(problem))
    facts = {"friendly_name": found.friendly_name[:120], "account_type": found.type, "status": found.status}
    if found.status != "active":
        return Finding(Result.CLOSED if found.status == "closed" else Result.SUSPENDED, **facts)
    return Finding(_check_key(account, deadline) if account.api_key_sid else Result.OK, **facts)


_RESULTS = {
    Problem.REFUSED: Result.WRONG_PAIR,
    Problem.MISSING: Result.WRONG_PAIR,
    Problem.UNREACHABLE: Result.UNREACHABLE,
    Problem.BUSY: Result.UNREACHABLE,
    Problem.SANDBOX_OFF: Result.SANDBOX_OFF,
}


def _check_key(account: TwilioAccount, deadline: float) -> Result:
    """Try the API key where every standard key may read; a standard key may not read the account itself."""
    client = sync_client(account, deadline=deadline)
    try:
        with in_words():
            client.incoming_phone_numbers.list(limit=1, page_size=1)
    except TwilioProblem as problem:
        return Result.KEY_REFUSED if problem.kind in (Problem.REFUSED, Problem.LIMITED) else Result.UNCLEAR
    try:
        with in_words():
            client.api.v2010.account.fetch()
    except TwilioProblem:
        return Result.KEY_LIMITED
    return Result.OK


def describe(result: str, detail: str = "") -> str:
    """Say what a finding means and what to do about it."""
    texts = {
        Result.OK: _("Twilio knows this account and accepts the credentials."),
        Result.WRONG_PAIR: _(
            "Account SID and Auth Token do not belong together. Copy both anew from the Twilio console, "
            "Account Dashboard → Account Info; after a change of region, from that region."
        ),
        Result.SUSPENDED: _("Twilio has suspended this account. Settle that in the Twilio console; nothing is sent."),
        Result.CLOSED: _("This Twilio account is closed. Use another one."),
        Result.KEY_REFUSED: _(
            "Account SID and Auth Token fit, but the API key is refused. Check its SID and secret, or leave both empty."
        ),
        Result.KEY_LIMITED: _(
            "Twilio accepts the credentials. The API key is a standard key: it sends, but may not read the account."
        ),
        Result.UNREACHABLE: _(
            "Twilio did not answer, so the credentials are not checked yet. Check again in a minute."
        ),
        Result.SANDBOX_OFF: _("This is a sandbox account, and the sandbox is not running. Start it and check again."),
    }
    return texts.get(Result(result), detail) if result in set(Result) else detail
