"""Pages for API keys."""

import uuid

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from tenants import api_keys, keyset
from tenants.access import TenantRequest, tenant_view
from tenants.roles import Permission


class ApiKeyForm(forms.Form):
    """A name for a new key."""

    name = forms.CharField(label=_("Name"), max_length=64, help_text=_("What will use it, such as “CRM”."))


@tenant_view(Permission.API_KEYS_MANAGE)
def api_key_list(request: TenantRequest) -> HttpResponse:
    """Show the keys; revoked ones stay for the record."""
    page = keyset.page(request.tenant.api_keys.all(), request, at="created_at")
    return render(request, "tenants/api_key_list.html", {"page": page})


@tenant_view(Permission.API_KEYS_MANAGE)
def api_key_new(request: TenantRequest) -> HttpResponse:
    """Make a key and show it, once."""
    form = ApiKeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row, text = api_keys.create(request.actor, request.tenant, form.cleaned_data["name"].strip())
        except api_keys.ApiKeyError as error:
            form.add_error("name", str(error))
        else:
            response = render(request, "tenants/api_key_shown.html", {"key": row, "text": text})
            response["Cache-Control"] = "no-store"
            return response
    return render(request, "tenants/api_key_new.html", {"form": form})


@require_POST
@tenant_view(Permission.API_KEYS_MANAGE)
def api_key_revoke(request: TenantRequest, api_key_id: uuid.UUID) -> HttpResponse:
    """End a key at once."""
    api_keys.revoke(request.actor, get_object_or_404(request.tenant.api_keys, pk=api_key_id))
    messages.success(request, _("The key is revoked."))
    return redirect("tenants:api_key_list", request.tenant.slug)
