"""Texts that a rule holds: a person lets them go."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sms import outbound
from sms.showing import log
from tenants.access import TenantRequest, tenant_view
from tenants.roles import Permission


@require_POST
@tenant_view(Permission.RULES_EDIT)
def message_release(request: TenantRequest, message_id: uuid.UUID) -> HttpResponse:
    """Release a text that a rule holds, before its opening, too: who may change the rule may let its texts go."""
    message = get_object_or_404(log.visible_to(request), pk=message_id)
    if outbound.release(request.actor, message):
        messages.success(request, _("The text is released: it goes now."))
    else:
        messages.warning(request, _("It was not released: its state says why, or its words have been erased."))
    return redirect("sms:message_detail", request.tenant.slug, message.id)
