"""`make bench`: measure the portal beside its floors. Exit status 1 when a figure is void or could not be measured."""

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Sequence

from tests.bench import machine
from tests.bench.bench import Bench
from tests.bench.figures import GROUPS, Group
from tests.bench.lines import Line
from tests.bench.machine import Failed

# This machine cannot run the servers that the figures need.
NO_SERVERS = 3


def main(arguments: Sequence[str]) -> int:
    asked = _parse(arguments)
    names = frozenset(name for name in asked.only.replace(",", " ").split() if name)
    unknown = names - {name for group in GROUPS for name in group.names}
    if unknown:
        print(f"There is no figure {', '.join(sorted(unknown))}. There are:", *_names(), sep="\n  ")
        return 1
    print(f"# {machine.describe()}", flush=True)
    began = time.monotonic()
    with Bench(quick=asked.quick) as bench:
        try:
            bench.start()
        except Failed as problem:
            print(f"# nothing can be measured here: {problem}")
            return NO_SERVERS
        statuses = [_measure(group, bench, names) for group in GROUPS if not names or names & set(group.names)]
    print(f"# {time.monotonic() - began:.0f} s", flush=True)
    return max(statuses)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small version, two minutes in all")
    parser.add_argument("--only", default="", help="one figure, or several with commas")
    return parser.parse_args(arguments)


def _names() -> list[str]:
    return [name for group in GROUPS for name in group.names]


def _measure(group: Group, bench: Bench, names: frozenset[str]) -> int:
    """Measure a group, a second time what was not steady the first time; returns the exit status."""
    lines = {line.name: line for line in _lines(group, bench, names & set(group.names) or frozenset(group.names))}
    unsteady = frozenset(name for name, line in lines.items() if line.verdict == "inconclusive")
    if unsteady and not bench.quick:
        print(f"# inconclusive, measured once more: {', '.join(sorted(unsteady))}", flush=True)
        lines |= {line.name: line for line in _lines(group, bench, unsteady)}
    for line in lines.values():
        print(line.text(), flush=True)
    return int(any(line.verdict == "void" for line in lines.values()))


def _lines(group: Group, bench: Bench, wanted: frozenset[str]) -> list[Line]:
    """Measure; what fails or is missing is void, and the other groups go on."""
    bench.names = wanted
    found: list[Line] = []
    problem = "it was not measured"
    try:
        for line in group.measure(bench):
            found += [line] if line.name in wanted else []
    except Failed as failed:
        print(failed, file=sys.stderr)
        problem = str(failed).strip().splitlines()[-1]
    except Exception as error:
        traceback.print_exc()
        problem = f"{type(error).__name__}: {error}"
    missing = sorted(wanted - {line.name for line in found})
    return [*found, *(Line(name, [], 0.0, "", void=problem) for name in missing)]


if __name__ == "__main__":
    # Whoever ends us early ends our servers, too.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    sys.exit(main(sys.argv[1:]))
