"""The condition about time, which rules of both kinds can ask; PURE."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Self

from rules.conditions.asking import Asking
from rules.facts import InboundFacts, OutboundFacts
from rules.reading import ConditionError, Json, read_text
from rules.schedule import DAY_NAMES, MONTH_NAMES, Calendar, Moment, Period
from rules.times.coming import moment_comes, period_comes

_IN_WORDS = {
    None: "",
    Period.OPEN: "it is within office hours",
    Period.CLOSED: "it is outside office hours or a holiday",
    Period.HOLIDAY: "it is a holiday",
}


@dataclass(frozen=True, slots=True)
class AtTime(Asking):
    """It is open, closed or a holiday by the rule's own hours, or one of some moments.

    A holiday is outside office hours, too: a rule for closed hours must not leave holidays to nobody.
    """

    kind: ClassVar[str] = "time"
    about: ClassVar[str] = "time"
    period: Period | None = None
    moment: Moment | None = None
    calendar: Calendar = field(default_factory=Calendar.always, repr=False)

    @classmethod
    def from_json(cls, data: Json) -> Self:
        if data.get("moment") is not None:
            return cls(moment=Moment.from_json(data["moment"]))
        period = read_text(data, "period")
        if period not in list(Period):
            raise ConditionError(f"the time “{period}” is not known here.")
        return cls(Period(period))

    def to_json(self) -> dict[str, Any]:
        if self.moment:
            return {"kind": self.kind, "moment": self.moment.to_json()}
        return {"kind": self.kind, "period": str(self.period)}

    def within(self, calendar: Calendar) -> Self:
        return type(self)(self.period, self.moment, calendar)

    def holds(self, facts: InboundFacts | OutboundFacts) -> bool:
        if self.moment:
            return self.moment.holds(self.calendar.local(facts.at))
        return self.calendar.at(facts.at).period in self.periods

    @property
    def periods(self) -> frozenset[Period]:
        """The periods that are meant; none for a moment."""
        if self.period == Period.CLOSED:
            return frozenset({Period.CLOSED, Period.HOLIDAY})
        return frozenset({self.period} if self.period else ())

    def describe(self) -> str:
        return f"it is {self.moment.describe()}" if self.moment else _IN_WORDS[self.period]

    def explain(self, facts: InboundFacts | OutboundFacts) -> str:
        if not self.moment:
            return self.calendar.at(facts.at).reason
        local = self.calendar.local(facts.at)
        day = f"{DAY_NAMES[local.weekday()]} {local.day} {MONTH_NAMES[local.month - 1]} {local.year}"
        return f"it is {day}, {local:%H:%M}"

    def comes(self, now: datetime) -> bool:
        if self.moment:
            return moment_comes(self.moment, self.calendar.local(now).date())
        return any(period_comes(self.calendar, period, now) for period in self.periods)

    def includes(self, other: object) -> bool:
        if not isinstance(other, AtTime) or self.calendar != other.calendar:
            return False
        if self.moment or other.moment:
            return self.moment == other.moment
        return other.periods <= self.periods

    def excludes(self, other: object) -> bool:
        if not isinstance(other, AtTime) or self.calendar != other.calendar or self.moment or other.moment:
            return False
        return self.periods.isdisjoint(other.periods)
