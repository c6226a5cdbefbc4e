"""A database whose secrets the keys do not open is not started on; keys can be rotated in any number of steps."""

import base64
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from portal import resealing, startup
from sms.models import TwilioAccount
from tenants import audit_words, secrets
from tenants.models import AuditEntry
from tests import factories

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent.parent


def key(name):
    return f"{name}:{base64.b64encode(name.encode().ljust(32)).decode()}"


@pytest.fixture(autouse=True)
def _old_key(settings):
    settings.FIELD_KEYS = [key("old")]


def give_second_factor(user):
    TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(user)


# --- Refusing ---


def test_an_empty_database_may_be_started_on():
    assert startup.problem() == ""


def test_the_right_keys_may_start(cast):
    give_second_factor(cast.alice.user)
    assert startup.problem() == ""


def test_a_lost_key_is_named_in_one_sentence(cast, settings):
    settings.FIELD_KEYS = [key("new")]
    assert "'old'" in startup.problem()
    with pytest.raises(ImproperlyConfigured, match="'old', which FIELD_KEYS lacks"):
        startup.refuse_if_unfit()


def test_one_secret_among_many_under_a_lost_key_is_enough(cast, settings):
    settings.FIELD_KEYS = [key("new"), key("old")]
    for number in range(3):
        factories.make_account(cast.acme, sid=f"AC{number:032x}")
    settings.FIELD_KEYS = [key("new")]
    assert "'old'" in startup.problem()


def test_another_key_of_the_same_name_is_noticed(cast, settings):
    settings.FIELD_KEYS = [f"old:{base64.b64encode(b'x' * 32).decode()}"]
    assert "does not open" in startup.problem()


def test_a_second_factor_under_a_lost_key_is_noticed(cast, settings):
    TwilioAccount.objects.update(auth_token_sealed=b"")
    give_second_factor(cast.alice.user)
    settings.FIELD_KEYS = [key("new")]
    assert "'old'" in startup.problem()


def test_a_database_that_is_away_does_not_keep_the_portal_from_starting(monkeypatch):
    from django.db import OperationalError

    def away():
        raise OperationalError("no answer")

    monkeypatch.setattr(resealing, "unopened", away)
    assert startup.problem() == ""


def test_keys_that_are_none_are_told_before_the_database_is_asked(settings, django_assert_num_queries):
    settings.FIELD_KEYS = ["nonsense"]
    with django_assert_num_queries(0):
        assert startup.problem().startswith("FIELD_KEYS must be")


def test_the_checks_say_the_same(cast, settings):
    assert startup.check_ring() == startup.check_sealed(["default"]) == []
    settings.FIELD_KEYS = [key("new")]
    assert startup.check_sealed() == []
    assert [found.id for found in startup.check_sealed(["default"])] == ["portal.E002"]
    settings.FIELD_KEYS = ["nonsense"]
    assert [found.id for found in startup.check_ring()] == ["portal.E001"]
    assert startup.check_sealed(["default"]) == []


# --- Rotating ---


def rotate():
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    return out.getvalue()


def all_heads():
    return {
        bytes(getattr(row, column.name)).split(b":")[1].decode()
        for column in resealing.columns()
        for row in column.sealed()
    }


def test_rotation_seals_everything_under_the_first_key(cast, settings):
    secrets.seal(cast.account, "secondary_token", "second")
    secrets.seal(cast.account, "api_key_secret", "third")
    cast.account.save()
    give_second_factor(cast.alice.user)
    codes = RecoveryCodes.activate(cast.alice.user).generate_codes()
    settings.FIELD_KEYS = [key("new"), key("old")]
    assert "Sealed anew: 5." in rotate()
    settings.FIELD_KEYS = [key("new")]
    assert startup.problem() == ""
    account = TwilioAccount.objects.get()
    assert secrets.open(account, "auth_token") == factories.AUTH_TOKEN
    assert (secrets.open(account, "secondary_token"), secrets.open(account, "api_key_secret")) == ("second", "third")
    assert RecoveryCodes.activate(cast.alice.user).generate_codes() == codes
    assert Authenticator.objects.filter(user=cast.alice.user).count() == 2


def test_rotation_is_in_the_systems_log_once(cast, settings):
    settings.FIELD_KEYS = [key("new"), key("old")]
    rotate()
    rotate()
    entry = AuditEntry.objects.get(action="tenants.keys.rotated")
    assert (entry.tenant, entry.changes) == (None, {"resealed": 1})
    assert audit_words.sentence(entry)


def test_half_a_rotation_is_readable_and_can_be_finished(cast, settings, monkeypatch):
    """Stopped in the middle, both keys open everything; run again, only the rest is done."""
    for number in range(5):
        factories.make_account(cast.acme, sid=f"AC{number:032x}")
    settings.FIELD_KEYS = [key("new"), key("old")]
    monkeypatch.setattr(resealing, "_BATCH", 2)
    seal, done = secrets.seal, []

    def seal_three(row, field, text):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(row)
        seal(row, field, text)

    with monkeypatch.context() as stopped:
        stopped.setattr(secrets, "seal", seal_three)
        with pytest.raises(KeyboardInterrupt):
            rotate()
    assert all_heads() == {"new", "old"}
    assert startup.problem() == ""
    assert {secrets.open(row, "auth_token") for row in TwilioAccount.objects.all()} == {factories.AUTH_TOKEN}
    assert "Sealed anew: 3." in rotate()
    assert all_heads() == {"new"}
    assert "Sealed anew: 0." in rotate()


def test_what_cannot_be_opened_is_counted_and_left_alone(cast, settings):
    before = bytes(TwilioAccount.objects.get().auth_token_sealed)
    settings.FIELD_KEYS = [key("new")]
    factories.make_account(cast.globex)
    with pytest.raises(CommandError, match="1 could not be opened; they need the key old"):
        rotate()
    assert bytes(TwilioAccount.objects.get(tenant=cast.acme).auth_token_sealed) == before


def test_a_secret_replaced_meanwhile_is_not_overwritten(cast, settings, monkeypatch):
    settings.FIELD_KEYS = [key("new"), key("old")]
    seal = secrets.seal

    def replaced_meanwhile(row, field, text):
        seal(row, field, "the newest")
        TwilioAccount.objects.filter(pk=row.pk).update(auth_token_sealed=row.auth_token_sealed)
        seal(row, field, text)

    monkeypatch.setattr(secrets, "seal", replaced_meanwhile)
    assert "Sealed anew: 0." in rotate()
    assert secrets.open(TwilioAccount.objects.get(), "auth_token") == "the newest"


# --- The programs ---


@pytest.mark.processes
@pytest.mark.parametrize(
    "command",
    [
        ["-m", "gunicorn", "-c", "python:portal.gunicorn_config", "portal.wsgi"],
        ["-m", "celery", "-A", "portal", "--quiet", "worker", "--pool", "solo"],
        ["-m", "celery", "-A", "portal", "--quiet", "beat", "--pidfile="],
        ["manage.py", "prepare"],
    ],
    ids=["web", "worker", "beat", "prepare"],
)
def test_no_program_starts_with_keys_that_are_none(command, tmp_path):
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment |= {"VAR_DIR": str(tmp_path), "FIELD_KEYS": "nonsense", "BIND": "127.0.0.1:0"}
    refused = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100
    )
    assert refused.returncode != 0
    said = refused.stdout + refused.stderr
    assert said.count("FIELD_KEYS must be a list") == 1
    assert "Traceback" not in said
