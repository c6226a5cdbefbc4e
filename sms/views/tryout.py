"""Try rules out: GET forms that show what would become of a text. Nothing is sent or stored."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from rules.e164 import NumberError, parse_number
from rules.forms.tryout import AS_IT_IS, FIRST, InboundTryoutForm, OutboundTryoutForm, instant
from sms.trying import tryout
from tenants.access import TenantRequest, tenant_view
from tenants.roles import Permission


@tenant_view(Permission.RULES_VIEW)
def tryout_inbound(request: TenantRequest) -> HttpResponse:
    """Say where a text would go that comes in."""
    form = InboundTryoutForm(request.GET or None)
    result = None
    if form.is_valid():
        data, country = form.cleaned_data, request.tenant.country
        result = tryout.try_inbound(
            request.tenant,
            our_address=tryout.address_of(data["number"], country),
            their_address=tryout.address_of(data["sender"], country),
            body=data["text"],
            conversation={AS_IT_IS: None, FIRST: ""}.get(data["conversation"], data["conversation"]),
            **_asked(request, data),
        )
    context = {"form": form, "result": result, "detail": "rules:inbound_rule_detail"}
    return render(request, "rules/tryout_inbound.html", context)


@tenant_view(Permission.RULES_VIEW)
def tryout_outbound(request: TenantRequest) -> HttpResponse:
    """Say how a text would leave, and from which sender."""
    form = OutboundTryoutForm(request.GET or None, tenant=request.tenant)
    result = None
    if form.is_valid():
        data = form.cleaned_data
        try:
            to = parse_number(data["recipient"], request.tenant.country)
        except NumberError as error:
            form.add_error("recipient", str(error))
        else:
            result = tryout.try_outbound(
                request.tenant,
                to=to,
                body=data["text"],
                member=form.writer,
                chosen=tryout.address_of(data["chosen"], request.tenant.country) if data["chosen"] else "",
                **_asked(request, data),
            )
    context = {"form": form, "result": result, "detail": "rules:outbound_rule_detail", "outbound": True}
    return render(request, "rules/tryout_outbound.html", context)


def _asked(request: TenantRequest, data: dict[str, Any]) -> dict[str, Any]:
    """Return what both kinds of texts are asked for."""
    everything = request.GET.get("rules") == "all"
    return {"media": data["attachment"], "at": instant(data["at"], request.tenant), "everything": everything}
