"""What every condition has in common, unless its class says otherwise; PURE."""

from datetime import datetime
from typing import ClassVar, Self

from rules.schedule import Calendar


class Asking:
    """A condition that needs no calendar, cannot be looked up, and is compared with its like alone."""

    __slots__ = ()

    # What is asked about: number (ours), sender, text, media, conversation, recipient, writer, time.
    about: ClassVar[str] = ""

    def within(self, calendar: Calendar) -> Self:
        """Return the condition as it is in a rule with this calendar."""
        return self

    @property
    def keys(self) -> frozenset[str] | None:
        """Return what the facts' own keys must share one of for the condition to hold, or None: it may always hold."""
        return None

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Return the rows that are named, each by its kind ("trunk", "group") and id."""
        return ()

    def comes(self, now: datetime) -> bool:
        """Say whether there will be a time, from an instant (aware) on, at which the condition may hold."""
        return True

    def includes(self, other: object) -> bool:
        """Say whether this holds for every text that the other holds for; False when that is not certain."""
        return self == other

    def excludes(self, other: object) -> bool:
        """Say whether no text can fit both; False when that is not certain."""
        return False
