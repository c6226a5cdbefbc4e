"""An account's Auth Tokens at Twilio: which one works, a second one made or deleted, and the second made the first.

Always asked with an Auth Token of the account itself: API keys may not do this. Tokens are never kept or logged here.
"""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from twilio.rest import Client

from sms.models import TwilioAccount
from sms.twilio.client import sync_client
from sms.twilio.errors import Problem, TwilioProblem, in_words

# For one call, by the clock on the wall: somebody waits at a page.
DEADLINE = 12.0
_TOO_MANY_REQUESTS = 20429


class Unclear(TwilioProblem):
    """Twilio gave no clear answer: what was asked for may have been done, or be done yet."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a token is worth at Twilio now; `is_primary` is None when Twilio did not say."""

    works: bool
    is_primary: bool | None = None


NOTHING = Standing(works=False)


def _client(account: TwilioAccount, token: str) -> Client:
    return sync_client(account, credentials=(account.account_sid, token), deadline=DEADLINE)


def standing(account: TwilioAccount, token: str) -> Standing:
    """Ask Twilio whether a token authenticates the account, and whether it is the primary one.

    Raises:
        TwilioProblem: Twilio could not be asked.
    """
    if not token:
        return NOTHING
    try:
        with in_words():
            found = _client(account, token).api.v2010.account.fetch()
    except TwilioProblem as problem:
        if problem.kind == Problem.REFUSED:
            return NOTHING
        raise
    primary = str(found.auth_token or "")
    return Standing(True, hmac.compare_digest(primary.encode(), token.encode()) if primary else None)


def create_secondary(account: TwilioAccount, token: str) -> str:
    """Make a second Auth Token and return it; it is told this once only.

    Raises:
        Unclear: it may have been made, and its value is lost.
        TwilioProblem: Twilio did not make it; most often because there is one already.
    """
    with _clearly():
        made = _client(account, token).accounts.v1.secondary_auth_token().create()
        return _told(made.secondary_auth_token)


def delete_secondary(account: TwilioAccount, token: str) -> None:
    """Delete the second Auth Token; that there is none is as good.

    Raises:
        Unclear: it may have been deleted.
        TwilioProblem: Twilio did not do it.
    """
    try:
        with _clearly():
            _client(account, token).accounts.v1.secondary_auth_token().delete()
    except TwilioProblem as problem:
        if problem.kind != Problem.MISSING:
            raise


def promote(account: TwilioAccount, token: str) -> str:
    """Make the second Auth Token the primary one and return it; the former primary one is dead from that moment.

    Raises:
        Unclear: it may have been done.
        TwilioProblem: Twilio did not do it.
    """
    with _clearly():
        return _told(_client(account, token).accounts.v1.auth_token_promotion().update().auth_token)


def _told(token: str | None) -> str:
    if not token:
        raise ValueError("Twilio's answer holds no token")
    return token


@contextmanager
def _clearly() -> Iterator[None]:
    """Tell a refusal, after which nothing has changed, from an answer that says nothing."""
    try:
        with in_words():
            yield
    except TwilioProblem as problem:
        busy = problem.kind == Problem.BUSY and problem.code != _TOO_MANY_REQUESTS
        if busy or problem.kind == Problem.UNREACHABLE or (problem.kind == Problem.FAILED and not problem.code):
            raise Unclear(problem.kind, str(problem), code=problem.code) from problem
        raise
