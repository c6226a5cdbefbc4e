"""Every figure of `make bench`, in the order of its run, and the module that measures it."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import NamedTuple

from tests.bench.bench import Bench
from tests.bench.lines import Line


class Group(NamedTuple):
    """Figures that are measured together, by `measure(bench)` of one module."""

    module: str
    names: tuple[str, ...]

    def measure(self, bench: Bench) -> Iterator[Line]:
        function: Callable[[Bench], Iterator[Line]] = import_module(f"tests.bench.{self.module}").measure
        return function(bench)


GROUPS = (
    Group("intake", ("webhook_intake", "webhook_intake_textbook", "webhook_intake_p50", "webhook_intake_embedded")),
    Group("deciding", ("rule_decision",)),
    Group("sending", ("send", "send_2", "send_cpu")),
    Group("reports", ("status_callbacks",)),
    Group("journey", ("end_to_end", "end_to_end_unhinted")),
    Group("backlog", ("backlog", "backlog_intake_p99")),
    Group(
        "pages",
        (
            "log_page",
            "log_page_empty",
            "log_page_1000",
            "log_page_1000_empty",
            "dashboard_30d",
            "dashboard_30d_empty",
            "log_search",
            "page_queries",
        ),
    ),
)
