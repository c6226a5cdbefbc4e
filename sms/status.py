"""The states of a text: ours with their moves, and Twilio's ladder on which a text only climbs; PURE."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class MessageState(StrEnum):
    """Where a text stands with us; what Twilio reports is kept beside it."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    HELD = "held"
    BLOCKED = "blocked"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    CANCELED = "canceled"
    RECEIVED = "received"
    ROUTED = "routed"
    UNROUTED = "unrouted"


_S = MessageState
_STOPPED = frozenset({_S.CANCELED, _S.EXPIRED, _S.SUPPRESSED, _S.BLOCKED})

MOVES: Mapping[MessageState, frozenset[MessageState]] = MappingProxyType(
    {
        # A late report or listing may show that Twilio has an earlier attempt: hence to accepted.
        _S.QUEUED: _STOPPED | {_S.SENDING, _S.HELD, _S.ACCEPTED},
        _S.SENDING: _STOPPED | {_S.QUEUED, _S.ACCEPTED, _S.REJECTED, _S.UNKNOWN, _S.HELD},
        # Twilio has it or it may: only a person, or the configuration's policy, sends it again.
        _S.ACCEPTED: frozenset({_S.QUEUED}),
        _S.REJECTED: frozenset({_S.QUEUED, _S.ACCEPTED}),
        _S.UNKNOWN: frozenset({_S.ACCEPTED, _S.QUEUED, _S.HELD, _S.CANCELED}),
        # Received ones are held while something is disabled; others by a rule, until somebody releases them or the
        # office opens; both after a restore.
        _S.HELD: _STOPPED | {_S.QUEUED, _S.ACCEPTED, _S.UNKNOWN, _S.RECEIVED},
        # Nothing leads back to the queue; but "not sent" must not stand where Twilio shows an earlier attempt.
        **dict.fromkeys(_STOPPED, frozenset({_S.ACCEPTED})),
        _S.RECEIVED: frozenset({_S.ROUTED, _S.UNROUTED, _S.HELD}),
        _S.UNROUTED: frozenset({_S.ROUTED}),
        # Held until opening, and then no rule took it.
        _S.ROUTED: frozenset({_S.UNROUTED}),
    }
)

_STATE_WORDS: Mapping[MessageState, str] = MappingProxyType(
    {
        _S.QUEUED: "Waiting to be sent",
        _S.SENDING: "Being sent to Twilio",
        _S.ACCEPTED: "Taken by Twilio",
        _S.REJECTED: "Refused by Twilio",
        _S.UNKNOWN: "Not known whether Twilio took it",
        _S.HELD: "Held until somebody releases it",
        _S.BLOCKED: "Blocked by a limit or a rule",
        _S.SUPPRESSED: "Not sent: the recipient opted out",
        _S.EXPIRED: "Not sent in time",
        _S.CANCELED: "Canceled before it was sent",
        _S.RECEIVED: "Received, rules not run yet",
        _S.ROUTED: "Routed",
        _S.UNROUTED: "Received, but no rule says who gets it",
    }
)

RANKS: Mapping[str, int] = MappingProxyType(
    {
        "accepted": 10,
        "scheduled": 10,
        "queued": 20,
        "sending": 30,
        "sent": 40,
        "undelivered": 50,
        "failed": 55,
        "canceled": 55,
        "partially_delivered": 58,
        "delivered": 60,
        "read": 70,
    }
)
# A report after one of these is rare, but may still climb: a late receipt turns undelivered into delivered.
FINAL = frozenset({"undelivered", "failed", "canceled", "partially_delivered", "delivered", "read"})
FAILED = frozenset({"undelivered", "failed", "canceled"})

_STATUS_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "accepted": "Twilio took it and is choosing a sender",
        "scheduled": "Twilio will send it later",
        "queued": "Waiting at Twilio",
        "sending": "Twilio is giving it to the carrier",
        "sent": "With the carrier, no delivery report yet",
        "undelivered": "The carrier could not deliver it",
        "failed": "Twilio could not send it",
        "canceled": "Canceled at Twilio",
        "partially_delivered": "Only some of its parts were delivered",
        "delivered": "Delivered",
        "read": "Read by the recipient",
    }
)


def may_move(old: str, new: str) -> bool:
    """Say whether a text may go from one of our states to another."""
    return old in MOVES and new in MOVES[MessageState(old)]


def sources_of(new: str) -> tuple[str, ...]:
    """List the states a text may come from, for the WHERE of the statement that moves it."""
    return tuple(state.value for state, moves in MOVES.items() if new in moves)


def describe_state(state: str) -> str:
    """Say one of our states in plain words."""
    return _STATE_WORDS[MessageState(state)] if state in _STATE_WORDS else state


def rank_of(status: str) -> int | None:
    """Return the place of Twilio's status on the ladder; a word Twilio added later has none."""
    return RANKS.get(status)


def climbs(old_rank: int, status: str) -> bool:
    """Say whether a report moves an attempt up; reports come late, twice and in any order."""
    rank = RANKS.get(status)
    return rank is not None and rank > old_rank


def describe_status(status: str, *, is_given_up: bool = False) -> str:
    """Say Twilio's status in plain words; a word that is not known stays as it is.

    `is_given_up`: Twilio was asked for three days, and no report will come any more.
    """
    if is_given_up and status == "sent":
        return "Sent, no delivery report"
    return _STATUS_WORDS.get(status, status)
