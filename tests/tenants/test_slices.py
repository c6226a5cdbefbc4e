"""Long work in slices of time: it stops where a part is done, and only inside a slice."""

import pytest

from tenants import slices


def parts(*counts):
    left = list(counts)
    return lambda: left.pop(0) if left else 0


def test_outside_a_slice_there_is_time_for_all():
    assert slices.each(parts(3, 2, 1)) == 6


def test_a_slice_that_is_long_enough_changes_nothing():
    with slices.of(60):
        assert slices.each(parts(3, 2, 1)) == 6


def test_a_slice_that_is_over_lets_one_part_be_done_and_stops():
    done = []

    def part():
        done.append(1)
        return 1

    with slices.of(-1), pytest.raises(slices.Unfinished):
        slices.each(part)
    assert done == [1]


def test_work_that_is_done_is_not_called_unfinished():
    with slices.of(-1):
        assert slices.each(parts()) == 0


def test_a_slice_ends_with_its_block():
    with slices.of(-1):
        pass
    slices.check()
    with slices.of(60):
        with slices.of(-1), pytest.raises(slices.Unfinished):
            slices.check()
        slices.check()
