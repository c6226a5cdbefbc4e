"""The geometry of charts."""

import pytest

from portal import charts


@pytest.mark.parametrize(
    ("value", "ceiling"), [(0, 4), (3, 4), (5, 6), (10, 10), (11, 20), (39, 40), (61, 80), (950, 1000)]
)
def test_scale_ends_at_a_round_number_at_or_above_the_highest_bar(value: float, ceiling: float) -> None:
    assert charts.nice_ceiling(value) == ceiling


def test_values_of_a_row_stack_without_overlap_and_stay_inside() -> None:
    chart = charts.bar_chart([("a", [10, 5]), ("b", [0, 0])])
    lower, upper = chart.bars[0].segments
    assert upper.y + upper.height == pytest.approx(lower.y)
    assert lower.y + lower.height == pytest.approx(charts.HEIGHT)
    assert chart.bars[1].segments == ()
    assert chart.totals == (10, 5)


def test_a_tiny_value_is_still_seen_beside_a_huge_one() -> None:
    chart = charts.bar_chart([("a", [1]), ("b", [100_000])])
    assert chart.bars[0].segments[0].height >= charts.FLOOR


def test_labels_thin_out_when_there_are_many_bars() -> None:
    chart = charts.bar_chart([(str(hour), [1]) for hour in range(24)])
    assert 1 < len([bar for bar in chart.bars if bar.shown_label]) <= charts.MAX_LABELS


def test_long_labels_thin_out_further() -> None:
    chart = charts.bar_chart([(f"{day} Nov", [1]) for day in range(10, 40)])
    assert [bar.shown_label for bar in chart.bars if bar.shown_label] == [
        "10 Nov",
        "16 Nov",
        "22 Nov",
        "28 Nov",
        "34 Nov",
    ]


def test_an_empty_chart_has_a_scale_and_no_bars() -> None:
    chart = charts.bar_chart([])
    assert chart.bars == ()
    assert [tick.value for tick in chart.ticks] == [4.0, 2.0, 0.0]


def test_a_line_keeps_its_stroke_inside_the_picture() -> None:
    points = [tuple(map(float, point.split(","))) for point in charts.line_points([0, 5, 10]).split()]
    assert [x for x, _ in points] == [0, 50, 100]
    assert all(1.5 <= y <= 22.5 for _, y in points)
    assert charts.line_points([]) == ""
