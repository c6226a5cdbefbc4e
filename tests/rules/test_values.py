"""What rules are made of are values: nothing can change them once they are made."""

import dataclasses
import importlib
import inspect

import pytest

MODULES = (
    *("documents", "ends", "engine", "facts", "patterns", "routes", "schedule", "spans", "targets"),
    *("checking.conflicts", "checking.coverage", "checking.findings", "times.coming", "times.moments", "times.shifts"),
    *("conditions.asking", "conditions.inbound_conditions", "conditions.outbound_conditions"),
    *("conditions.text_conditions", "conditions.time_condition"),
)
VALUES = [
    one
    for module in (importlib.import_module(f"rules.{name}") for name in MODULES)
    for _name, one in inspect.getmembers(module, inspect.isclass)
    if dataclasses.is_dataclass(one) and one.__module__ == module.__name__
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__name__)
def test_a_value_cannot_be_changed_and_has_no_room_for_more(value):
    assert value.__dataclass_params__.frozen
    assert "__slots__" in vars(value)


def test_all_values_are_here():
    names = {value.__name__ for value in VALUES}
    assert {"Decision", "Step", "CallerMask", "ExtensionList", "TextPattern", "Calendar", "Holiday", "Opening"} <= names
    assert {
        "Moment",
        "Shift",
        "Week",
        "InboundRule",
        "OutboundRule",
        "End",
        "Route",
        "Finding",
        "Surroundings",
    } <= names
