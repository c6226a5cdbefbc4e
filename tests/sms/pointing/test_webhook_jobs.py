"""Jobs over many numbers: paced, stopped, killed and taken up again, put off and tried again, with nothing lost."""

from datetime import timedelta

import pytest

from sms import connect_work
from sms.models import HealthSchedule, TwilioNumber, WebhookChange, WebhookJob
from sms.pointing import jobs, planning
from sms.setup import configuring
from sms.twilio import numbers as at_twilio
from sms.twilio.errors import Problem, TwilioProblem
from sms.twilio.numbers import AccountNumber
from tenants import clock, failpoints
from tenants.audit import Actor
from tenants.failpoints import Failed
from tenants.models import AuditEntry
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER

ALICE = Actor("alice@acme.example")
ELSEWHERE = "https://crm.example/in"
FIELDS = ("sms_url", "sms_method", "sms_fallback_url", "sms_fallback_method", "sms_application_sid")


class Twilio:
    """An account with numbers, in place of Twilio: what was asked, and what is answered next."""

    def __init__(self) -> None:
        self.webhooks: dict[str, dict[str, str]] = {}
        self.calls: list[tuple[str, str]] = []
        self.problems: list[TwilioProblem] = []

    def _number(self, sid: str) -> AccountNumber:
        if sid not in self.webhooks:
            raise TwilioProblem(Problem.MISSING, "Twilio does not know this any more.", code=20404)
        return AccountNumber(sid, e164_of(sid), "", sms=True, mms=True, webhook=dict(self.webhooks[sid]))

    def fetch(self, account: object, sid: str) -> AccountNumber:
        self.calls.append(("fetch", sid))
        if self.problems:
            raise self.problems.pop(0)
        return self._number(sid)

    def write(self, account: object, sid: str, webhook: dict[str, str]) -> AccountNumber:
        self.calls.append(("write", sid))
        self._number(sid)
        self.webhooks[sid] |= webhook
        return self._number(sid)

    def written(self) -> list[str]:
        return [sid for what, sid in self.calls if what == "write"]


def sid_of(at: int) -> str:
    return f"PN{at:032x}"


def e164_of(sid: str) -> str:
    return f"+1202555{int(sid[2:], 16):04d}"


@pytest.fixture
def twilio(monkeypatch):
    made = Twilio()
    monkeypatch.setattr(at_twilio, "fetch_number", made.fetch)
    monkeypatch.setattr(at_twilio, "write_webhook", made.write)
    return made


@pytest.fixture
def configuration(cast, settings, hinted, twilio):
    settings.PUBLIC_BASE_URL = "https://portal.example"
    return cast.configuration


def hold(cast, twilio, count: int) -> None:
    """Give Acme's pool and account this many numbers, all of which go elsewhere."""
    from sms.models import PhoneNumber

    pool = PhoneNumber.objects.filter(tenant=cast.acme).first().pool
    sids = [sid_of(at) for at in range(1000, 1000 + count)]
    twilio.webhooks = {sid: dict.fromkeys(FIELDS, "") | {"sms_url": ELSEWHERE, "sms_method": "POST"} for sid in sids}
    PhoneNumber.objects.bulk_create(PhoneNumber(tenant=cast.acme, pool=pool, e164=e164_of(sid)) for sid in sids)
    rows = [
        TwilioNumber(account=cast.account, sid=sid, e164=e164_of(sid), sms=True, sms_url=ELSEWHERE, sms_method="POST")
        for sid in sids
    ]
    TwilioNumber.objects.bulk_create(rows)


def begin(cast, twilio, count: int) -> WebhookJob:
    hold(cast, twilio, count)
    rows = TwilioNumber.objects.filter(account=cast.account).order_by("e164")
    return jobs.begin(ALICE, cast.configuration, planning.plan(cast.configuration, rows))


