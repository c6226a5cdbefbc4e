"""What a figure says: its value beside its floor, the ratio, the goal and the verdict. Arithmetic only."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

# A quartile range above this part of the median says that the machine was busy with something else.
STEADY = 0.15


class Kind(Enum):
    """What the goal is about, and on which side of it is good."""

    RATIO_AT_LEAST = "ratio at least"
    RATIO_AT_MOST = "ratio at most"
    VALUE_AT_MOST = "value at most"


@dataclass(frozen=True, slots=True)
class Line:
    """One figure. `pairs` holds (ours, floor), one per round; `void` says why it counts for nothing."""

    name: str
    pairs: Sequence[tuple[float, float]]
    goal: float
    unit: str
    kind: Kind = Kind.RATIO_AT_LEAST
    details: Sequence[str] = field(default_factory=list)
    void: str = ""

    @property
    def value(self) -> float:
        return statistics.median(ours for ours, _ in self.pairs) if self.pairs else 0.0

    @property
    def floor(self) -> float:
        return statistics.median(floor for _, floor in self.pairs) if self.pairs else 0.0

    @property
    def ratios(self) -> list[float]:
        return [ours / floor for ours, floor in self.pairs if floor]

    @property
    def ratio(self) -> float:
        """The median of the rounds' own ratios: what slows the whole machine for a while slows both."""
        return statistics.median(self.ratios) if self.ratios else 0.0

    @property
    def judged(self) -> list[float]:
        """What the goal is held against, round by round."""
        return [ours for ours, _ in self.pairs] if self.kind is Kind.VALUE_AT_MOST else self.ratios

    @property
    def is_met(self) -> bool:
        measured = statistics.median(self.judged) if self.judged else 0.0
        return measured >= self.goal if self.kind is Kind.RATIO_AT_LEAST else measured <= self.goal

    @property
    def is_steady(self) -> bool:
        low, middle, high = quartiles(self.judged)
        return not middle or (high - low) / middle <= STEADY

    @property
    def verdict(self) -> str:
        if self.void or not self.pairs:
            return "void"
        if not self.is_steady:
            return "inconclusive"
        return "ok" if self.is_met else "short"

    def text(self) -> str:
        """Return the line and, indented, what stands behind it."""
        head = (
            f"bench {self.name} {number(self.value)} floor={number(self.floor)} "
            f"ratio={self.ratio:.2f} goal={number(self.goal)} {self.verdict}"
        )
        return "\n".join([head, f"  {'; '.join(self._behind())}"])

    def _behind(self) -> list[str]:
        low, _, high = quartiles(self.judged)
        said = [self.unit, f"goal: {self.kind.value} {number(self.goal)}"]
        if len(self.judged) > 1:
            said.append(f"{len(self.judged)} rounds, quartiles {number(low)} to {number(high)}")
        return [*([f"VOID: {self.void}"] if self.void else []), *said, *self.details]


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the first quartile, the median and the third."""
    if len(values) < 2:
        only = values[0] if values else 0.0
        return only, only, only
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value below which so many percent lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def number(value: float) -> str:
    """Write a figure with as many digits as it deserves."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
