"""Ask Twilio who an account is, whether its credentials hold and, when they do not, what they are instead."""

import hmac
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sms.models import TwilioAccount
from sms.twilio.account_words import IN_REGION, REGION_NAMES, Result, describe, trial_note
from sms.twilio.client import rest_credentials, sync_client
from sms.twilio.errors import Problem, TwilioProblem, in_words
from tenants import secrets

__all__ = ["Finding", "Result", "check_account", "describe", "trial_note"]

FORM_DEADLINE = 12.0
GOOD = (Result.OK, Result.KEY_LIMITED)

_NOT_ACTIVE_CODES = {20005, 20006, 90010}
_TEST_CREDENTIALS_CODE = 20008
_ONE_CALL = 6.0
_MOST_KIN = 20
_MOST_PARENTS = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What Twilio said, with what it told about the account."""

    result: Result
    friendly_name: str = ""
    account_type: str = ""
    status: str = ""
    detail: str = ""
    owner_sid: str = ""

    @property
    def is_good(self) -> bool:
        """Whether texts can be sent with these credentials."""
        return self.result in GOOD

    @property
    def better_region(self) -> str:
        """The region in which the same credentials hold, when they do not where they were asked."""
        return IN_REGION.get(self.result, "")


@dataclass(slots=True)
class _Asking:
    """The calls of one check: each short, all of them within one deadline."""

    account: TwilioAccount
    deadline: float
    end: float = field(init=False)

    def __post_init__(self) -> None:
        self.end = time.monotonic() + self.deadline

    @property
    def token(self) -> str:
        """The Auth Token that is checked."""
        return secrets.open(self.account, "auth_token")

    def client(self, credentials: tuple[str, str], region: str | None = None) -> Any:
        """Return a client for the next call.

        Raises:
            TwilioProblem: the time of the whole check is over.
        """
        left = self.end - time.monotonic()
        if left <= 0:
            raise TwilioProblem(Problem.UNREACHABLE, "")
        return sync_client(self.account, credentials=credentials, deadline=min(left, _ONE_CALL), region=region)

    def who(self, credentials: tuple[str, str], region: str | None = None) -> Any:
        """Fetch the account. The answer holds its Auth Token: it is never kept or logged.

        Raises:
            TwilioProblem: Twilio did not tell.
        """
        with in_words():
            return self.client(credentials, region).api.v2010.account.fetch()

    def accepts(self, credentials: tuple[str, str], region: str | None = None) -> bool:
        """Whether Twilio shows the account for these credentials."""
        try:
            self.who(credentials, region)
        except TwilioProblem:
            return False
        return True

    def may_list(self, what: str, credentials: tuple[str, str], region: str | None = None) -> bool:
        """Read one row of a list; False when these credentials may not.

        Raises:
            TwilioProblem: Twilio did not answer, or not to these credentials.
        """
        try:
            with in_words():
                getattr(self.client(credentials, region), what).list(limit=1, page_size=1)
        except TwilioProblem as problem:
            if problem.kind != Problem.LIMITED:
                raise
            return False
        return True


def check_account(account: TwilioAccount, *, deadline: float = FORM_DEADLINE) -> Finding:
    """Ask Twilio who the account is; when it refuses, find out what was typed, as far as its answers tell."""
    asking = _Asking(account, deadline)
    try:
        found = asking.who((account.account_sid, asking.token))
    except TwilioProblem as problem:
        return _explained(asking, problem)
    told = Finding(
        Result.OK,
        friendly_name=(found.friendly_name or "")[:120],
        account_type=found.type or "",
        status=found.status or "",
        owner_sid=found.owner_account_sid or "",
    )
    if told.status != "active":
        return replace(told, result=Result.CLOSED if told.status == "closed" else Result.SUSPENDED)
    result, detail = _check_key(asking) if account.api_key_sid else _check_region(asking)
    return replace(told, result=result, detail=detail)


# --- The pair is refused ---


def _explained(asking: _Asking, problem: TwilioProblem) -> Finding:
    if problem.code in _NOT_ACTIVE_CODES:
        return Finding(Result.NOT_ACTIVE)
    if problem.code == _TEST_CREDENTIALS_CODE:
        return Finding(Result.TEST_CREDENTIALS)
    if problem.kind in (Problem.REFUSED, Problem.MISSING):
        return _what_was_typed(asking)
    return Finding(_RESULTS.get(problem.kind, Result.UNCLEAR), detail=str(problem))


_RESULTS = {
    Problem.UNREACHABLE: Result.UNREACHABLE,
    Problem.BUSY: Result.BUSY,
    Problem.SANDBOX_OFF: Result.SANDBOX_OFF,
}


def _what_was_typed(asking: _Asking) -> Finding:
    """Look what else the token may be: a parent's, another account's, or another region's."""
    account, token = asking.account, asking.token
    kin = _others_with(account, token)
    parents = [other.account_sid for other in kin[:_MOST_PARENTS]]
    if account.owner_sid not in ("", account.account_sid, *parents):
        parents.append(account.owner_sid)
    for sid in parents:
        if asking.accepts((sid, token)):
            return Finding(Result.PARENT_TOKEN, detail=sid[-4:], owner_sid=sid)
    if kin:
        return Finding(Result.OTHER_TOKEN, detail=kin[0].account_sid[-4:])
    for region in _other_regions(account):
        if asking.accepts((account.account_sid, token), region):
            result = next(result for result, name in IN_REGION.items() if name == region)
            return Finding(result, detail=str(REGION_NAMES[account.region or "us1"]))
    return Finding(Result.WRONG_PAIR)


