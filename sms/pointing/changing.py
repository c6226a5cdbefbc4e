"""Carry out one change at Twilio: note what stands there, write, keep the answer.

The former values are committed before Twilio is asked to change them. A worker that dies in between leaves the change
begun; whoever takes it up asks Twilio what stands there, and loses nothing.
"""

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from sms.mirror import keeping
from sms.models import (
    ChangeKind,
    ChangeState,
    JobPurpose,
    TwilioNumber,
    TwilioService,
    WebhookChange,
    WebhookJob,
)
from sms.pointing import judging, planning
from sms.setup import configuring
from sms.twilio import numbers, services
from sms.twilio.errors import Problem, TwilioProblem
from sms.twilio.numbers import AccountNumber
from sms.twilio.services import AccountService
from tenants import audit, clock
from tenants.audit import Actor
from tenants.failpoints import failpoint

# A job of so many changes writes an audit entry for each; a longer one stands in the log as a whole.
FEW = 3
Found = AccountNumber | AccountService

# What decides where texts go; a difference in the rest is no reason to stop.
_DECIDES = ("sms_url", "sms_application_sid", "inbound_request_url", "use_inbound_webhook_on_number")


def carry_out(job: WebhookJob, change: WebhookChange) -> None:
    """Make one change, unless somebody else changed the same meanwhile.

    Raises:
        TwilioProblem: Twilio could not be asked; the change is as far as before, or begun.
    """
    try:
        _carry_out(job, change)
    except TwilioProblem as problem:
        if problem.kind == Problem.MISSING:
            _forget(change)
        # An answer without a code was not understood: it may be done, so it is asked again.
        if problem.kind != Problem.MISSING and not (problem.kind == Problem.FAILED and problem.code):
            raise
        finish(job, change, ChangeState.FAILED, str(problem))


def _carry_out(job: WebhookJob, change: WebhookChange) -> None:
    live = _read(change)
    if ended := _already(job, change, live):
        with transaction.atomic():
            _keep(change, live)
            finish(job, change, *ended)
        return
    if change.state == ChangeState.PLANNED:
        change.before, change.state = live.webhook, ChangeState.BEGUN
        change.save(update_fields=["before", "state"])
        failpoint("pointing.noted")
    written = _write(change)
    failpoint("pointing.written")
    with transaction.atomic():
        _keep(change, written)
        finish(job, change, ChangeState.DONE)


def _already(job: WebhookJob, change: WebhookChange, live: Found) -> tuple[ChangeState, str] | None:
    """Say how a change ends without a call: it stands so, or must not be made any more."""
    begun = change.state == ChangeState.BEGUN
    if _stands(live.webhook, change.after):
        if begun or job.purpose == JobPurpose.UNDO:
            return ChangeState.DONE, ""
        return ChangeState.SKIPPED, _("It stood so already.")
    if begun:
        return None if _stands(live.webhook, change.before) else (ChangeState.SKIPPED, _changed_since())
    why = _refusal(job, change, live)
    return (ChangeState.SKIPPED, why) if why else None


def _changed_since() -> str:
    return _("It was changed at Twilio since. It was left as it is; look at it again.")


def _refusal(job: WebhookJob, change: WebhookChange, live: Found) -> str:
    """Say why what was planned must not be done any more."""
    if job.purpose == JobPurpose.UNDO:
        return "" if _is_ours(job, change, live.webhook) else _changed_since()
    if problem := configuring.address_problem(change.configuration):
        return problem
    if job.purpose == JobPurpose.SET and isinstance(live, AccountNumber) and not _is_held(change):
        return _("It is not in the pool of this trunk any more.")
    decides = {name: value for name, value in change.before.items() if name in _DECIDES}
    return "" if _stands(live.webhook, decides) else _changed_since()


def _is_held(change: WebhookChange) -> bool:
    account, configuration = change.configuration.account, change.configuration
    if change.kind == ChangeKind.SHORT_CODE:
        return account.tenant_id == configuration.tenant_id
    return configuring.numbers_of(configuration).filter(e164=change.e164).exists()


