"""Have Twilio's list of received texts read again, from a day on."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sms.forms.imports import ReadSinceForm
from sms.lists import importing
from sms.views.configurations import one
from tenants.access import TenantRequest, tenant_view
from tenants.roles import Permission


@tenant_view(Permission.CONFIGURATIONS_EDIT)
@require_POST
def configuration_import(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Have the list of received texts read again from a day on."""
    configuration = one(request, configuration_id)
    form = ReadSinceForm(request.POST)
    if form.is_valid():
        importing.read_since(request.actor, configuration, form.cleaned_data["since"])
        text = _("Twilio's list is being read. What is missing here comes in over the next minutes.")
        messages.success(request, text)
    else:
        messages.error(request, str(form.errors["since"][0]))
    return redirect(reverse("sms:configuration_detail", args=[request.tenant.slug, configuration.pk]) + "#list")
