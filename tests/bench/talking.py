"""A program that does one round of work for each line it is given, and answers each with a line of JSON."""

import contextlib
import json
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

from tests.bench import machine
from tests.bench.bench import Bench


class Talker:
    """A started program, ready for its next round."""

    def __init__(self, process: "subprocess.Popen[bytes]", bench: Bench, name: str) -> None:
        self.process = process
        self.complaint = lambda: f"{name} ended in the middle of its work: {bench.log(name)}"

    def tell(self, what: object) -> None:
        """Begin a round."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{what}\n".encode())
            self.process.stdin.flush()
        except OSError as problem:
            raise machine.Failed(self.complaint()) from problem

    def answer(self) -> Any:
        """Wait for the end of the round."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise machine.Failed(self.complaint())
        return json.loads(line)


@contextlib.contextmanager
def talker(bench: Bench, name: str, arguments: Sequence[object], environment: dict[str, str]) -> Iterator[Talker]:
    """Run such a program to the end of the block."""
    command = [str(part) for part in machine.python("-m", *arguments)]
    with bench.path(f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=machine.ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        )
    try:
        yield Talker(process, bench, name)
    finally:
        machine.end(process)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def together(talkers: Sequence[Talker], what: object = "go") -> list[Any]:
    """Let several programs do a round at the same time."""
    for one in talkers:
        one.tell(what)
    return [one.answer() for one in talkers]