def fresh(job: WebhookJob) -> WebhookJob:
    return WebhookJob.objects.get(pk=job.pk)


def states(job: WebhookJob) -> list[str]:
    return list(job.changes.order_by("id").values_list("state", flat=True))


def test_hundreds_of_numbers_are_set_a_few_a_second(cast, configuration, twilio, pauses):
    job = begin(cast, twilio, 500)
    assert (job.state, job.total, twilio.calls) == ("running", 500, [])
    assert jobs.work() == 500
    job = fresh(job)
    assert (job.state, job.done, job.failed) == ("done", 500, 0)
    ours = configuring.webhook_url(configuration)
    assert {webhook["sms_url"] for webhook in twilio.webhooks.values()} == {ours}
    # After each change there is a wait that makes four a second of them.
    assert len(pauses) == 500
    assert max(pauses) <= 1 / jobs.PER_SECOND
    assert AuditEntry.objects.filter(action="sms.webhook.many_set").count() == 1


def test_many_are_put_back_as_they_were(cast, configuration, twilio):
    job = begin(cast, twilio, 60)
    jobs.work()
    undo = jobs.undo(ALICE, fresh(job))
    assert AuditEntry.objects.filter(action="sms.webhook.many_undone").count() == 1
    jobs.work()
    assert (fresh(undo).done, fresh(undo).undoes) == (60, job)
    assert {webhook["sms_url"] for webhook in twilio.webhooks.values()} == {ELSEWHERE}
    assert not jobs.undoable(job).exists()


def test_a_job_is_worked_by_the_rounds_and_hinted_at(
    cast, configuration, twilio, hinted, django_capture_on_commit_callbacks
):
    HealthSchedule.objects.create(tenant=cast.acme, configuration=configuration, due_at=clock.now() + timedelta(days=1))
    with django_capture_on_commit_callbacks(execute=True):
        job = begin(cast, twilio, 4)
    assert hinted == ["connect"]
    assert connect_work.rounds()["webhooks"](lambda: False) == 4
    assert fresh(job).state == "done"
    assert HealthSchedule.objects.get(configuration=configuration).due_at <= clock.now()


def test_others_have_their_turn_and_one_that_has_to_end_leaves_the_rest(cast, configuration, twilio):
    job = begin(cast, twilio, 45)
    looks = iter([False] * 7)
    assert jobs.work(lambda: next(looks, True)) == 6
    assert states(job).count("done") == 6
    assert fresh(job).lease_until is None
    assert jobs.work() == 39


@pytest.mark.parametrize("place", ["pointing.noted", "pointing.written"])
@pytest.mark.parametrize("state", ["done", "elsewhere"])
def test_a_worker_that_dies_loses_nothing(cast, configuration, twilio, tmp_path, place, state):
    job = begin(cast, twilio, 5)
    failpoints.arm(f"{place}:raise:hit=3", tmp_path)
    try:
        with pytest.raises(Failed):
            jobs.work()
    finally:
        failpoints.arm("", tmp_path)
    assert states(job) == ["done", "done", "begun", "planned", "planned"]
    third = job.changes.order_by("id")[2]
    assert third.before["sms_url"] == ELSEWHERE
    if state == "elsewhere":
        # Somebody else set it before the job was taken up again.
        twilio.webhooks[third.number_sid]["sms_url"] = "https://other.example/"
    with clock.frozen(clock.now()):
        assert jobs.work() == 0
    with clock.frozen(clock.now() + timedelta(minutes=3)):
        assert jobs.work() == 3
        third.refresh_from_db()
        assert third.state == ("skipped" if state == "elsewhere" else "done")
        assert third.before["sms_url"] == ELSEWHERE
        # Written once, whether the first worker did it or the second.
        assert twilio.written().count(third.number_sid) == (
            0 if (state, place) == ("elsewhere", "pointing.noted") else 1
        )
        jobs.undo(ALICE, fresh(job))
        jobs.work()
    left = {webhook["sms_url"] for webhook in twilio.webhooks.values()}
    assert left == ({ELSEWHERE, "https://other.example/"} if state == "elsewhere" else {ELSEWHERE})


