"""Set webhooks at Twilio: what will change, setting it, how far that is, stopping it, trying again, undoing it."""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sms.mirror import reading
from sms.models import AccountReading, ChangeState, Configuration, JobState, WebhookChange, WebhookJob
from sms.pointing import choosing, jobs, planning
from sms.pointing.choosing import Choice
from sms.pointing.planning import Planned
from sms.setup import configuring
from sms.twilio.errors import TwilioProblem
from sms.views.configurations import one
from tenants import keyset
from tenants.access import SignedInRequest, TenantRequest, tenant_view
from tenants.roles import Permission

_SHOWN = 50
_MISSING = 20
_LAST_JOBS = 5


# --- What will change ---


@tenant_view(Permission.CONFIGURATIONS_EDIT)
def pointing_preview(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Show what setting the webhook would change, for what was chosen or for the whole pool."""
    configuration = one(request, configuration_id)
    problem = _ask_twilio(request, configuration) if request.method == "POST" else ""
    return _preview(request, configuration, problem)


def _ask_twilio(request: TenantRequest, configuration: Configuration) -> str:
    """Ask Twilio anew where that is quick: a few numbers, or an account never read. Returns what went wrong."""
    try:
        choosing.look_up(configuration, request.POST.getlist("sids"))
        choice = _choice(request, configuration)
        if choice.is_small:
            choosing.ask_anew(configuration, choice)
        elif choice.everything and not _was_read(configuration):
            reading.read_now(configuration.account)
    except TwilioProblem as error:
        return str(error)
    return ""


def _was_read(configuration: Configuration) -> bool:
    return AccountReading.objects.filter(account=configuration.account_id, finished_at__isnull=False).exists()


def _choice(request: TenantRequest, configuration: Configuration) -> Choice:
    return choosing.choose(configuration, request.POST.getlist("ids"), request.POST.getlist("sids"))


def _plan(request: TenantRequest, configuration: Configuration) -> tuple[Choice, list[Planned]]:
    choice = _choice(request, configuration)
    chosen = (name for name in request.POST if name.startswith("mode-"))
    modes = {name.removeprefix("mode-"): request.POST.get(name, "") for name in chosen}
    return choice, planning.plan(configuration, choice.numbers, choice.services, modes)


def _preview(
    request: TenantRequest, configuration: Configuration, problem: str = "", *, changed: bool = False
) -> HttpResponse:
    choice, planned = _plan(request, configuration)
    wanted = planning.changing(planned)
    left = [one for one in planned if not one.after]
    context: dict[str, Any] = {
        "configuration": configuration,
        "address_problem": configuring.address_problem(configuration),
        "problem": problem,
        "changed": changed,
        "choice": choice,
        "services": [_with_choices(one) for one in planned if one.modes],
        "wanted": wanted[:_SHOWN],
        "wanted_count": len(wanted),
        "more": max(0, len(wanted) - _SHOWN),
        "left": left[:_SHOWN],
        "left_count": len(left),
        "left_more": max(0, len(left) - _SHOWN),
        "digest": planning.digest(planned),
        "ids": request.POST.getlist("ids"),
        "sids": request.POST.getlist("sids"),
    }
    if choice.everything:
        context["was_read"] = _was_read(configuration)
        context["missing"] = list(choosing.missing(configuration)[: _MISSING + 1])
        context["jobs"] = configuration.webhook_jobs.all()[:_LAST_JOBS]
    return render(request, "sms/pointing_preview.html", context)


def _with_choices(planned: Planned) -> dict[str, Any]:
    """Return a Messaging Service with what can be done with it, in words."""
    texts = {
        planning.ServiceMode.SERVICE: _("Texts to all its numbers come here"),
        planning.ServiceMode.NUMBERS: _("Each number decides for itself; those of this pool are set"),
        planning.ServiceMode.LEAVE: _("Leave the service as it is"),
    }
    choices = [(mode.value, texts[mode], mode == planned.mode) for mode in planning.ServiceMode]
    return {"planned": planned, "choices": choices}


@tenant_view(Permission.CONFIGURATIONS_EDIT)
@require_POST
def pointing_begin(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Set what the preview showed; when that is another now, show it again."""
    configuration = one(request, configuration_id)
    _unused, planned = _plan(request, configuration)
    if planning.digest(planned) != request.POST.get("digest", ""):
        return _preview(request, configuration, changed=True)
    try:
        job = jobs.begin(request.actor, configuration, planned)
    except jobs.JobRefused as refused:
        return _preview(request, configuration, str(refused))
    return redirect("sms:pointing_job", request.tenant.slug, job.pk)


# --- How far it is ---


def _job(request: TenantRequest, webhook_job_id: uuid.UUID) -> WebhookJob:
    jobs_of_tenant = request.tenant.webhook_jobs.select_related("configuration", "undoes")
    return get_object_or_404(jobs_of_tenant, pk=webhook_job_id)


@tenant_view(Permission.CONFIGURATIONS_EDIT)
def pointing_job(request: TenantRequest, webhook_job_id: uuid.UUID) -> HttpResponse:
    """Show how far a job is, and what became of each change."""
    job = _job(request, webhook_job_id)
    context = job_context(request, job) | {"urls": _urls(request, job)}
    return render(request, "sms/pointing_job.html", context)


def _urls(request: TenantRequest, job: WebhookJob) -> dict[str, str]:
    arguments = [request.tenant.slug, job.pk]
    names = ("stop", "resume", "again", "undo")
    return {name: reverse(f"sms:pointing_job_{name}", args=arguments) for name in names}


def job_context(request: SignedInRequest, job: WebhookJob) -> dict[str, Any]:
    """Return what a page of a job shows: counts, a page of its changes, what can be done."""
    rows = job.changes.select_related("tenant", "configuration")
    states = {row["state"]: row["count"] for row in job.changes.order_by().values("state").annotate(count=Count("pk"))}
    shown = request.GET.get("state", "")
    if shown in ChangeState.values:
        rows = rows.filter(state=shown)
    page = keyset.page(rows, request, at="id", descending=False)
    failed = states.get(ChangeState.FAILED, 0)
    total = sum(states.values())
    return {
        "job": job,
        "page": page,
        "rows": [_row(job, row) for row in page.rows],
        "tabs": [(state.value, state.label, states[state]) for state in ChangeState if states.get(state)],
        "shown": shown,
        "total": total,
        "ended": total - states.get(ChangeState.PLANNED, 0) - states.get(ChangeState.BEGUN, 0),
        "counts": {
            "done": states.get(ChangeState.DONE, 0),
            "failed": failed,
            "skipped": states.get(ChangeState.SKIPPED, 0),
        },
        "is_running": job.state == JobState.RUNNING,
        "is_stopped": job.state == JobState.STOPPED,
        "may_undo": job.state != JobState.RUNNING and jobs.undoable(job).exists(),
    }


def _row(job: WebhookJob, change: WebhookChange) -> dict[str, Any]:
    """Return a change with what it sets; one of several that stands can be taken back alone."""
    stands = change.state == ChangeState.DONE and change.undone_at is None and job.state != JobState.RUNNING
    return {
        "change": change,
        "differences": planning.differences(change.before, change.after),
        "may_undo": stands and job.total > 1 and job.tenant_id is not None,
    }


@tenant_view(Permission.CONFIGURATIONS_EDIT)
@require_POST
def pointing_job_stop(request: TenantRequest, webhook_job_id: uuid.UUID) -> HttpResponse:
    """Stop a job."""
    job = _job(request, webhook_job_id)
    jobs.stop(request.actor, job)
    return _back(request, job)


@tenant_view(Permission.CONFIGURATIONS_EDIT)
@require_POST
def pointing_job_resume(request: TenantRequest, webhook_job_id: uuid.UUID) -> HttpResponse:
    """Go on with a stopped job."""
    job = _job(request, webhook_job_id)
    jobs.resume(request.actor, job)
    return _back(request, job)


@tenant_view(Permission.CONFIGURATIONS_EDIT)
@require_POST
def pointing_job_again(request: TenantRequest, webhook_job_id: uuid.UUID) -> HttpResponse:
    """Try again what failed."""
    job = _job(request, webhook_job_id)
    jobs.again(request.actor, job)
    return _back(request, job)


@tenant_view(Permission.CONFIGURATIONS_EDIT)
@require_POST
def pointing_job_undo(request: TenantRequest, webhook_job_id: uuid.UUID) -> HttpResponse:
    """Put back what a job changed."""
    job = _job(request, webhook_job_id)
    try:
        job = jobs.undo(request.actor, job)
    except jobs.JobRefused as refused:
        messages.warning(request, str(refused))
    return _back(request, job)


def _back(request: TenantRequest, job: WebhookJob) -> HttpResponse:
    return redirect("sms:pointing_job", request.tenant.slug, job.pk)


def _changes(request: TenantRequest) -> QuerySet[WebhookChange]:
    standing = (ChangeState.DONE, ChangeState.BEGUN)
    rows = request.tenant.webhook_changes.filter(state__in=standing, undone_at=None)
    return rows.select_related("configuration__account", "configuration__tenant", "job")


@tenant_view(Permission.CONFIGURATIONS_EDIT)
@require_POST
def pointing_change_undo(request: TenantRequest, webhook_change_id: uuid.UUID) -> HttpResponse:
    """Put back what stood at one number or service."""
    change = get_object_or_404(_changes(request), pk=webhook_change_id)
    return _back(request, jobs.undo_change(request.actor, change))
