"""The README keeps its word: settings, promises, places, commands and links in it are those of the code."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests import promises
from tests.promises import promised

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
READERS = ["portal/settings.py", "portal/gunicorn_config.py", "portal/supervisor.py", "portal/alive.py"]
# Python's own; the supervisor only passes it on.
NOT_OURS = {"PYTHONWARNINGS"}


def section(title: str) -> str:
    """Return the text under a heading, to the next heading of its level."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^\1 |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, f"README.md has no heading {title!r}"
    return found[2]


# --- Settings ---


def test_the_table_holds_exactly_the_variables_that_the_code_reads():
    table = re.findall(r"^\| `([A-Z_]+)` \|", section("Settings"), re.MULTILINE)
    assert sorted(table) == sorted(read_by_the_code() | read_by_compose())


def test_the_example_holds_exactly_the_variables_that_the_code_reads():
    example = (ROOT / ".env.example").read_text()
    assert sorted(re.findall(r"^(?:# )?([A-Z_]+)=", example, re.MULTILINE)) == sorted(
        read_by_the_code() | read_by_compose()
    )


def test_the_example_is_nothing_but_names_values_and_comments():
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert all(not line or line.startswith("#") or re.match(r"[A-Z_]+=", line) for line in lines)


def read_by_the_code() -> set[str]:
    names = {name for path in READERS for name in variables(ast.parse((ROOT / path).read_text()))}
    assert "PUBLIC_BASE_URL" in names
    return names - NOT_OURS


def read_by_compose() -> set[str]:
    return set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text()))


def variables(tree: ast.Module) -> Iterator[str]:
    """Give the names in `env.str("NAME")`, `_required("NAME")`, `environ.get("NAME")` and `"NAME" in environ`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and _reads(node.func):
            name = node.args[0]
        elif isinstance(node, ast.Compare) and "environ" in ast.unparse(node.comparators[0]).lower():
            name = node.left
        else:
            continue
        # `_required` hands its parameter on; the names stand where it is called.
        if isinstance(name, ast.Constant):
            yield str(name.value)


def _reads(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id == "_required"
    if not isinstance(function, ast.Attribute):
        return False
    owner = ast.unparse(function.value)
    return owner == "env" or (owner == "os.environ" and function.attr == "get")


# --- Promises ---


def test_every_promise_names_a_test():
    rows = [line for line in section("Promises and their limits").splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 10
    assert [row for row in rows if "::test_" not in row] == []
    assert {name for _, name in promised()} == set(re.findall(r"::(test_\w+)", section("Promises and their limits")))


@pytest.mark.parametrize(("path", "name"), promised(), ids=lambda part: part.removesuffix(".py"))
def test_a_promise_is_proved(path, name):
    function = find(path, name)
    assert any(map(asserts, ast.walk(function))), f"{path}::{name} asserts nothing"
    marks = " ".join(ast.unparse(decorator) for decorator in function.decorator_list)
    assert not re.search(r"\b(skip|skipif|xfail)\b", marks)


def test_a_promise_whose_test_did_not_pass_is_named(tmp_path, monkeypatch):
    readme = "\n## Promises and their limits\n| a | - | `tests/a.py::test_ran` `tests/a.py::test_did_not` |\n## Next\n"
    monkeypatch.setenv(promises.NOTE_IN, str(tmp_path / "passed"))
    promises.note("tests/a.py::test_ran[sqlite-1]")
    assert promises.unproved(tmp_path / "passed", readme) == ["tests/a.py::test_did_not"]


def find(path: str, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef:
    assert (ROOT / path).is_file(), f"README.md names {path}, which does not exist"
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return node
    raise AssertionError(f"README.md names {path}::{name}, which does not exist")


def asserts(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return ast.unparse(node.func).startswith(("pytest.raises", "wait_until", "expect", "run_state_machine_as_test"))
    return isinstance(node, ast.Assert)


# --- Places, commands, links ---


def test_the_map_names_only_what_exists():
    code = re.search(r"```\n(.*?)```", section("Map of the code"), re.DOTALL)
    assert code
    assert [path for path in mapped(code[1]) if not (ROOT / path).exists()] == []


def mapped(tree: str) -> Iterator[str]:
    """Give the paths of the map: `app/` starts a folder, indented lines name its files before two blanks."""
    folder = ""
    for line in filter(None, tree.splitlines()):
        names = re.split(r"\s{2,}", line.strip())[0].split()
        if not line.startswith(" "):
            folder = names[0] if names[0].endswith("/") else ""
            names = names[:1] if folder else names
            folder, names = (folder, [""]) if folder else ("", names)
        yield from (f"{folder}{name}" for name in names)


def test_every_package_that_the_product_needs_is_explained():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["postgres"]]
    needed += project["dependency-groups"]["embedded"]
    names = {re.match(r"[\w-]+", line)[0] for line in needed}
    rows = re.findall(r"^\| ([a-z][^|]+) \|", section("Dependencies").partition("|---")[2], re.MULTILINE)
    explained = {re.sub(r"\[.*\]", "", name).strip() for row in rows for name in re.split(r",(?![^\[]*\])", row)}
    given = {"django", "djangorestframework", "django-environ", "twilio", "celery", "redis"}
    assert explained == names - given


def test_every_command_exists():
    targets = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z0-9]+)|^make ([a-z0-9]+)", README, re.MULTILINE)) > {("run", "")}
    assert {a or b for a, b in re.findall(r"`make ([a-z0-9]+)|^make ([a-z0-9]+)", README, re.MULTILINE)} <= targets
    assert set(re.findall(r"manage\.py ([a-z_]+)", README)) <= set(get_commands())


def test_every_link_leads_somewhere():
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", README, flags=re.DOTALL), re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", README)) <= anchors
    files = [target for target in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in target]
    assert [target for target in files if not (ROOT / target).exists()] == []


def test_screenshots_are_small():
    pictures = re.findall(r"!\[.+\]\(([^)]+)\)", README)
    assert pictures
    assert [name for name in pictures if (ROOT / name).stat().st_size > 200_000] == []


def test_the_readme_can_be_read_in_one_sitting():
    assert len(README.splitlines()) <= 500
