"""Try rules out: GET forms that show what would become of a text. Nothing is sent or stored."""

from django.http import HttpResponse
from django.shortcuts import render

from rules.e164 import NumberError, parse_number
from rules.forms.tryout import InboundTryoutForm, OutboundTryoutForm
from sms import tryout
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
            has_media=data["has_media"],
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
                has_media=data["has_media"],
                member=form.writer,
                chosen=tryout.address_of(data["chosen"], request.tenant.country) if data["chosen"] else "",
            )
    context = {"form": form, "result": result, "detail": "rules:outbound_rule_detail", "outbound": True}
    return render(request, "rules/tryout_outbound.html", context)
