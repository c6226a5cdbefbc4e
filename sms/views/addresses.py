"""The portal's public addresses, for system administrators: what at Twilio still points to former ones, updating it."""

import csv
import uuid
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sms.models import JobState, PublicAddress, WebhookJob
from sms.pointing import addresses, jobs
from sms.setup import configuring
from sms.views.pointing import job_context
from tenants import clock
from tenants.access import SignedInRequest, system_view

_LAST_JOBS = 10
_SHOWN = 50


@system_view
def system_addresses(request: SignedInRequest) -> HttpResponse:
    """Say how many numbers at Twilio still point to former addresses, and which addresses are still accepted."""
    formers = addresses.formers()
    last = list(WebhookJob.objects.filter(tenant=None)[:_LAST_JOBS])
    context = {
        "formers": formers[:_SHOWN],
        "count": sum(former.count for former in formers),
        "current": settings.PUBLIC_BASE_URL,
        "address_problem": configuring.public_address_problem(settings.PUBLIC_BASE_URL),
        "remembered": PublicAddress.objects.filter(is_accepted=True)[:_SHOWN],
        "aliases": settings.PUBLIC_BASE_URL_ALIASES,
        "jobs": last,
        "running": next((job for job in last if job.state == JobState.RUNNING), None),
    }
    return render(request, "sms/system_addresses.html", context)


@system_view
def system_addresses_export(request: SignedInRequest) -> StreamingHttpResponse:
    """Hand out what points to former addresses, line by line."""
    name = f"former-addresses-{clock.now():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(_lines(addresses.export()), content_type="text/csv; charset=utf-8", headers=headers)


class _Line:
    """Hands back what is written, in place of keeping it."""

    def write(self, text: str) -> str:
        return text


def _lines(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    for row in rows:
        yield writer.writerow([_plain(cell) for cell in row])


def _plain(cell: str) -> str:
    """Keep a spreadsheet from taking a name for a formula; a number in E.164 stays as it is."""
    is_formula = cell[:1] in ("=", "@", "-", "\t", "\r") or (cell[:1] == "+" and not cell[1:].isdigit())
    return f"'{cell}" if is_formula else cell


@system_view
@require_POST
def system_addresses_move(request: SignedInRequest) -> HttpResponse:
    """Point what leads to former addresses, or to the one that is named, to the present one."""
    try:
        job = addresses.move(request.actor, request.POST.get("url", ""))
    except jobs.JobRefused as refused:
        messages.warning(request, str(refused))
        return redirect("sms:system_addresses")
    return redirect("sms:system_pointing_job", job.pk)


@system_view
@require_POST
def system_addresses_accept(request: SignedInRequest) -> HttpResponse:
    """Let signatures over a former address count that this portal did not know."""
    if addresses.accept(request.actor, request.POST.get("url", "")):
        messages.success(request, _("Texts that Twilio signs over this address are accepted from now on."))
    return redirect("sms:system_addresses")


# --- Jobs ---


def _job(webhook_job_id: uuid.UUID) -> WebhookJob:
    return get_object_or_404(WebhookJob.objects.filter(tenant=None).select_related("undoes"), pk=webhook_job_id)


@system_view
def system_pointing_job(request: SignedInRequest, webhook_job_id: uuid.UUID) -> HttpResponse:
    """Show how far an update of many tenants' numbers is."""
    job = _job(webhook_job_id)
    names = ("stop", "resume", "again", "undo")
    urls = {name: reverse(f"sms:system_pointing_job_{name}", args=[job.pk]) for name in names}
    return render(request, "sms/pointing_job.html", job_context(request, job) | {"urls": urls})


@system_view
@require_POST
def system_pointing_job_stop(request: SignedInRequest, webhook_job_id: uuid.UUID) -> HttpResponse:
    """Stop an update."""
    jobs.stop(request.actor, _job(webhook_job_id))
    return redirect("sms:system_pointing_job", webhook_job_id)


@system_view
@require_POST
def system_pointing_job_resume(request: SignedInRequest, webhook_job_id: uuid.UUID) -> HttpResponse:
    """Go on with a stopped update."""
    jobs.resume(request.actor, _job(webhook_job_id))
    return redirect("sms:system_pointing_job", webhook_job_id)


@system_view
@require_POST
def system_pointing_job_again(request: SignedInRequest, webhook_job_id: uuid.UUID) -> HttpResponse:
    """Try again what failed."""
    jobs.again(request.actor, _job(webhook_job_id))
    return redirect("sms:system_pointing_job", webhook_job_id)


@system_view
@require_POST
def system_pointing_job_undo(request: SignedInRequest, webhook_job_id: uuid.UUID) -> HttpResponse:
    """Put back what an update changed."""
    try:
        job = jobs.undo(request.actor, _job(webhook_job_id))
    except jobs.JobRefused as refused:
        messages.warning(request, str(refused))
        return redirect("sms:system_pointing_job", webhook_job_id)
    return redirect("sms:system_pointing_job", job.pk)
