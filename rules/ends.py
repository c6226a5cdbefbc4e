"""A destination of an inbound rule, and when it gets the text; PURE."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from rules.reading import ConditionError, read_optional_text
from rules.schedule import Calendar, Moment, Period
from rules.targets import Target, read_target
from rules.times.coming import moment_comes, period_comes

ALWAYS, AT_MOMENT = "always", "moment"
WHENS = frozenset({ALWAYS, "open", "closed", "holiday", AT_MOMENT})


@dataclass(frozen=True, slots=True)
class End:
    """One destination of a rule, and when it gets the text."""

    target: Target
    when: str = ALWAYS
    moment: Moment | None = None

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read a stored destination with its time."""
        if not isinstance(data, Mapping):
            raise ConditionError("a destination is not an object.")
        when = read_optional_text(data, "when") or ALWAYS
        if when not in WHENS:
            raise ConditionError(f"the time “{when}” of a destination is not known here.")
        moment = Moment.from_json(data.get("moment")) if when == AT_MOMENT else None
        return cls(read_target(data), when, moment)

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""
        times = {} if self.when == ALWAYS else {"when": self.when}
        return self.target.to_json() | times | ({"moment": self.moment.to_json()} if self.moment else {})

    def comes(self, calendar: Calendar, now: datetime) -> bool:
        """Say whether there will be a time, from an instant (aware) on, at which it may get a text."""
        if self.moment:
            return moment_comes(self.moment, calendar.local(now).date())
        return self.when == ALWAYS or period_comes(calendar, Period(self.when), now)

    def describe(self) -> str:
        """Say it in words that go on from "to"."""
        words = {
            "open": " in office hours",
            "closed": " outside office hours",
            "holiday": " on holidays",
            "moment": f" on {self.moment.describe()}" if self.moment else "",
        }
        return self.target.describe() + words.get(self.when, "")
