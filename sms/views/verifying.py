"""Verify a configuration: what Twilio has, a call of our own, a text in and a text out, tick by tick."""

import uuid
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rules.e164 import NumberError, parse_number
from sms import outbound
from sms.models import Configuration
from sms.setup import configuring, guide, selftest, verifying
from sms.twilio.client import is_sandbox
from sms.views.configurations import one
from tenants import clock
from tenants.access import TenantRequest, tenant_view
from tenants.roles import Permission


def _id_of(text: str) -> uuid.UUID:
    """Read an id; what is none is an id that no row has."""
    try:
        return uuid.UUID(hex=text)
    except ValueError:
        return uuid.UUID(int=0)


class TestTextForm(forms.Form):
    """Where a test text goes."""

    to = forms.CharField(label=gettext_lazy("Send a test text to"), max_length=40)

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country = country

    def clean_to(self) -> str:
        """Take a phone number typed any way."""
        try:
            return parse_number(self.cleaned_data["to"], self.country)
        except NumberError as error:
            raise forms.ValidationError(str(error)) from error


@tenant_view(Permission.CONFIGURATIONS_EDIT)
def configuration_verify(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Look what Twilio has, call ourselves, watch a text arrive and one leave, tick by tick."""
    configuration = one(request, configuration_id)
    since = _moment_of(request.GET.get("since", ""))
    if since is None:
        return _restart(request, configuration)
    if request.method == "POST" and "selftest" in request.POST:
        selftest.keep(configuration, selftest.run(configuration))
        return HttpResponseRedirect(request.get_full_path())
    received = verifying.received_since(configuration, since)
    usual = {"to": received.their_address if received else ""}
    form = TestTextForm(request.POST or None, country=request.tenant.country, initial=usual)
    if request.method == "POST" and form.is_valid() and (sent := _sent(request, form)) is not None:
        return HttpResponseRedirect(f"{request.path}?since={request.GET['since']}&sent={sent.hex}")
    return render(request, "sms/configuration_verify.html", _progress(request, configuration, since) | {"form": form})


def _restart(request: TenantRequest, configuration: Configuration) -> HttpResponse:
    """Begin now: the page's address carries the moment, so that a reload goes on watching."""
    since = int(clock.now().timestamp())
    return HttpResponseRedirect(f"{request.path}?since={since}")


def _moment_of(text: str) -> datetime | None:
    if not text.isdigit() or len(text) > 11:
        return None
    return datetime.fromtimestamp(int(text), UTC)


def _sent(request: TenantRequest, form: TestTextForm) -> uuid.UUID | None:
    body = _("Test text from SMS Portal.")
    try:
        message = outbound.send(
            request.actor,
            request.tenant,
            to=form.cleaned_data["to"],
            body=body,
            member=request.member,
            source="test",
        )
    except outbound.SendRefused as error:
        form.add_error("to", str(error))
        return None
    return message.pk


def _progress(request: TenantRequest, configuration: Configuration, since: datetime) -> dict[str, Any]:
    inbound = verifying.inbound_ticks(configuration, since)
    sent = verifying.sent_message(configuration, _id_of(request.GET.get("sent", "")))
    outgoing = verifying.outbound_ticks(sent) if sent else []
    own_call = verifying.own_call_ticks(configuration, since)
    is_waiting = not verifying.is_over(inbound) or (bool(outgoing) and not verifying.is_over(outgoing))
    return {
        "configuration": configuration,
        "statements": {said.key: said for said in guide.for_page(guide.VERIFY, request.tenant)},
        "numbers": configuring.numbers_of(configuration)[:20],
        "setup": verifying.setup_ticks(configuration),
        "own_call": own_call,
        "calls_itself": own_call[0].state == verifying.WAITING,
        "inbound": inbound,
        "outgoing": outgoing,
        "sent": sent,
        "is_waiting": is_waiting,
        "sandbox_account": is_sandbox(configuration.account.account_sid),
    }
