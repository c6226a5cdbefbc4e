"""Senders that Twilio will not carry: the button that lets one go on."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sms.queueing import breaker
from sms.views.configurations import one
from tenants.access import TenantRequest, tenant_view
from tenants.roles import Permission


@tenant_view(Permission.CONFIGURATIONS_EDIT)
@require_POST
def sender_release(request: TenantRequest, configuration_id: uuid.UUID, sender_id: uuid.UUID) -> HttpResponse:
    """Send from a stopped sender again."""
    configuration = one(request, configuration_id)
    sender = get_object_or_404(request.tenant.senders.filter(configuration=configuration), pk=sender_id)
    if breaker.release_sender(request.actor, sender):
        messages.success(request, _("Texts from %s are sent again.") % sender.address)
    return redirect(configuration.get_absolute_url())
