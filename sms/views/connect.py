"""Connect with Twilio: check the account, the numbers and their webhooks, and verify with a real text."""

import uuid
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from rules.e164 import NumberError, parse_number
from sms import outbound
from sms.forms.credentials import USE_REGION
from sms.models import Configuration
from sms.setup import configuring, connecting, guide, verifying
from sms.twilio.account_words import REGION_NAMES, describe
from sms.twilio.client import is_sandbox
from sms.twilio.errors import TwilioProblem
from sms.views.configurations import one
from tenants import clock
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


@tenant_view(Permission.CONFIGURATIONS_EDIT)
@require_POST
def configuration_set_webhook(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Point one number's texts at the portal."""
    configuration = one(request, configuration_id)
    try:
        change = connecting.set_webhook(request.actor, configuration, request.POST.get("number", ""))
    except (connecting.ConnectRefused, TwilioProblem) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Texts to %s come here now. Undo puts back what stood there.") % change.e164)
    return _details(request, configuration)


@tenant_view(Permission.CONFIGURATIONS_EDIT)
@require_POST
def configuration_undo_webhook(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Put back what stood at one number before."""
    configuration = one(request, configuration_id)
    changes = request.tenant.webhook_changes.filter(configuration=configuration, undone_at=None)
    change = get_object_or_404(changes, pk=_id_of(request.POST.get("change", "")))
    try:
        connecting.undo_webhook(request.actor, configuration, change)
    except (connecting.ConnectRefused, TwilioProblem) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("%s is at Twilio as it was before.") % change.e164)
    return _details(request, configuration)


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
    """Watch a text arrive and one leave, tick by tick."""
    configuration = one(request, configuration_id)
    since = _moment_of(request.GET.get("since", ""))
    if since is None:
        return _restart(request, configuration)
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
    is_waiting = not verifying.is_over(inbound) or (bool(outgoing) and not verifying.is_over(outgoing))
    return {
        "configuration": configuration,
        "statements": {said.key: said for said in guide.for_page(guide.VERIFY, request.tenant)},
        "numbers": configuring.numbers_of(configuration)[:20],
        "inbound": inbound,
        "outgoing": outgoing,
        "sent": sent,
        "is_waiting": is_waiting,
        "sandbox_account": is_sandbox(configuration.account.account_sid),
    }