def _others_with(account: TwilioAccount, token: str) -> list[TwilioAccount]:
    """Return the owner's other accounts that have this token; nobody else's are looked at."""
    others = TwilioAccount.objects.filter(tenant=account.tenant).exclude(account_sid=account.account_sid)
    return [
        other
        for other in others.order_by("-created_at")[:_MOST_KIN]
        if token and hmac.compare_digest(secrets.open(other, "auth_token"), token)
    ]


def _other_regions(account: TwilioAccount) -> Iterator[str]:
    return (region for region in REGION_NAMES if region != (account.region or "us1"))


# --- The pair holds ---


def _check_region(asking: _Asking, credentials: tuple[str, str] | None = None) -> tuple[Result, str]:
    """Look whether the account's region does messaging at all: not every one does."""
    account = asking.account
    if account.region in ("", "us1"):
        return Result.OK, ""
    try:
        asking.may_list("messages", credentials or (account.account_sid, asking.token))
    except TwilioProblem as problem:
        if problem.kind == Problem.MISSING:
            return Result.NO_MESSAGING, str(REGION_NAMES.get(account.region, account.region))
    return Result.OK, ""


def _check_key(asking: _Asking) -> tuple[Result, str]:
    """Try the API key where every standard key may read; a standard key may not read the account itself."""
    key = rest_credentials(asking.account)
    try:
        if not asking.may_list("incoming_phone_numbers", key) and not asking.may_list("messages", key):
            return Result.KEY_POWERLESS, ""
    except TwilioProblem as problem:
        if problem.kind in (Problem.REFUSED, Problem.MISSING):
            return _why_key_refused(asking, key)
        return _RESULTS.get(problem.kind, Result.UNCLEAR), str(problem)
    result, detail = _check_region(asking, key)
    if result != Result.OK:
        return result, detail
    return (Result.OK if asking.accepts(key) else Result.KEY_LIMITED), ""


def _why_key_refused(asking: _Asking, key: tuple[str, str]) -> tuple[Result, str]:
    """Ask with the Auth Token, which holds, whether the account has this key; then where else it may belong."""
    try:
        with in_words():
            asking.client((asking.account.account_sid, asking.token)).keys(key[0]).fetch()
    except TwilioProblem as problem:
        if problem.kind != Problem.MISSING:
            return Result.KEY_REFUSED, ""
    else:
        return Result.KEY_SECRET, ""
    for region in _other_regions(asking.account):
        try:
            asking.may_list("incoming_phone_numbers", key, region)
        except TwilioProblem:
            continue
        return Result.KEY_REGION, str(REGION_NAMES[region])
    return Result.KEY_FOREIGN, ""
