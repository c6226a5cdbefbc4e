"""The webhook of a configuration, the token that signs it, and the guide through the Twilio console."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from sms.forms.configurations import RotateForm
from sms.forms.credentials import TokenForm
from sms.setup import configuring, connecting, guide
from sms.views.configurations import finding_context, found, may_save, one, say, webhook_context
from tenants.access import TenantRequest, can, tenant_view
from tenants.roles import Permission


@tenant_view(Permission.CONFIGURATIONS_EDIT)
def configuration_token(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Replace the Auth Token; the former is accepted until the first webhook signed with the new one."""
    configuration = get_object_or_404(found(request).filter(account__tenant=request.tenant), pk=configuration_id)
    form = TokenForm(request.POST or None, typed_by=request.user.pk)
    finding = None
    if request.method == "POST" and form.is_valid():
        token, region = form.cleaned_data["auth_token"], form.region
        finding = connecting.try_token(configuration, token, region)
        if may_save(request, finding):
            configuring.replace_token(request.actor, configuration, token, finding=finding, region=region)
            say(request, configuration, finding)
            return redirect("sms:configuration_detail", request.tenant.slug, configuration.pk)
    context = {
        "configuration": configuration,
        "form": form,
        "others": configuration.account.configurations.filter(deleted_at=None).exclude(pk=configuration.pk),
    }
    return render(request, "sms/configuration_token.html", context | finding_context(finding))


@tenant_view(Permission.WEBHOOK_COPY)
def configuration_webhook(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Show the webhook with the steps in the Twilio console."""
    configuration = one(request, configuration_id)
    context = {
        "configuration": configuration,
        "statements": {said.key: said for said in guide.for_page(guide.WEBHOOK, request.tenant)},
        "numbers": configuring.numbers_of(configuration)[:20],
        "may_edit": can(request, Permission.CONFIGURATIONS_EDIT),
    }
    return render(request, "sms/configuration_webhook.html", context | webhook_context(request, configuration))


@tenant_view(Permission.CONFIGURATIONS_EDIT)
def configuration_webhook_rotate(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Make a new webhook address; the former works for the overlap that was chosen."""
    configuration = one(request, configuration_id)
    form = RotateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        configuring.rotate_key(request.actor, configuration, overlap_days=form.cleaned_data["overlap_days"])
        messages.success(request, _("The webhook has a new address. Paste it at each number in Twilio."))
        return redirect("sms:configuration_webhook", request.tenant.slug, configuration.pk)
    context = {"configuration": configuration, "form": form, "pointing": connecting.open_changes(configuration)}
    return render(request, "sms/configuration_webhook_rotate.html", context)


@tenant_view(Permission.CONFIGURATIONS_VIEW)
def guide_page(request: TenantRequest) -> HttpResponse:
    """Show everything an administrator must know, on one page."""
    return render(request, "sms/guide.html", {"statements": guide.for_page(guide.GUIDE, request.tenant)})
