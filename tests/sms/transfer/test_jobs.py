"""Imports as jobs: large ones by a worker, confirmed by a person, whole or not at all however often workers die."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError

from sms import sweeps
from sms.models import TransferJob
from sms.transfer import applying, jobs, planning, reading
from tenants import clock, hints
from tenants.audit import Actor
from tenants.models import Tenant
from tests.factories import Cast, make_group
from tests.rules.test_routing import actor_of
from tests.sms.transfer.test_importing_rules import file_of, rule

LARGE = [rule(number, contains="x" * 100) for number in range(400)]


@pytest.fixture
def acme(cast: Cast) -> Tenant:
    make_group(cast.acme, "Sales", cast.bob)
    return cast.acme


@pytest.fixture
def hinted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    queues: list[str] = []
    monkeypatch.setattr(hints, "note", queues.append)
    return queues


def begin(cast: Cast, rows: list[dict[str, str]], mode: str = "add") -> TransferJob:
    return jobs.begin(actor_of(cast), cast.acme, kind="inbound", mode=mode, data=file_of(rows), file_name="rules.csv")


def fresh(job: TransferJob) -> TransferJob:
    return TransferJob.objects.get(pk=job.pk)


def test_a_small_file_is_checked_and_carried_out_at_once(acme: Tenant, cast: Cast) -> None:
    job = begin(cast, [rule(1)])
    assert job.state == "checked"
    assert job.result["kinds"][0]["added"] == 1
    assert not acme.inbound_rules.exists()
    assert jobs.confirm(actor_of(cast), job)
    assert (job.state, bytes(fresh(job).file)) == ("done", b"")
    assert acme.inbound_rules.get().name == "Rule 1"
    assert acme.rule_sets.get().saved_by == "alice@acme.example"
    assert not jobs.confirm(actor_of(cast), job), "never twice"


def test_a_large_file_waits_for_a_worker_and_tells_how_far_it_is(
    acme: Tenant,
    cast: Cast,
    hinted: list[str],
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[int] = []
    save = jobs._save

    def listen(job: TransferJob, **changes: Any) -> None:
        told.append(changes.get("done", -1))
        save(job, **changes)

    monkeypatch.setattr(jobs, "_save", listen)
    monkeypatch.setattr(jobs, "_TELL_EVERY_SECONDS", 0.0)
    with django_capture_on_commit_callbacks(execute=True):
        job = begin(cast, LARGE)
    assert (job.state, hinted) == ("checking", ["transfer"])
    assert sweeps.announce_due() == 1, "a lost hint is made good"
    assert jobs.work() == 1
    assert fresh(job).state == "checked"
    assert told[:3] == [1, 2, 3]
    assert (fresh(job).done, fresh(job).total) == (400, 400)
    jobs.confirm(actor_of(cast), job)
    call_command("drain")
    assert fresh(job).state == "done"
    assert acme.inbound_rules.count() == 400
    assert jobs.work() == 0


def test_it_is_carried_out_in_the_name_of_who_said_so(acme: Tenant, cast: Cast) -> None:
    job = begin(cast, [rule(1)])
    jobs.confirm(Actor(label="sam@acme.example", user=cast.sam.user, member=cast.sam), job)
    assert acme.rule_sets.get().saved_by == "sam@acme.example"
    assert acme.audit_entries.get(action="rules.inbound.imported").actor == cast.sam.user


def test_problems_are_kept_and_nothing_can_be_confirmed_into_being(acme: Tenant, cast: Cast) -> None:
    job = begin(cast, [rule(1), rule(2, trunk="Mian")])
    [problem] = job.result["problems"]
    assert (problem["row"], problem["column"], problem["value"]) == (3, "trunk", "Mian")
    jobs.confirm(actor_of(cast), job)
    assert fresh(job).state == "refused"
    assert not acme.inbound_rules.exists()


def test_what_changed_since_the_check_is_checked_again(acme: Tenant, cast: Cast) -> None:
    job, other = begin(cast, [rule(1)]), begin(cast, [rule(1, contains="other")])
    jobs.confirm(actor_of(cast), other)
    jobs.confirm(actor_of(cast), job)
    assert job.state == "checked"
    assert job.result["changed_meanwhile"]
    assert job.result["kinds"][0]["changed"] == 1
    jobs.confirm(actor_of(cast), job)
    assert job.state == "done"


def test_a_killed_workers_job_is_taken_up_again(acme: Tenant, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    job = begin(cast, [rule(1)])

    def killed(*_args: Any, **_kwargs: Any) -> None:
        raise DatabaseError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(applying, "apply", killed)
        with pytest.raises(DatabaseError):
            jobs.confirm(actor_of(cast), job)
    assert fresh(job).state == "confirmed"
    assert jobs.work() == 0, "somebody may still be at it"
    with clock.frozen(clock.now() + timedelta(minutes=3)):
        assert jobs.work() == 1
    assert fresh(job).state == "done"
    assert acme.inbound_rules.count() == 1
    assert acme.rule_sets.count() == 1


def test_a_worker_that_lost_its_lease_undoes_what_it_did(
    acme: Tenant, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = begin(cast, [rule(1)])
    apply = applying.apply

    def slow(*args: Any, **kwargs: Any) -> Any:
        done = apply(*args, **kwargs)
        TransferJob.objects.filter(pk=job.pk).update(lease_token="somebody else's")
        return done

    monkeypatch.setattr(applying, "apply", slow)
    jobs.confirm(actor_of(cast), job)
    assert not acme.inbound_rules.exists()
    assert not acme.rule_sets.exists()
    assert fresh(job).state == "confirmed"


def test_a_job_that_kills_its_workers_is_given_up(acme: Tenant, cast: Cast) -> None:
    job = begin(cast, [rule(1)])
    TransferJob.objects.filter(pk=job.pk).update(state="checking", tries=3, lease_until=None)
    jobs.work()
    assert (fresh(job).state, fresh(job).result["error"]) == ("failed", "stopped")


def test_an_unexpected_error_ends_the_job_and_changes_nothing(
    acme: Tenant, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError

    job = begin(cast, [rule(1)])
    monkeypatch.setattr(planning, "plan", broken)
    jobs.confirm(actor_of(cast), job)
    assert (job.state, job.result["error"]) == ("failed", "unexpected")
    assert not acme.inbound_rules.exists()


def test_jobs_go_after_a_week_or_when_they_are_discarded(acme: Tenant, cast: Cast) -> None:
    old, young = begin(cast, [rule(1)]), begin(cast, [rule(2)])
    TransferJob.objects.filter(pk=old.pk).update(created_at=clock.now() - timedelta(days=8))
    assert jobs.prune() == 1
    jobs.discard(young)
    assert not TransferJob.objects.exists()


def test_an_import_of_members_says_how_many_letters_and_mails_them_once_done(
    acme: Tenant, cast: Cast, mailoutbox: list[Any], settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    data = reading.write(acme, "members", "csv") + b"new@acme.example,New,agent,555,none,yes,\r\n"
    job = jobs.begin(actor_of(cast), acme, kind="members", mode="add", data=data)
    assert job.result["mails"] == 1
    assert job.result["problems"] == []
    assert not mailoutbox
    jobs.confirm(actor_of(cast), job)
    assert acme.invitations.get().email == "new@acme.example"
    assert acme.audit_entries.filter(action="tenants.invitation.created").exists()
