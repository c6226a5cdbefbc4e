"""Settings: nothing set is enough to start; production says in one sentence what is missing or wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from portal.keys import celery_broker_url

fresh = pytest.mark.processes
ROOT = Path(__file__).resolve().parent.parent.parent
KEY = "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
PRODUCTION = {
    "DATABASE_URL": "postgres://portal@127.0.0.1:1/portal",
    "SECRET_KEY": "a-long-and-random-secret-key-that-nobody-guesses-0123456789",
    "FIELD_KEYS": KEY,
    "WEBHOOK_KEY_SECRETS": "0" * 64,
    "PUBLIC_BASE_URL": "https://portal.example.com",
}


def manage(*arguments, **environment):
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=100,
    )


def values(*names, **environment):
    """Return settings as a fresh process sees them."""
    code = f"from portal import settings as s; print(*(repr(getattr(s, name)) for name in {names!r}), sep='\\n')"
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=inherited | environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


# --- Nothing set ---


@fresh
def test_it_starts_with_nothing_set_and_keeps_its_own_secrets(tmp_path):
    folder = tmp_path / "data"
    first = manage("check", VAR_DIR=str(folder))
    assert first.returncode == 0, first.stderr
    secrets = folder / "secrets.env"
    kept = secrets.read_text()
    assert {line.split("=")[0] for line in kept.splitlines()} == {"SECRET_KEY", "FIELD_KEYS", "WEBHOOK_KEY_SECRETS"}
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert manage("check", VAR_DIR=str(folder)).returncode == 0
    assert secrets.read_text() == kept
    assert not any(line.split("=", 1)[1] in first.stdout + first.stderr for line in kept.splitlines())


@fresh
def test_an_empty_database_url_is_none(tmp_path):
    assert values("PRODUCTION", "EMBEDDED", VAR_DIR=str(tmp_path), DATABASE_URL="") == ["False", "True"]


@fresh
@pytest.mark.parametrize(
    ("given", "debug", "production"),
    [({}, "False", "False"), ({"DEBUG": "1"}, "True", "False"), (PRODUCTION, "False", "True")],
)
def test_error_pages_show_nothing_unless_asked(given, debug, production, tmp_path):
    """A trial behind a tunnel is public, too: long error pages hold tokens and texts."""
    assert values("DEBUG", "PRODUCTION", VAR_DIR=str(tmp_path), **given) == [debug, production]


@fresh
def test_sqlite_can_be_production(tmp_path):
    refused = manage("check", VAR_DIR=str(tmp_path), DEBUG="0")
    assert_one_sentence(refused, "SECRET_KEY is not set.")


@fresh
def test_the_environment_wins_over_the_file(tmp_path):
    shown = values("SECRET_KEY", "FIELD_KEYS", VAR_DIR=str(tmp_path), SECRET_KEY="mine", FIELD_KEYS=f"{KEY}, k0:AAAA")
    assert shown == ["'mine'", repr([KEY, "k0:AAAA"])]


# --- Production ---


@fresh
@pytest.mark.parametrize("name", ["SECRET_KEY", "FIELD_KEYS", "WEBHOOK_KEY_SECRETS", "PUBLIC_BASE_URL"])
def test_production_refuses_to_start_without(name, tmp_path):
    refused = manage("check", VAR_DIR=str(tmp_path), **(PRODUCTION | {name: ""}))
    assert_one_sentence(refused, f"{name} is not set.")
    assert not list(tmp_path.iterdir())


@fresh
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"TWILIO_API_BASE": "http://127.0.0.1:1"}, "TWILIO_API_BASE is for tests only"),
        ({"CLOCK_OFFSET_SECONDS": "5"}, "CLOCK_OFFSET_SECONDS is for tests only"),
        ({"FAILPOINTS": "send.marked:crash"}, "FAILPOINTS is for tests only"),
        ({"PUBLIC_BASE_URL": "https://my_portal.example.com"}, "has an underscore"),
        ({"FALLBACK_BASE_URL": "https://my_portal.example.com"}, "has an underscore"),
        ({"PUBLIC_BASE_URL": "portal.example.com"}, "PUBLIC_BASE_URL is no base address"),
        ({"PUBLIC_BASE_URL": "https://portal.example.com/sms"}, "PUBLIC_BASE_URL is no base address"),
        ({"PUBLIC_BASE_URL_ALIASES": "https://old.example,new.example"}, "PUBLIC_BASE_URL_ALIASES is no base"),
        ({"DATABASE_URL": "mysql://portal@127.0.0.1/portal"}, "DATABASE_URL names a database"),
        ({"REDIS_URL": "127.0.0.1:6379"}, "REDIS_URL must start with"),
    ],
)
def test_production_refuses_what_cannot_be_right(given, said, tmp_path):
    assert_one_sentence(manage("check", VAR_DIR=str(tmp_path), **(PRODUCTION | given)), said)


def assert_one_sentence(refused, said):
    assert refused.returncode == 1
    assert said in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1, refused.stderr


@fresh
@pytest.mark.parametrize("keys", ["nonsense", "k1:AAAA", f"{KEY},{KEY}"])
def test_keys_that_are_none_are_named_by_the_check(keys, tmp_path):
    refused = manage("check", VAR_DIR=str(tmp_path), **(PRODUCTION | {"FIELD_KEYS": keys}))
    assert refused.returncode == 1
    assert "FIELD_KEYS" in refused.stderr
    assert KEY[3:] not in refused.stderr


@fresh
def test_a_sound_https_production_passes_djangos_own_review(tmp_path):
    review = manage("check", "--deploy", "--fail-level", "WARNING", VAR_DIR=str(tmp_path), **PRODUCTION)
    assert review.returncode == 0, review.stderr
    assert "no issues" in review.stdout


@fresh
def test_cookies_are_host_bound_and_secure_on_https_only(tmp_path):
    names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")
    https = values(*names, VAR_DIR=str(tmp_path), **PRODUCTION)
    assert https == ["'__Host-session'", "'__Host-csrf'", "True", "True"]
    plain = values(*names, VAR_DIR=str(tmp_path), **(PRODUCTION | {"PUBLIC_BASE_URL": "http://portal.example.com"}))
    assert plain == ["'session'", "'csrf'", "False", "False"]


@fresh
def test_production_takes_only_the_hosts_it_is_known_under(tmp_path):
    shown = values(
        "ALLOWED_HOSTS",
        VAR_DIR=str(tmp_path),
        PUBLIC_BASE_URL_ALIASES="https://old.example.com/",
        **PRODUCTION,
    )
    assert shown == ["['portal.example.com', 'old.example.com']"]


# --- The broker ---


@pytest.mark.parametrize(
    ("given", "celery"),
    [
        ("unix:///data/kv.sock", "redis+socket:///data/kv.sock?virtual_host=0"),
        ("unix:///data/kv.sock?db=3", "redis+socket:///data/kv.sock?virtual_host=3"),
        ("redis://redis:6379", "redis://redis:6379/0"),
        ("redis://redis:6379/", "redis://redis:6379/0"),
        ("redis://:secret@redis:6379/2", "redis://:secret@redis:6379/2"),
        ("redis://redis:6379?db=4", "redis://redis:6379/4"),
        ("rediss://redis:6380/1?ssl_cert_reqs=required", "rediss://redis:6380/1?ssl_cert_reqs=required"),
    ],
)
def test_celery_goes_where_redis_url_says(given, celery):
    assert celery_broker_url(given) == celery


@fresh
def test_an_own_socket_reaches_celery(tmp_path):
    shown = values("CELERY_BROKER_URL", VAR_DIR=str(tmp_path), REDIS_URL="unix:///run/redis.sock")
    assert shown == ["'redis+socket:///run/redis.sock?virtual_host=0'"]


# --- What a browser is told ---


def test_the_content_policy_allows_nothing_inline_and_nothing_foreign():
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    assert directives["default-src"] == directives["object-src"] == directives["base-uri"] == ["'none'"]
    assert directives["frame-ancestors"] == ["'none'"]
    for name, sources in directives.items():
        allowed = {"'none'", "'self'", "data:"} if name == "img-src" else {"'none'", "'self'"}
        assert set(sources) <= allowed, name
