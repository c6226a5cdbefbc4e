"""Ask Twilio who a configuration's account is."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from sms.forms.credentials import USE_REGION
from sms.models import Configuration
from sms.setup import connecting
from sms.twilio.account_words import REGION_NAMES, describe
from sms.twilio.errors import TwilioProblem
from sms.views.configurations import one
from tenants.access import TenantRequest, tenant_view
from tenants.roles import Permission


def _details(request: TenantRequest, configuration: Configuration) -> HttpResponse:
    return redirect(reverse("sms:configuration_detail", args=[request.tenant.slug, configuration.pk]) + "#numbers")


@tenant_view(Permission.CONFIGURATIONS_EDIT)
@require_POST
def configuration_check(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Ask Twilio who the account is, and which of the pool's numbers it has."""
    configuration = one(request, configuration_id)
    account, region = configuration.account, request.POST.get(USE_REGION, "")
    if account.tenant_id is not None and region in REGION_NAMES:
        finding = connecting.switch_region(request.actor, account, region)
    else:
        finding = connecting.check(account, request.actor)
    # An operator's other accounts are nothing for its tenants.
    text = describe(finding.result, finding.detail if account.tenant_id else "")
    (messages.success if finding.is_good else messages.warning)(request, text)
    if finding.is_good:
        try:
            connecting.mark_verified(configuration)
        except TwilioProblem as problem:
            messages.warning(request, str(problem))
    return _details(request, configuration)
