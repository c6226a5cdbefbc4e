"""Read stored JSON strictly: a field has the type it should or the rule gets a finding; PURE."""

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]


class ConditionError(ValueError):
    """A condition, target or route cannot be read; the message says what is wrong with it."""


def read_text(data: Json, name: str) -> str:
    """Read a text that must be there and not be blank."""
    value = data.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ConditionError(f"“{name}” is missing.")
    return value


def read_optional_text(data: Json, name: str) -> str:
    """Read a text that may be missing."""
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ConditionError(f"“{name}” is not a text.")
    return value


def read_texts(data: Json, name: str) -> tuple[str, ...]:
    """Read a list of texts; a missing one is empty."""
    values = data.get(name, ())
    if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
        raise ConditionError(f"“{name}” is not a list of texts.")
    return tuple(value for value in values if value.strip())


def read_whole_numbers(data: Json, name: str) -> tuple[int, ...]:
    """Read a list of whole numbers that must not be empty."""
    values = data.get(name)
    if not isinstance(values, list | tuple) or not values or not all(type(value) is int for value in values):
        raise ConditionError(f"“{name}” is not a list of whole numbers.")
    return tuple(values)


def read_whole_number(data: Json, name: str, default: int) -> int:
    """Read a whole number that may be missing."""
    value = data.get(name, default)
    if type(value) is not int:
        raise ConditionError(f"“{name}” is not a whole number.")
    return value


def read_switch(data: Json, name: str, default: bool) -> bool:
    """Read a yes or no that may be missing."""
    value = data.get(name, default)
    if not isinstance(value, bool):
        raise ConditionError(f"“{name}” is not yes or no.")
    return value