def test_a_busy_twilio_is_left_in_peace_longer_each_time(cast, configuration, twilio):
    job = begin(cast, twilio, 4)
    busy = TwilioProblem(Problem.BUSY, "Twilio is busy. Try again in a minute.", code=20429)
    twilio.problems = [busy, busy]
    waits = []
    for _round in range(2):
        assert jobs.work() == 0
        job = fresh(job)
        waits.append((job.due_at - clock.now()).total_seconds())
        assert (job.state, job.problem) == ("running", "Twilio is busy. Try again in a minute.")
        WebhookJob.objects.update(due_at=clock.now())
    assert waits[1] > waits[0]
    assert jobs.work() == 4
    assert (fresh(job).state, fresh(job).problem) == ("done", "")


def test_refused_credentials_end_the_job_with_one_question_and_it_is_tried_again(cast, configuration, twilio):
    job = begin(cast, twilio, 30)
    twilio.problems = [TwilioProblem(Problem.REFUSED, "Twilio refused the credentials.", code=20003)]
    assert jobs.work() == 30
    job = fresh(job)
    assert (job.state, job.failed, len(twilio.calls)) == ("done", 30, 1)
    assert job.changes.first().problem == "Twilio refused the credentials."
    assert jobs.again(ALICE, job) == 30
    assert jobs.work() == 30
    assert (fresh(job).done, fresh(job).failed) == (30, 0)


def test_a_number_that_is_gone_fails_alone(cast, configuration, twilio):
    job = begin(cast, twilio, 4)
    del twilio.webhooks[sid_of(1001)]
    jobs.work()
    assert states(job) == ["done", "failed", "done", "done"]
    assert TwilioNumber.objects.get(sid=sid_of(1001)).gone_at is not None


def test_a_job_is_stopped_and_goes_on(cast, configuration, twilio):
    job = begin(cast, twilio, 10)
    looks = iter([False] * 4)
    jobs.work(lambda: next(looks, True))
    assert jobs.stop(ALICE, job)
    assert not jobs.stop(ALICE, job)
    assert jobs.work() == 0
    assert states(job).count("planned") == 7
    with pytest.raises(jobs.JobRefused):
        jobs.begin(ALICE, configuration, [])
    assert jobs.resume(ALICE, job)
    assert jobs.work() == 7
    with pytest.raises(jobs.JobRefused, match="Stop it first"):
        jobs.undo(ALICE, WebhookJob(state="running"))


def test_a_number_that_left_the_pool_meanwhile_is_not_set(cast, configuration, twilio):
    job = begin(cast, twilio, 4)
    cast.acme.phone_numbers.filter(e164=e164_of(sid_of(1002))).update(released_at=clock.now())
    jobs.work()
    assert states(job) == ["done", "done", "skipped", "done"]
    assert twilio.webhooks[sid_of(1002)]["sms_url"] == ELSEWHERE


def test_a_real_twilio_that_asks_to_slow_down_is_asked_again(scene):
    scene.read()
    rows = TwilioNumber.objects.filter(e164__in=[OUR_NUMBER, OUR_SECOND_NUMBER]).order_by("e164")
    scene.sandbox.fault("http_429", match={"account": scene.account["sid"], "operation": "any"}, count=1)
    job = jobs.begin(ALICE, scene.configuration, planning.plan(scene.configuration, rows))
    assert (job.state, job.done, bool(job.problem)) == ("running", 0, True)
    with clock.frozen(clock.now() + timedelta(minutes=6)):
        assert jobs.work() == 2
    assert scene.at_twilio()["sms_url"] == configuring.webhook_url(scene.configuration)
    assert WebhookChange.objects.filter(state="done").count() == 2
