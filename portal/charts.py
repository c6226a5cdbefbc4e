"""The geometry of the charts: bars and lines on a fixed grid, free of Django, colours and words."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

STEP = 10.0  # width of one bar's slot
BAR = 6.4
HEIGHT = 100.0
MAX_LABELS = 7
LONG_LABEL = 6  # letters: of such, fewer stand side by side on a phone
FLOOR = 0.8  # a bar that stands for something never vanishes


@dataclass(frozen=True, slots=True)
class Segment:
    x: float
    y: float
    width: float
    height: float
    series: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One slot: what stands below it, its stacked segments and the place that shows its values."""

    label: str
    shown_label: str
    values: tuple[float, ...]
    x: float
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    value: float
    y: float


@dataclass(frozen=True, slots=True)
class BarChart:
    width: float
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    totals: tuple[float, ...]


def nice_ceiling(value: float) -> float:
    """Return the first round number at or above a value, so that half of it is round as well."""
    if value <= 4:
        return 4.0
    magnitude = 1.0
    while magnitude * 10 < value:
        magnitude *= 10
    return next(step * magnitude for step in (1, 2, 4, 6, 8, 10) if step * magnitude >= value)


def bar_chart(rows: Sequence[tuple[str, Sequence[float]]]) -> BarChart:
    """Stack each row's values into one bar; the highest stack sets the scale."""
    top = nice_ceiling(max((sum(values) for _, values in rows), default=0))
    is_long = any(len(label) >= LONG_LABEL for label, _ in rows)
    every = max(1, -(-len(rows) // (MAX_LABELS - 2 if is_long else MAX_LABELS)))
    bars = tuple(
        Bar(
            label=label,
            shown_label=label if index % every == 0 else "",
            values=tuple(values),
            x=round(index * STEP, 2),
            segments=_stack(index, values, top),
        )
        for index, (label, values) in enumerate(rows)
    )
    ticks = tuple(Tick(value=top * part, y=round(HEIGHT * (1 - part), 2)) for part in (1.0, 0.5, 0.0))
    totals = tuple(sum(column) for column in zip(*(values for _, values in rows), strict=True))
    return BarChart(width=max(len(rows), 1) * STEP, bars=bars, ticks=ticks, totals=totals)


def _stack(index: int, values: Sequence[float], top: float) -> tuple[Segment, ...]:
    heights = [max(value / top * HEIGHT, FLOOR) if value else 0.0 for value in values]
    x = round(index * STEP + (STEP - BAR) / 2, 2)
    return tuple(
        Segment(x=x, y=round(HEIGHT - end, 2), width=BAR, height=round(height, 2), series=series)
        for series, (height, end) in enumerate(zip(heights, accumulate(heights), strict=True))
        if height
    )


def line_points(values: Sequence[float], *, width: float = 100.0, height: float = 24.0) -> str:
    """Return the points of a line through the values, for an SVG polyline."""
    if not values:
        return ""
    top = max(values) or 1.0
    step = width / max(len(values) - 1, 1)
    inner = height - 3  # the stroke must not be cut off at the edges
    return " ".join(
        f"{round(index * step, 2)},{round(1.5 + inner * (1 - value / top), 2)}" for index, value in enumerate(values)
    )
