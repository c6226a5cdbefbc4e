"""The benchmark tells the truth: its lines, its arithmetic, its floors, and what it refuses to count."""

import re
from pathlib import Path

import pytest

from tests.bench import __main__ as bench_main
from tests.bench import databases, figures, intake, lines, load, payloads
from tests.bench.figures import GROUPS, Group
from tests.bench.lines import Kind, Line
from tests.bench.machine import Failed

FORMAT = re.compile(
    r"^bench [a-z0-9_]+ [\d.]+ floor=[\d.]+ ratio=[\d.]+ goal=[\d.]+ (ok|short|inconclusive|void)\n  \S.*$"
)


def line(*pairs, goal=0.5, kind=Kind.RATIO_AT_LEAST, **more):
    return Line("webhook_intake", pairs, goal, "texts/s", kind, **more)


# --- What a line says ---


@pytest.mark.parametrize(
    "made",
    [
        line((1000.4, 2000.6), (1100, 2100)),
        line((12.34, 1.2), goal=250, kind=Kind.VALUE_AT_MOST),
        line(),
        line((1, 2), void="3 acknowledged, 2 stored"),
    ],
)
def test_a_line_has_the_one_form(made):
    assert FORMAT.match(made.text())


def test_a_line_reads_as_it_should():
    made = line((900, 2000), (1000, 2000), (1100, 2000), details=["PostgreSQL 15 fsync=on"])
    assert made.text() == (
        "bench webhook_intake 1000 floor=2000 ratio=0.50 goal=0.50 ok\n"
        "  texts/s; goal: ratio at least 0.50; 3 rounds, quartiles 0.47 to 0.53; PostgreSQL 15 fsync=on"
    )


def test_the_ratio_is_the_median_of_the_rounds_own():
    """A machine that is slow for a while slows both sides of a round."""
    made = line((500, 1000), (250, 500), (90, 100))
    assert made.ratio == 0.5
    assert (made.value, made.floor) == (250, 500)


@pytest.mark.parametrize(
    ("kind", "pairs", "goal", "verdict"),
    [
        (Kind.RATIO_AT_LEAST, [(50, 100)], 0.5, "ok"),
        (Kind.RATIO_AT_LEAST, [(49, 100)], 0.5, "short"),
        (Kind.RATIO_AT_MOST, [(200, 100)], 2.0, "ok"),
        (Kind.RATIO_AT_MOST, [(201, 100)], 2.0, "short"),
        (Kind.VALUE_AT_MOST, [(250, 1)], 250, "ok"),
        (Kind.VALUE_AT_MOST, [(251, 1)], 250, "short"),
        (Kind.RATIO_AT_LEAST, [], 0.5, "void"),
        (Kind.RATIO_AT_LEAST, [(90, 100), (60, 100), (75, 100)], 0.5, "inconclusive"),
        (Kind.VALUE_AT_MOST, [(100, 1), (101, 9), (102, 30)], 250, "ok"),
    ],
)
def test_the_verdict_follows_the_goal(kind, pairs, goal, verdict):
    assert line(*pairs, goal=goal, kind=kind).verdict == verdict


def test_an_unsteady_figure_never_counts_as_met():
    steady, unsteady = line((90, 100), (91, 100), (92, 100)), line((50, 100), (70, 100), (95, 100))
    assert (steady.verdict, unsteady.verdict) == ("ok", "inconclusive")


def test_percentiles_are_values_that_were_measured():
    assert lines.percentile(range(1, 101), 95) == 96
    assert lines.percentile([7.0], 99) == 7.0


# --- Void ---


class Database:
    """Stores fewer rows than were acknowledged."""

    def __init__(self, *counts):
        self.counts = iter(counts)

    def query(self, statement, *parameters):
        return [(next(self.counts),)]

    def describe(self):
        return "PostgreSQL"

    def cpu(self):
        return 0.0


class Server:
    port = 0

    def cpu(self):
        return 0.0

    def workers(self):
        return []


@pytest.mark.parametrize(
    ("before", "after", "refused", "is_void"), [(0, 64, 0, False), (0, 63, 0, True), (0, 64, 1, True), (5, 70, 0, True)]
)
def test_a_figure_is_void_unless_what_was_acknowledged_is_stored(monkeypatch, before, after, refused, is_void):
    done = load.Slice(elapsed=1.0, answered=64, refused=refused)
    monkeypatch.setattr(load, "run", lambda port, requests, workers: done)
    ours = intake.Side(Server(), Database(before, after), "sms_message", lambda count: [])
    other = intake.Side(Server(), Database(0, 64), "intake", lambda count: [])
    for side in (ours, other):
        side.stretch(1)
    made = intake.against("webhook_intake", ours, other, 0.5, Database())
    assert (made.verdict == "void") == is_void


