"""The last requests of a configuration's webhook, and trying them again."""

import re
import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django_stubs_ext import StrOrPromise

from sms import rerouting
from sms.models import Configuration, Direction
from sms.showing import webhook_requests
from sms.showing.webhook_requests import Asked, Looks
from sms.webhooks import refused
from tenants import keyset
from tenants.access import TenantRequest, can, tenant_view
from tenants.roles import Permission

OUTCOMES: list[tuple[str, StrOrPromise]] = [
    ("taken", gettext_lazy("Taken")),
    ("refused", gettext_lazy("Refused")),
]
_SID = re.compile(r"[A-Za-z0-9]{1,34}")


def _one(request: TenantRequest, configuration_id: uuid.UUID) -> Configuration:
    rows = request.tenant.configurations.filter(deleted_at=None).select_related("tenant", "account")
    return get_object_or_404(rows, pk=configuration_id)


@tenant_view(Permission.CONFIGURATIONS_VIEW)
def webhook_request_list(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Show what came to the webhook, newest first: taken and refused, with the address that was signed."""
    configuration = _one(request, configuration_id)
    filters = {name: request.GET.get(name, "").strip() for name in ("q", "kind", "outcome")}
    sid = filters["q"] if _SID.fullmatch(filters["q"]) else ""
    before = keyset.read_cursor(request.GET.get(keyset.OLDER, ""))
    asked = Asked(
        kind=filters["kind"] if filters["kind"] in webhook_requests.KINDS else "",
        outcome=filters["outcome"] if filters["outcome"] in dict(OUTCOMES) else "",
        sid=sid,
        before=before if before and not isinstance(before.value, (str, int)) else None,
    )
    page = webhook_requests.page(Looks(configuration, can(request, Permission.MESSAGES_UNMASKED)), asked)
    context = {
        "configuration": configuration,
        "rows": page.rows,
        "older_url": _with(request, page.older) if page.older else "",
        "newer_url": _with(request, "") if asked.before else "",
        "filters": filters,
        "kinds": list(webhook_requests.KINDS.items()),
        "outcomes": OUTCOMES,
        "narrowed": any(filters.values()),
        "may_edit": can(request, Permission.CONFIGURATIONS_EDIT),
    }
    return render(request, "sms/webhook_request_list.html", context)


def _with(request: TenantRequest, before: str) -> str:
    parameters = request.GET.copy()
    parameters.pop(keyset.OLDER, None)
    if before:
        parameters[keyset.OLDER] = before
    return f"{request.path}?{parameters.urlencode()}" if parameters else request.path


def _back(request: TenantRequest, configuration: Configuration, done: bool, yes: str, no: str) -> HttpResponse:
    messages.add_message(request, messages.SUCCESS if done else messages.WARNING, yes if done else no)
    return redirect("sms:webhook_request_list", request.tenant.slug, configuration.pk)


@require_POST
@tenant_view(Permission.CONFIGURATIONS_EDIT)
def webhook_request_replay(request: TenantRequest, configuration_id: uuid.UUID, message_id: uuid.UUID) -> HttpResponse:
    """Try a text again that was taken and then went nowhere."""
    configuration = _one(request, configuration_id)
    rows = request.tenant.messages.filter(configuration=configuration, direction=Direction.IN)
    message = get_object_or_404(rows.select_related("tenant"), pk=message_id)
    return _back(
        request,
        configuration,
        rerouting.try_again(request.actor, message),
        _("It is tried again now."),
        _("There is nothing to try again: no rule fits it yet, or it has arrived meanwhile."),
    )


@require_POST
@tenant_view(Permission.CONFIGURATIONS_EDIT)
def webhook_request_check(
    request: TenantRequest, configuration_id: uuid.UUID, refused_request_id: uuid.UUID
) -> HttpResponse:
    """Check a refused request again: the Auth Token, or the public address, may fit it by now."""
    configuration = _one(request, configuration_id)
    row = get_object_or_404(
        configuration.refused_requests.select_related("tenant", "configuration"), pk=refused_request_id
    )
    return _back(
        request,
        configuration,
        refused.check_again(request.actor, row),
        _("It fits now, and is taken."),
        _("It still does not fit. Look at the likely cause beside it."),
    )
