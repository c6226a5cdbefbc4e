"""What a call to Twilio can end in, in words that say what to do."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import requests
from django.utils.translation import gettext as _
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.response import Response

from sms.twilio.client import SandboxNotRunning


class Problem(StrEnum):
    """Why a call did not work."""

    REFUSED = "refused"
    LIMITED = "limited"
    MISSING = "missing"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    SANDBOX_OFF = "sandbox_off"
    FAILED = "failed"


class TwilioProblem(Exception):
    """A call to Twilio did not work; the text says what to do."""

    def __init__(self, kind: Problem, text: str, *, code: int = 0) -> None:
        super().__init__(text)
        self.kind = kind
        self.code = code


@contextmanager
def in_words() -> Iterator[None]:
    """Turn whatever the client raises into a problem with a sentence.

    Raises:
        TwilioProblem: the call did not work.
    """
    try:
        yield
    except SandboxNotRunning as error:
        raise TwilioProblem(Problem.SANDBOX_OFF, str(error)) from error
    except requests.RequestException as error:
        text = _("Twilio could not be reached. Check this machine's connection and try again.")
        raise TwilioProblem(Problem.UNREACHABLE, text) from error
    except TwilioRestException as error:
        raise _from_answer(error) from error
    except TwilioException as error:
        raise _from_page(error) from error
    except ValueError as error:
        raise _not_understood() from error


def _from_page(error: TwilioException) -> TwilioProblem:
    """Read what a list raises: the library puts the whole answer beside its words."""
    answer = error.args[1] if len(error.args) > 1 else None
    if isinstance(answer, Response):
        return _from_answer(TwilioRestException(answer.status_code, "", **_words_of(answer)))
    return _not_understood()


def _words_of(answer: Response) -> dict[str, Any]:
    try:
        said = json.loads(answer.text)
        return {"msg": str(said.get("message", "")), "code": said.get("code")}
    except (ValueError, AttributeError):
        return {}


def _not_understood() -> TwilioProblem:
    text = _("Twilio answered something this portal does not understand. Try again in a minute.")
    return TwilioProblem(Problem.FAILED, text)


def _from_answer(error: TwilioRestException) -> TwilioProblem:
    code = int(error.code or 0)
    if error.status == 401:
        text = _("Twilio refused the credentials. Compare Account SID and Auth Token with the Twilio console.")
        return TwilioProblem(Problem.REFUSED, text, code=code)
    if error.status == 403:
        text = _("These credentials may not do this. Use a key that may, or the Auth Token alone.")
        return TwilioProblem(Problem.LIMITED, text, code=code)
    if error.status == 404:
        return TwilioProblem(Problem.MISSING, _("Twilio does not know this any more. Refresh the page."), code=code)
    if error.status == 429 or error.status >= 500:
        return TwilioProblem(Problem.BUSY, _("Twilio is busy. Try again in a minute."), code=code)
    text = _("Twilio refused this: %(message)s (code %(code)s).") % {"message": str(error.msg)[:200], "code": code}
    return TwilioProblem(Problem.FAILED, text, code=code)