@pytest.mark.parametrize("wrong", [{"fsync": "off"}, {"synchronous_commit": "off"}, {"full_page_writes": "off"}])
def test_a_database_that_forgets_is_refused(wrong):
    sound = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
    databases.refuse_forgetful(sound)
    with pytest.raises(Failed, match="not durable"):
        databases.refuse_forgetful(sound | wrong)


# --- The run ---


@pytest.fixture
def run(monkeypatch, capsys):
    """Run `make bench` with figures of our own, and no servers."""

    class Quiet:
        def __init__(self, *, quick):
            self.quick, self.names = quick, frozenset()

        def __enter__(self):
            return self

        def __exit__(self, *problem):
            return None

        def start(self):
            return None

    def start(*arguments, **measured):
        groups = [Group(name, (name,)) for name in measured]
        monkeypatch.setattr(bench_main, "GROUPS", groups)
        monkeypatch.setattr(bench_main, "Bench", Quiet)
        monkeypatch.setattr(Group, "measure", lambda self, bench: measured[self.module]())
        status = bench_main.main(arguments)
        return status, [text for text in capsys.readouterr().out.splitlines() if text.startswith("bench")]

    return start


def test_a_short_figure_is_reported_and_fails_nothing(run):
    status, said = run(webhook_intake=lambda: iter([line((10, 100))]))
    assert status == 0
    assert said == ["bench webhook_intake 10.0 floor=100 ratio=0.10 goal=0.50 short"]


def test_a_void_figure_fails_the_run(run):
    status, said = run(webhook_intake=lambda: iter([line((90, 100), void="rows are missing")]))
    assert status == 1
    assert said[0].endswith("void")


def test_a_figure_that_breaks_is_void_and_the_others_go_on(run):
    def broken():
        raise Failed("no PostgreSQL")
        yield

    status, said = run(broken=broken, webhook_intake=lambda: iter([line((60, 100))]))
    assert status == 1
    assert [text.split()[1] for text in said] == ["broken", "webhook_intake"]
    assert [text.split()[-1] for text in said] == ["void", "ok"]


def test_an_unsteady_figure_is_measured_once_more(run):
    unsteady, steady = line((50, 100), (70, 100), (95, 100)), line((70, 100), (71, 100))
    turns = iter([unsteady, steady])
    assert run(webhook_intake=lambda: iter([next(turns)]))[1][0].endswith("ok")
    turns = iter([unsteady, unsteady])
    assert run(webhook_intake=lambda: iter([next(turns)]))[1][0].endswith("inconclusive")


def test_a_machine_without_the_servers_has_a_status_of_its_own(monkeypatch, capsys):
    def fail(self):
        raise Failed("no PostgreSQL")

    monkeypatch.setattr(bench_main.Bench, "start", fail)
    assert bench_main.main(["--quick"]) == bench_main.NO_SERVERS
    assert "no PostgreSQL" in capsys.readouterr().out


def test_a_name_that_nobody_measures_is_an_error(run):
    assert run("--only", "webhook_intak", webhook_intake=lambda: iter([]))[0] == 1


def test_one_figure_can_be_asked_for(run):
    status, said = run("--only", "webhook_intake", other=lambda: iter([]), webhook_intake=lambda: iter([line((6, 9))]))
    assert status == 0
    assert len(said) == 1


def test_every_figure_has_one_name_and_its_module():
    names = [name for group in GROUPS for name in group.names]
    assert len(names) == len(set(names))
    here = Path(figures.__file__).parent
    assert all((here / f"{group.module}.py").is_file() for group in GROUPS)


# --- The floors and the load ---


def test_floors_are_short():
    """Who doubts a floor can read it in a minute."""
    floors = sorted((Path(figures.__file__).parent / "floors").glob("*.py"))
    assert len(floors) >= 6
    assert [path.name for path in floors if len(path.read_text().splitlines()) > 60] == []


def test_what_the_load_sends_is_signed_as_twilio_signs():
    from sms.webhooks import signature
    from tests.bench.bench import PUBLIC

    path = "/webhooks/twilio/key/message"
    first, second = payloads.texts(path, "AC1", "token", 2)
    head, body = first.split(b"\r\n\r\n", 1)
    assert f"X-Twilio-Signature: {signature.sign(PUBLIC + path, body, 'token')}".encode() in head
    assert body != second.split(b"\r\n\r\n", 1)[1]


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", False),
    ],
)
def test_an_answer_counts_once_it_is_whole(answer, whole):
    assert load.is_whole(answer) == whole
