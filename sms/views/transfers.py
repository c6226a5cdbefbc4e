"""Pages of import and export: what there is, one kind with its columns, one import from its check to its end."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sms.forms.transfers import ImportForm
from sms.models import TransferJob
from sms.transfer import jobs, kinds, reading
from sms.transfer.kinds import EVERYTHING
from tenants import clock
from tenants.access import TenantRequest, can, tenant_view
from tenants.roles import Permission

_SHOWN_JOBS = 20
_TYPES = {reading.CSV: "text/csv; charset=utf-8", reading.JSON: "application/json"}


@tenant_view(Permission.RULES_VIEW)
def transfer_home(request: TenantRequest) -> HttpResponse:
    """List what can be exported and imported, and the imports of the last days."""
    rows = [{"name": kind.name, "label": kind.label, **_may(request, kind.name)} for kind in kinds.KINDS.values()]
    rows.append({"name": EVERYTHING, "label": _("Everything"), "only_json": True, **_may(request, EVERYTHING)})
    waiting = request.tenant.transfer_jobs.defer("file")[: _SHOWN_JOBS * 2]
    context = {
        "rows": [row for row in rows if row["may_export"]],
        "jobs": [_with_label(job) for job in waiting if _may(request, job.kind)["may_import"]][:_SHOWN_JOBS],
    }
    return render(request, "sms/transfer_home.html", context)


@tenant_view(Permission.RULES_VIEW)
def transfer_kind(request: TenantRequest, kind: str) -> HttpResponse:
    """Say how a file of one kind is written, and take one in."""
    may = _may(request, kind)
    if not may["may_export"] or (request.method == "POST" and not may["may_import"]):
        raise PermissionDenied
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        mode = form.cleaned_data["mode"]
        job = jobs.begin(
            request.actor, request.tenant, kind=kind, mode=mode, data=file.read(), file_name=file.name or ""
        )
        return redirect("sms:transfer_job", request.tenant.slug, job.pk)
    columns = [column for one in kinds.of(kind) for column in one.columns.values()] if kind != EVERYTHING else []
    context = {"form": form, "kind": kind, "label": _label(kind), "columns": columns, **may}
    return render(request, "sms/transfer_kind.html", context)


@tenant_view(Permission.RULES_VIEW)
def transfer_export(request: TenantRequest, kind: str, form: str) -> HttpResponse:
    """Hand out a file."""
    if not _may(request, kind)["may_export"]:
        raise PermissionDenied
    if form == reading.CSV and kind == EVERYTHING:
        raise Http404
    name = f"{request.tenant.slug}-{kind}-{clock.now().astimezone(request.tenant.zone):%Y-%m-%d}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(reading.write(request.tenant, kind, form), content_type=_TYPES[form], headers=headers)


@tenant_view(Permission.RULES_EDIT)
def transfer_job(request: TenantRequest, transfer_job_id: uuid.UUID) -> HttpResponse:
    """Show how far an import is, what it would do, or what it did."""
    job = _one(request, transfer_job_id)
    plans = [{**plan, "label": _label(plan["kind"]), "what": _named(plan)} for plan in job.result.get("kinds", ())]
    problems = [
        {**problem, "label": _label(problem["kind"]) if problem["kind"] else ""}
        for problem in job.result.get("problems", ())
    ]
    context = {"job": job, "label": _label(job.kind), "plans": plans, "problems": problems, "result": job.result}
    return render(request, "sms/transfer_job.html", context)


@tenant_view(Permission.RULES_EDIT)
@require_POST
def transfer_confirm(request: TenantRequest, transfer_job_id: uuid.UUID) -> HttpResponse:
    """Carry out what the check showed."""
    job = _one(request, transfer_job_id)
    if not jobs.confirm(request.actor, job):
        messages.warning(request, _("This import is under way or over already."))
    return redirect("sms:transfer_job", request.tenant.slug, job.pk)


@tenant_view(Permission.RULES_EDIT)
@require_POST
def transfer_discard(request: TenantRequest, transfer_job_id: uuid.UUID) -> HttpResponse:
    """Forget an import."""
    jobs.discard(_one(request, transfer_job_id))
    return redirect("sms:transfer_home", request.tenant.slug)


def _one(request: TenantRequest, transfer_job_id: uuid.UUID) -> TransferJob:
    """Return one of the tenant's imports that the visitor may carry out."""
    job = get_object_or_404(request.tenant.transfer_jobs, pk=transfer_job_id)
    if not _may(request, job.kind)["may_import"]:
        raise PermissionDenied
    return job


def _may(request: TenantRequest, name: str) -> dict[str, bool]:
    """Say what the visitor may do with a kind: as on its own pages."""
    chosen = kinds.of(name)
    return {
        "may_export": all(can(request, kind.view) for kind in chosen),
        "may_import": all(can(request, kind.edit) for kind in chosen),
    }


def _label(name: str) -> str:
    return str(_("Everything") if name == EVERYTHING else kinds.KINDS[name].label)


def _with_label(job: TransferJob) -> dict[str, Any]:
    return {"job": job, "label": _label(job.kind)}


def _named(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is added, changed and removed, with the first names of each."""
    found = [
        {
            "what": what,
            "count": plan[what],
            "names": plan["names"][what],
            "more": plan[what] - len(plan["names"][what]),
        }
        for what in ("added", "changed", "removed")
    ]
    return [one for one in found if one["count"]]
