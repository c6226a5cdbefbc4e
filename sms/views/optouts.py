"""Opt-outs: who does not want texts, since when and why."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from rules.e164 import NumberError, format_for_people, parse_number
from sms import optouts
from sms.composing import writing
from sms.showing import log
from tenants import keyset
from tenants.access import TenantRequest, tenant_view
from tenants.roles import Permission


class OptOutForm(forms.Form):
    """A number that asked, by any means, not to be texted."""

    their_address = forms.CharField(label=_("Their number"), max_length=40)
    our_address = forms.ChoiceField(label=_("Our number"), help_text=_("Texts between these two numbers stop."))

    def __init__(self, *args: Any, numbers: list[str], country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country = country
        choices = [(number, format_for_people(number)) for number in numbers]
        self.fields["our_address"] = forms.ChoiceField(label=_("Our number"), choices=choices)

    def clean_their_address(self) -> str:
        """Read the number as people write it."""
        try:
            return parse_number(self.cleaned_data["their_address"], self.country)
        except NumberError as error:
            raise forms.ValidationError(str(error)) from error


@tenant_view(Permission.OPT_OUTS_EDIT)
def opt_out_list(request: TenantRequest) -> HttpResponse:
    """Show who has opted out."""
    rows = request.tenant.opt_outs.all() if request.GET.get("all") else request.tenant.opt_outs.filter(ended_at=None)
    digits = "".join(c for c in request.GET.get("q", "") if c.isdigit())
    if digits:
        rows = rows.filter(Q(their_address__contains=digits) | Q(our_address__contains=digits))
    context = {
        "page": keyset.page(rows, request, at="created_at"),
        "q": request.GET.get("q", ""),
        "all": bool(request.GET.get("all")),
    }
    return render(request, "sms/opt_out_list.html", context)


@tenant_view(Permission.OPT_OUTS_EDIT)
def opt_out_new(request: TenantRequest) -> HttpResponse:
    """Add an opt-out that came by another way than a text."""
    numbers = writing.senders_of(request.tenant, None)
    form = OptOutForm(request.POST or None, numbers=numbers, country=request.tenant.country, initial=_asked(request))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        optouts.add(request.tenant, data["our_address"], data["their_address"], source="person", actor=request.actor)
        messages.success(request, _("Texts to this number are stopped."))
        return redirect("sms:opt_out_list", request.tenant.slug)
    return render(request, "sms/opt_out_new.html", {"form": form, "numbers": numbers})


def _asked(request: TenantRequest) -> dict[str, str]:
    """Return the two numbers of the text that the address names."""
    asked = keyset.read_id(request.GET.get("message", ""))
    text = log.visible_to(request).filter(pk=asked).first() if asked else None
    return {"their_address": format_for_people(text.their_address), "our_address": text.our_address} if text else {}


@require_POST
@tenant_view(Permission.OPT_OUTS_EDIT)
def opt_out_end(request: TenantRequest, opt_out_id: uuid.UUID) -> HttpResponse:
    """Let texts pass again."""
    opt_out = get_object_or_404(request.tenant.opt_outs.filter(ended_at=None), pk=opt_out_id)
    optouts.end(request.actor, opt_out)
    messages.success(request, _("Texts pass again. Do this only if they asked for it; Twilio may still refuse."))
    return redirect("sms:opt_out_list", request.tenant.slug)
