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
_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sender with texts that are due, in the order in which senders were last served."""

    sender: uuid.UUID
    tenant: uuid.UUID
    rate: float


def rate_of(address: str) -> float:
    """Return the segments per second a new sender starts with."""
    if address.startswith(_TOLL_FREE):
        return _TOLL_FREE_RATE
    if address.startswith("+1") and country_of(address) in _NORTH_AMERICA:
        return _LONG_CODE_NORTH_AMERICA
    return _RATES.get(classify_address(address), _LONG_CODE_NORTH_AMERICA)


def share(waiting: Sequence[Waiting], slots: int) -> dict[uuid.UUID, int]:
    """Say how many texts each sender may take: one per tenant and round, and no sender more than a second's worth."""
    left = {item.sender: max(1, int(item.rate)) for item in waiting}
    tenants: dict[uuid.UUID, deque[uuid.UUID]] = defaultdict(deque)
    for item in waiting:
        tenants[item.tenant].append(item.sender)
    shares: dict[uuid.UUID, int] = {}
    turns = deque(tenants.values())
    while turns and slots:
        senders = turns.popleft()
        sender = senders.popleft()
        shares[sender] = shares.get(sender, 0) + 1
        left[sender] -= 1
        slots -= 1
        if left[sender]:
            senders.append(sender)
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
