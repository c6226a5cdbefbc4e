"""The shape of the code: imports run one way, pure modules stay pure, one place per dangerous thing."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("portal", "sms", "rules", "tenants")
MAY_IMPORT = {
    "portal": {"portal", "sms", "rules", "tenants"},
    "sms": {"sms", "rules", "tenants"},
    "rules": {"rules", "tenants"},
}
MAY_IMPORT["tenants"] = {"tenants"}

# No Django, no I/O, no clock, no settings; the second column is what each may import besides the standard library.
PURE: dict[str, set[str]] = {
    "tenants/ids.py": set(),
    "tenants/roles.py": set(),
    "rules/e164.py": {"phonenumbers"},
    "rules/patterns.py": {"rules", "re2"},
    "rules/pools.py": {"rules"},
    "rules/spans.py": {"rules"},
    "rules/facts.py": {"rules"},
    "rules/conditions/__init__.py": {"rules"},
    "rules/conditions/inbound_conditions.py": {"rules"},
    "rules/conditions/outbound_conditions.py": {"rules"},
    "rules/conditions/text_conditions.py": {"rules"},
    "rules/conditions/time_condition.py": {"rules"},
    "rules/conditions/asking.py": {"rules"},
    "rules/countries.py": {"rules"},
    "rules/ends.py": {"rules"},
    "rules/times/coming.py": {"rules"},
    "rules/checking/findings.py": {"rules"},
    "rules/checking/conflicts.py": {"rules"},
    "rules/checking/shadowing.py": {"rules"},
    "rules/routes.py": {"rules"},
    "rules/reading.py": set(),
    "rules/wording.py": set(),
    "rules/times/moments.py": {"rules"},
    "rules/times/shifts.py": {"rules"},
    "rules/schedule.py": {"rules"},
    "rules/targets.py": {"rules"},
    "rules/placeholders.py": {"rules"},
    "rules/documents.py": {"rules"},
    "rules/engine.py": {"rules"},
    "rules/checking/coverage.py": {"rules"},
    "rules/changing/differences.py": {"rules"},
    "rules/senders.py": {"rules"},
    "sms/segments.py": set(),
    "sms/status.py": set(),
    "sms/errors.py": {"sms"},
    "sms/error_table.py": {"sms"},
    "sms/error_words.py": set(),
    "sms/ids.py": set(),
    "sms/queueing/outcomes.py": {"sms"},
    "sms/pacing.py": {"rules"},
    "sms/pointing/judging.py": set(),
    "sms/lists/reach.py": set(),
    "sms/setup/trunk_hosts.py": set(),
    "sms/health/reasons.py": set(),
    "sms/health/aspects.py": {"rules", "sms"},
    "sms/health/signing.py": {"sms"},
    "sms/transfer/number_map.py": {"rules"},
    "sms/transfer/tables.py": set(),
    "sms/transfer/times.py": {"rules"},
    "sms/transfer/cells.py": {"rules", "sms"},
    "sms/transfer/columns.py": {"sms"},
    "sms/transfer/conditions.py": {"rules", "sms"},
    "sms/transfer/rules.py": {"rules", "sms"},
    "sms/webhooks/signature.py": set(),
    "sms/webhooks/payloads.py": set(),
    "sms/webhooks/keys.py": set(),
    "portal/charts.py": set(),
}
IMPURE_STANDARD = {"os", "time", "socket", "subprocess", "urllib.request", "sqlite3", "logging"}
MAY_READ_TIME = {"tenants/ids.py"}
STANDARD = set(__import__("sys").stdlib_module_names)


def sources(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders or APPS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    typing_only = {id(node) for block in ast.walk(tree) if _is_type_checking(block) for node in ast.walk(block)}
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module, node.lineno


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


@pytest.mark.parametrize("app", APPS)
def test_imports_run_one_way(app: str) -> None:
    wrong = [
        f"{path}:{line} imports {name}"
        for path, tree in sources(app)
        for name, line in imports(tree)
        if name.split(".")[0] in APPS and name.split(".")[0] not in MAY_IMPORT[app]
    ]
    assert not wrong


def test_the_sandbox_knows_nothing_of_the_product() -> None:
    wrong = [
        f"{path}:{line} imports {name}"
        for path, tree in sources("sms/sandbox")
        for name, line in imports(tree)
        if name.split(".")[0] in {*APPS, "django"} and not name.startswith("sms.sandbox")
    ]
    assert not wrong


@pytest.mark.parametrize("path", PURE)
def test_pure_modules_stay_pure(path: str) -> None:
    tree = ast.parse((ROOT / path).read_text())
    for name, line in imports(tree):
        root = name.split(".")[0]
        assert root in STANDARD or root in PURE[path], f"{path}:{line} imports {name}"
        assert name not in IMPURE_STANDARD or path in MAY_READ_TIME, f"{path}:{line} imports {name}"
        if root in APPS:
            places = [f"{name.replace('.', '/')}{end}" for end in (".py", "/__init__.py")]
            assert not PURE.keys().isdisjoint(places), f"{path}:{line} imports {name}, which is not pure"


def test_only_the_twilio_package_speaks_to_twilio() -> None:
    wrong = [
        f"{path}:{line} imports {name}"
        for path, tree in sources()
        for name, line in imports(tree)
        if name.split(".")[0] == "twilio" and not path.startswith(("sms/twilio/", "sms/sandbox/"))
    ]
    assert not wrong


def test_hints_are_published_in_one_place() -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"delay", "apply_async", "send_task"}
        and path != "tenants/hints.py"
    ]
    assert not wrong
    magic = [
        f"{path}:{node.lineno} {keyword.arg}"
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in {"eta", "countdown", "routing_key", "exchange"}
    ]
    assert not magic


def test_only_the_clock_knows_what_is_now() -> None:
    """`timezone.now`, `datetime.now` and SQL's own time are not used: every process shares the database's time."""
    allowed = {"tenants/clock.py", "tenants/ids.py"}
    wrong = [
        f"{path}:{node.lineno}"
        for path, tree in sources()
        if path not in allowed and not path.startswith("sms/sandbox/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "utcnow", "today"}
        and isinstance(node.value, ast.Name)
        and node.value.id in {"timezone", "datetime", "date"}
    ]
    assert not wrong


def test_engine_specific_sql_stands_in_one_module() -> None:
    wrong = [
        f"{path}: {word}"
        for path, _ in sources()
        if path not in {"sms/claims.py", "tenants/clock.py", "sms/webhooks/patience.py"}
        and not path.startswith("sms/sandbox/")
        for word in ("SKIP LOCKED", "pg_advisory", "clock_timestamp", "STRFTIME", "busy_timeout", "statement_timeout")
        if re.search(word, (ROOT / path).read_text(), re.IGNORECASE) and "select_for_update" not in word
    ]
    assert not wrong


def test_the_environment_is_read_in_settings_only() -> None:
    allowed = {
        "portal/settings.py",
        "portal/gunicorn_config.py",
        "portal/celery.py",
        "portal/wsgi.py",
        "portal/asgi.py",
    }
    allowed |= {"portal/supervisor.py", "portal/processes.py", "portal/alive.py"}
    wrong = [
        f"{path}:{node.lineno}"
        for path, tree in sources()
        if path not in allowed
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv"}
        and getattr(node.value, "id", "") == "os"
    ]
    assert not wrong


# The phone of the sandbox and the system's log stand outside every tenant; a form field starts empty until it is
# given its tenant.
ACROSS_TENANTS = {
    ("sms/views/phone.py", "PhoneNumber"),
    ("sms/views/system_messages.py", "Message"),
    ("tenants/forms_groups.py", "Member"),
}


def test_tenant_owned_rows_are_reached_from_their_tenant() -> None:
    """Views, forms and the API never start at a tenant-owned table: they start at the tenant."""
    from django.apps import apps

    from tenants.models import TenantOwned

    owned = {model.__name__ for model in apps.get_models() if issubclass(model, TenantOwned)}
    edges = re.compile(r"/(views|api|forms)(/|\.py)|/forms[a-z_]*\.py|portal/(dashboard|api)")
    wrong = [
        f"{path}:{node.lineno} {node.value.id}.objects"
        for path, tree in sources()
        if edges.search(path)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "objects"
        and isinstance(node.value, ast.Name)
        and node.value.id in owned
        and (path, node.value.id) not in ACROSS_TENANTS
    ]
    assert not wrong


def test_every_module_says_what_it_is_for() -> None:
    wrong = [path for path, tree in sources() if not ast.get_docstring(tree) and (ROOT / path).stat().st_size]
    assert not wrong


def test_nothing_is_marked_as_unfinished() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX)\b|NotImplementedError")
    wrong = [path for path, _ in sources() if words.search((ROOT / path).read_text())]
    assert not wrong


def test_no_page_carries_inline_script_or_style() -> None:
    """The content security policy would ignore them; a page that needs them is broken."""
    inline = re.compile(r"<script(?![^>]*\bsrc=)|\sstyle=\"|\son(click|change|submit|load|input)=", re.IGNORECASE)
    wrong = [
        f"{path.relative_to(ROOT)}"
        for path in sorted((ROOT / "templates").rglob("*.html"))
        if inline.search(
            re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", path.read_text(), flags=re.DOTALL)
        )
    ]
    assert not wrong
