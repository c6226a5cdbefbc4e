"""What Twilio answered to a POST, and what became of the attempt; PURE."""

from dataclasses import dataclass
from enum import StrEnum

from sms.errors import Verdict, at_create


class Phase(StrEnum):
    """How far an attempt has come; from `posting` on, Twilio may have it."""

    CLAIMED = "claimed"
    POSTING = "posting"
    DONE = "done"


class Outcome(StrEnum):
    """What became of an attempt; `not_sent`: Twilio certainly has it not; `ambiguous`: it may have it."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, or its absence: without an HTTP status, `sent` says whether a byte may have left."""

    http_status: int = 0
    sid: str = ""
    status: str = ""
    code: str = ""
    text: str = ""
    sent: bool = True
    retry_after: float | None = None


def judge(answer: Answer) -> Verdict | None:
    """Return what to do about an answer; None when Twilio took the text."""
    if answer.http_status == 0:
        return Verdict.UNKNOWN if answer.sent else Verdict.REQUEUE
    if 200 <= answer.http_status < 300:
        return None if answer.sid else Verdict.UNKNOWN
    return at_create(answer.http_status, answer.code or None)


def is_slow_down(answer: Answer) -> bool:
    """Whether Twilio refused a text because the account asks for too much at once."""
    return answer.http_status == 429 or answer.code == "20429"
