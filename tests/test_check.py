"""`make check` tells the truth: a failed stage fails it, a skipped one is its last line and fails it in CI."""

import pytest

from tests import check


@pytest.fixture(autouse=True)
def no_skips(monkeypatch):
    monkeypatch.setattr(check, "skips", [])
    monkeypatch.delenv("CI", raising=False)


def stages(monkeypatch, **results):
    monkeypatch.setattr(check, "STAGES", {name: lambda ok=ok: ok for name, ok in results.items()})


def last_line(capsys):
    return capsys.readouterr().out.strip().splitlines()[-1]


def test_all_stages_green_is_said_last(monkeypatch, capsys):
    stages(monkeypatch, lint=True, types=True)
    assert check.main([]) == 0
    assert last_line(capsys) == "All green."


def test_every_stage_runs_even_after_a_failure(monkeypatch, capsys):
    stages(monkeypatch, lint=False, types=True, sqlite=False)
    assert check.main([]) == 1
    assert last_line(capsys) == "FAILED: lint, sqlite"


def test_a_skip_is_the_last_line(monkeypatch, capsys):
    stages(monkeypatch, browser=True)
    check.skips.append("browser (no Chromium)")
    assert check.main([]) == 0
    assert last_line(capsys) == "SKIPPED: browser (no Chromium)"


def test_a_skip_fails_in_ci(monkeypatch):
    stages(monkeypatch, browser=True)
    check.skips.append("browser (no Chromium)")
    monkeypatch.setenv("CI", "true")
    assert check.main([]) == 1


def test_an_unformatted_template_is_not_fine():
    assert not check.mendable(False)
