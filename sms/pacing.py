"""Who may send now, how many, and when again: fair between tenants, paced per sender. PURE."""

import uuid
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from rules.e164 import AddressKind, classify_address, country_of

# Segments per second that Twilio documents by kind of sender; a Sender row may be given its own.
# https://www.twilio.com/docs/messaging/guides/understanding-rate-limits
_NORTH_AMERICA = frozenset({"US", "CA", "PR"})
_TOLL_FREE = ("+1800", "+1833", "+1844", "+1855", "+1866", "+1877", "+1888")
_RATES: Mapping[AddressKind, float] = MappingProxyType(
    {
        AddressKind.E164: 10.0,
        AddressKind.SHORT_CODE: 100.0,
        AddressKind.ALPHANUMERIC: 10.0,
        AddressKind.MESSAGING_SERVICE: 100.0,
    }
)
_LONG_CODE_NORTH_AMERICA = 1.0
_TOLL_FREE_RATE = 3.0

LONGEST_SLOW_DOWN = 60.0
LONGEST_WAIT = 900.0
# An account that may have so many texts in flight again is not limited any more; a step up every few seconds.
UNLIMITED_FROM = 400
RECOVERY_SECONDS = 3.0
_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sender with texts that are due, in the order in which senders were last served."""

    sender: uuid.UUID
    tenant: uuid.UUID
    account: uuid.UUID
    rate: float


def rate_of(address: str) -> float:
    """Return the segments per second a new sender starts with."""
    if address.startswith(_TOLL_FREE):
        return _TOLL_FREE_RATE
    if address.startswith("+1") and country_of(address) in _NORTH_AMERICA:
        return _LONG_CODE_NORTH_AMERICA
    return _RATES.get(classify_address(address), _LONG_CODE_NORTH_AMERICA)


def share(
    waiting: Sequence[Waiting], slots: int, room: Mapping[uuid.UUID, int] = MappingProxyType({})
) -> dict[uuid.UUID, int]:
    """Say how many texts each sender may take: one per tenant and round, and no sender more than a second's worth.

    `room` holds how many an account may still have in flight, where there is a limit.
    """
    left = {item.sender: max(1, int(item.rate)) for item in waiting}
    places = dict(room)
    tenants: dict[uuid.UUID, deque[Waiting]] = defaultdict(deque)
    for item in waiting:
        tenants[item.tenant].append(item)
    shares: dict[uuid.UUID, int] = {}
    turns = deque(tenants.values())
    while turns and slots:
        senders = turns.popleft()
        item = senders.popleft()
        if places.get(item.account, 1) > 0:
            shares[item.sender] = shares.get(item.sender, 0) + 1
            left[item.sender] -= 1
            slots -= 1
            if item.account in places:
                places[item.account] -= 1
            if left[item.sender]:
                senders.append(item)
        if senders:
            turns.append(senders)
    return shares


def next_send_at(now: datetime, before: datetime, segments: int, rate: float) -> datetime:
    """Return when a sender that sends so many segments now may send again."""
    return max(now, before) + timedelta(seconds=segments / rate)


def wait_before_retry(attempts: int, longest: float, dice: float) -> float:
    """Return the seconds before the next try: 1, 2, 4 … up to the longest, a fifth more or less by the dice (0…1)."""
    wait = min(longest, 2.0 ** min(max(attempts, 1) - 1, 20))
    return wait * (1 - _JITTER + 2 * _JITTER * dice)


def slowed(in_flight: int, limit: int | None) -> int:
    """Return how many texts an account may have in flight after Twilio has asked it to slow down: half of those."""
    return max(1, min(in_flight, limit or in_flight) // 2)


def slow_pause(step: int, asked: float | None, dice: float) -> float:
    """Return the seconds an account pauses: what Twilio asked for, else 1, 2, 4 … 60 by how often it asked lately."""
    return min(asked, LONGEST_WAIT) if asked else wait_before_retry(step, LONGEST_SLOW_DOWN, dice)


def recovered(limit: int) -> int | None:
    """Return the next step up of an account whose texts are taken again; None: it is as fast as any other."""
    step = limit + max(1, limit // 2)
    return step if step < UNLIMITED_FROM else None
