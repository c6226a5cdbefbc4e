"""Twilio's error codes as data: what each means, who must act, what to do, and what follows from it; PURE.

Two columns, because a code says different things at two moments. A refused request was certainly not
accepted, so it may be tried again. After acceptance nothing is sent again by itself. Twilio re-assigns
codes now and then: only codes whose meaning was read in its dictionary stand here.
https://www.twilio.com/docs/api/errors
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import sms.error_words as words
from sms.error_words import Words


class Who(StrEnum):
    """Who must act, seen from the person who wrote the text."""

    YOU = "you"
    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"
    RECIPIENT = "recipient"
    TWILIO = "twilio"
    NOBODY = "nobody"


class Verdict(StrEnum):
    """What follows when Twilio answers the request that creates a message with an error."""

    REQUEUE = "requeue"
    REJECTED = "rejected"
    STOP_CONFIGURATION = "stop_configuration"
    STOP_SENDER = "stop_sender"
    SUPPRESS_PAIR = "suppress_pair"
    UNKNOWN = "unknown"


class Aftermath(StrEnum):
    """What follows when an accepted message fails later."""

    PERMANENT = "permanent"
    RESENDABLE = "resendable"
    STOP_CONFIGURATION = "stop_configuration"
    STOP_SENDER = "stop_sender"
    SUPPRESS_PAIR = "suppress_pair"
    HOLD = "hold"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """One error: its meaning, who must do what, its two classes and the button that helps.

    `wait` is how many seconds to leave before the next try; `next_route` says that another route may
    carry the text, because this sender cannot.
    """

    code: str
    meaning: str
    advice: str
    who: Who
    at_create: Verdict
    after: Aftermath
    button: str = ""
    wait: int = 0
    next_route: bool = False


_REJECTED, _PERMANENT = Verdict.REJECTED, Aftermath.PERMANENT

# Where one code of a group is somebody else's.
_OTHERS: Mapping[int, Who] = {
    30035: Who.TWILIO,
    30004: Who.RECIPIENT,
    63014: Who.RECIPIENT,
    63016: Who.RECIPIENT,
    14107: Who.ADMINISTRATOR,
    30039: Who.ADMINISTRATOR,
    21730: Who.NOBODY,
    21710: Who.NOBODY,
    30045: Who.NOBODY,
    30009: Who.RECIPIENT,
    12400: Who.TWILIO,
}
# Where one code of a group is helped otherwise.
_BUTTONS: Mapping[int, str] = {
    30004: "suppress",
    30640: "suppress",
    63014: "suppress",
    21730: "",
    30125: "a2p_registration",
    20404: "configuration",
    30648: "geo_permissions",
    30649: "geo_permissions",
    30043: "choose_sender",
    21265: "check_number",
    21266: "choose_sender",
    63031: "choose_sender",
    21910: "choose_sender",
}


def _rows(
    group: Words,
    at_create: Verdict,
    after: Aftermath,
    who: Who,
    button: str = "",
    *,
    wait: int = 0,
    next_route: bool = False,
) -> Iterator[CodeInfo]:
    for code, (meaning, advice) in group.items():
        by, helped = _OTHERS.get(code, who), _BUTTONS.get(code, button)
        yield CodeInfo(str(code), meaning, advice, by, at_create, after, helped, wait, next_route)


_STOP, _STOPPED = Verdict.STOP_CONFIGURATION, Aftermath.STOP_CONFIGURATION
_REJECTED, _PERMANENT = Verdict.REJECTED, Aftermath.PERMANENT
_YOU, _ADMIN = Who.YOU, Who.ADMINISTRATOR

ROWS: tuple[CodeInfo, ...] = (
    *_rows(words.CREDENTIALS, _STOP, _STOPPED, _ADMIN, "replace_token"),
    *_rows(words.ACCOUNT, _STOP, _STOPPED, _ADMIN, "twilio_account"),
    *_rows(words.FOREIGN_SENDER, _STOP, _STOPPED, _ADMIN, "configuration"),
    *_rows(words.ADDRESS, _STOP, _STOPPED, Who.OPERATOR, "public_address"),
    *_rows(words.SERVICE, _STOP, _STOPPED, _ADMIN, "configuration"),
    *_rows(words.RATE, Verdict.REQUEUE, Aftermath.RESENDABLE, Who.NOBODY, "send_again"),
    *_rows(words.OVERFLOW, Verdict.REQUEUE, Aftermath.RESENDABLE, _YOU, "send_again", wait=300),
    *_rows(words.TWILIO_FAILED, Verdict.UNKNOWN, Aftermath.RESENDABLE, Who.TWILIO, "send_again"),
    *_rows(words.OPTED_OUT, Verdict.SUPPRESS_PAIR, Aftermath.SUPPRESS_PAIR, Who.RECIPIENT, "opt_outs"),
    *_rows(words.RECIPIENT, _REJECTED, _PERMANENT, _YOU, "check_number"),
    *_rows(words.ODD_PAIR, _REJECTED, _PERMANENT, _YOU),
    *_rows(words.SENDER, _REJECTED, _PERMANENT, _YOU, "choose_sender", next_route=True),
    *_rows(words.SENDER_ID, _REJECTED, _PERMANENT, _ADMIN, "sender_registration", next_route=True),
    *_rows(words.SENDER_ID_ON_TRIAL, _REJECTED, _PERMANENT, _YOU, "choose_sender", next_route=True),
    *_rows(words.REGION, _REJECTED, _PERMANENT, _ADMIN, "configuration"),
    *_rows(words.COUNTRY, _REJECTED, _PERMANENT, _ADMIN, "geo_permissions"),
    *_rows(words.TRIAL, _REJECTED, _PERMANENT, _ADMIN, "upgrade_account"),
    *_rows(words.TEXT, _REJECTED, _PERMANENT, _YOU, "edit_text"),
    *_rows(words.MEDIA, _REJECTED, _PERMANENT, _YOU, "edit_text"),
    *_rows(words.NO_MMS_SENDER, _REJECTED, _PERMANENT, _YOU, "choose_sender", next_route=True),
    *_rows(words.NOT_DELIVERED, _REJECTED, _PERMANENT, _YOU),
    *_rows(words.LIMITS_OF_THE_TEXT, _REJECTED, _PERMANENT, _YOU, "send_again"),
    *_rows(words.SCHEDULING, _REJECTED, _PERMANENT, _YOU, "send_again"),
    *_rows(words.TRY_AGAIN, _REJECTED, Aftermath.RESENDABLE, _YOU, "send_again"),
    *_rows(words.CHANNELS, _REJECTED, _PERMANENT, _ADMIN, "choose_sender"),
    *_rows(words.CHANNEL_FAILED, _REJECTED, Aftermath.RESENDABLE, _YOU, "send_again"),
    *_rows(words.DAILY, Verdict.REQUEUE, Aftermath.HOLD, _ADMIN, "send_again", wait=3600),
    *_rows(words.HALF_HOUR, Verdict.REQUEUE, Aftermath.HOLD, _YOU, "send_again", wait=1800),
    *_rows(words.TOLL_FREE, Verdict.STOP_SENDER, Aftermath.STOP_SENDER, _ADMIN, "toll_free", next_route=True),
    *_rows(words.A2P, Verdict.STOP_SENDER, Aftermath.STOP_SENDER, _ADMIN, "a2p_registration", next_route=True),
    *_rows(words.WARNINGS, _REJECTED, Aftermath.NOTICE, _ADMIN),
    *_rows(words.OUR_WEBHOOK, _REJECTED, Aftermath.NOTICE, Who.OPERATOR, "webhook_health"),
)
