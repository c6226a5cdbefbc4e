"""The fixtures name the parameters and properties that the official library has: Twilio makes it of its description."""

import importlib
import inspect
import re
from typing import Any

import pytest

from sms.sandbox.app import REST
from sms.sandbox.parameters import unknown
from tests.contract.description import Operation, operations

OF_LIBRARY = [operation for operation in operations() if "library" in operation.noted]
SCHEMAS = {(o.product, name): schema for o in operations() for name, schema in o.schemas.items()}


def in_library(path: str) -> Any:
    """Return a class or method of the library by its module and name."""
    module, names = re.fullmatch(r"([a-z0-9_.]+)\.([A-Z].*)", path).groups()
    found = importlib.import_module(f"twilio.rest.{module}")
    for name in names.split("."):
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("operation", OF_LIBRARY, ids=lambda operation: f"{operation.product}-{operation.name}")
def test_an_operation_has_the_librarys_parameters(operation: Operation):
    source = inspect.getsource(in_library(operation.noted["library"]))
    assert set(operation.parameters) == set(re.findall(r'"([A-Z][A-Za-z]+[<>]?)":', source))
    assert set(operation.noted.get("required", [])) <= set(operation.parameters)
    assert set(operation.noted.get("path", {})) == set(re.findall(r"{(\w+)}", operation.path))


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=[f"{product}-{name}" for product, name in SCHEMAS])
def test_an_answer_has_the_librarys_properties(schema: dict[str, Any]):
    source = inspect.getsource(in_library(schema["library"]).__init__)
    assert set(schema["fields"]) == set(re.findall(r'payload\.get\(\s*"(\w+)"', source))
    assert set(schema.get("optional", ())) <= set(schema["fields"])


def test_the_sandbox_serves_the_operations_of_the_fixtures_and_no_others():
    served = {(method, _template(path)) for method, path, _, _ in REST}
    described = {(o.method, f"{o.product}{re.sub(r'{[^}]+}', '{}', o.path)}") for o in operations()}
    assert served == described


def test_the_sandbox_knows_every_parameter_of_the_fixtures():
    """It names the others in its journal."""
    names = {(method, _template(path)): name for method, path, name, _ in REST}
    for operation in operations():
        name = names[operation.method, f"{operation.product}{re.sub(r'{[^}]+}', '{}', operation.path)}"]
        assert unknown(name, operation.method, operation.parameters) == [], operation.name
        assert unknown(name, operation.method, ["Nonsense"]) == ["Nonsense"]


def _template(path: str) -> str:
    product = re.match(r"/\{host:(\w+)", path).group(1)
    return product + re.sub(r"\{[^}]+\}", "{}", path[path.index(r"\.twilio\.com}") + len(r"\.twilio\.com}") :])