def _is_ours(job: WebhookJob, undo: WebhookChange, live: dict[str, Any]) -> bool:
    """Whether what stands at Twilio is what we set there, by the change that is taken back or by a later one."""
    return any(_stands(live, change.after) for change in _taken_back(job, undo))


def _taken_back(job: WebhookJob, undo: WebhookChange) -> list[WebhookChange]:
    """Return the change that is taken back, and ours to the same number after it."""
    rows = WebhookChange.objects.filter(
        tenant_id=undo.tenant_id,
        configuration_id=undo.configuration_id,
        number_sid=undo.number_sid,
        state__in=[ChangeState.DONE, ChangeState.BEGUN],
        undone_at=None,
    )
    found = list(rows.order_by("-id"))
    by_job = job.undoes_id is not None
    for at, change in enumerate(found):
        if change.job_id == job.undoes_id if by_job else restored(change.before) == undo.after:
            return found[: at + 1]
    return []


def restored(before: dict[str, Any]) -> dict[str, Any]:
    """Return what to write to put back what stood there; Twilio takes no empty method."""
    return {name: value for name, value in before.items() if value != "" or not name.endswith("_method")}


# --- What stands there ---


def _stands(live: dict[str, Any], values: dict[str, Any]) -> bool:
    """Whether all of these values stand there."""
    return all(planning.same(live.get(name, ""), value) for name, value in values.items())


def _read(change: WebhookChange) -> Found:
    account = change.configuration.account
    if change.kind == ChangeKind.SERVICE:
        return services.fetch_service(account, change.number_sid)
    return numbers.fetch_number(account, change.number_sid)


def _write(change: WebhookChange) -> Found:
    account = change.configuration.account
    if change.kind == ChangeKind.SERVICE:
        return services.write_service(account, change.number_sid, change.after)
    return numbers.write_webhook(account, change.number_sid, change.after)


def _keep(change: WebhookChange, found: Found) -> None:
    """Let what was read from Twilio before say the same."""
    if isinstance(found, AccountService):
        keeping.services(change.configuration.account, [found])
    else:
        keeping.numbers(change.configuration.account, [found])


def _forget(change: WebhookChange) -> None:
    """Note that the account does not have it any more."""
    model = TwilioService if change.kind == ChangeKind.SERVICE else TwilioNumber
    gone = model.objects.filter(account=change.configuration.account_id, sid=change.number_sid, gone_at=None)
    gone.update(gone_at=clock.now())


# --- How it ended ---


def finish(job: WebhookJob, change: WebhookChange, state: ChangeState, problem: str = "") -> None:
    """End a change and count it, both or neither."""
    with transaction.atomic():
        change.state, change.problem = state, problem[:250]
        change.save(update_fields=["state", "problem"])
        counted = "failed" if state == ChangeState.FAILED else "done"
        WebhookJob.objects.filter(pk=job.pk).update(**{counted: F(counted) + 1})
        if state == ChangeState.DONE:
            _after(job, change)


def _after(job: WebhookJob, change: WebhookChange) -> None:
    if job.purpose == JobPurpose.UNDO:
        pks = [found.pk for found in _taken_back(job, change)]
        WebhookChange.objects.filter(pk__in=pks).update(undone_at=clock.now())
    if job.total <= FEW and job.tenant_id is not None:
        _record(actor_of(job), job, change)


def _record(actor: Actor, job: WebhookJob, change: WebhookChange) -> None:
    url = "inbound_request_url" if change.kind == ChangeKind.SERVICE else "sms_url"
    before, after = (judging.masked(values.get(url) or "") for values in (change.before, change.after))
    action = "sms.webhook.undone" if job.purpose == JobPurpose.UNDO else "sms.webhook.set"
    facts: dict[str, Any] = {"number": change.e164 or change.label, "sms_url": [before, after]}
    audit.record(actor, action, change.configuration, facts, tenant=change.configuration.tenant)


def actor_of(job: WebhookJob) -> Actor:
    """Return who ordered a job."""
    return Actor(label=job.made_by, user=job.user, member=job.member, managing=job.managing)
