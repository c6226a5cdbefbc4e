"""Failpoints: nothing unless armed, then exactly what was asked for."""

import subprocess
import sys

import pytest

from tenants import failpoints
from tenants.failpoints import Failed, failpoint


@pytest.fixture(autouse=True)
def disarm(tmp_path):
    yield
    failpoints.arm("", tmp_path)


def test_nothing_happens_unless_armed(tmp_path):
    failpoints.arm("", tmp_path)
    assert failpoints._points is None
    failpoint("send.marked")
    assert list(tmp_path.iterdir()) == []


def test_only_the_named_place_fails(tmp_path):
    failpoints.arm("send.marked:raise", tmp_path)
    failpoint("send.claimed")
    with pytest.raises(Failed, match=r"send\.marked"):
        failpoint("send.marked")


def test_a_place_can_fail_at_a_later_visit_only(tmp_path):
    failpoints.arm("a:raise:hit=2", tmp_path)
    failpoint("a")
    with pytest.raises(Failed):
        failpoint("a")
    failpoint("a")


def test_once_is_once_for_all_processes_until_it_is_armed_again(tmp_path):
    for _ in range(2):  # each reading of the setting stands for a restart
        failpoints.arm("a:raise:once", tmp_path)
        if not (tmp_path / "a").exists():
            with pytest.raises(Failed):
                failpoint("a")
        failpoint("a")
    (tmp_path / "a").unlink()
    with pytest.raises(Failed):
        failpoint("a")


def test_a_crash_ends_the_process_without_tidying_up(tmp_path):
    code = (
        "import pathlib; from tenants import failpoints as f; f.arm('a:crash', pathlib.Path('.'))\n"
        "try:\n    f.failpoint('a')\nfinally:\n    print('tidied')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (137, "")


@pytest.mark.parametrize("text", ["a", "a:explode", "a:sleep", "a:crash=1", "a:crash:twice", "a:raise:hit=x"])
def test_what_cannot_be_read_is_refused(text, tmp_path):
    with pytest.raises(ValueError, match=r"FAILPOINTS|invalid literal"):
        failpoints.arm(text, tmp_path)
