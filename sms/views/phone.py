"""A phone to play with: texts the tenants' sandbox numbers and shows their answers. Exists beside a sandbox only."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from rules.e164 import NumberError, format_for_people, parse_number
from sms import sandbox_client
from sms.models import PhoneNumber
from tenants.access import SignedInRequest, signed_in_view

DEFAULT_PHONE = "+1 415 555 0142"
_NEWEST = 60
_MOST_NUMBERS = 200

Choices = list[tuple[str, str]]


class PhoneForm(forms.Form):
    """Who texts whom."""

    phone = forms.CharField(
        label=_("This phone's number"), max_length=40, widget=forms.TextInput(attrs={"inputmode": "tel"})
    )
    to = forms.ChoiceField(label=_("Text to"))

    def __init__(self, given: Any, *, choices: Choices) -> None:
        named = {"phone": given.get("phone", DEFAULT_PHONE), "to": given.get("to") or next(iter(dict(choices)), "")}
        super().__init__(named)
        self.fields["to"] = forms.ChoiceField(label=_("Text to"), choices=choices)

    def clean_phone(self) -> str:
        """Read the number any way a person writes it."""
        try:
            return parse_number(self.cleaned_data["phone"], "US")
        except NumberError as error:
            raise forms.ValidationError(str(error)) from error


@signed_in_view
def phone(request: SignedInRequest) -> HttpResponse:
    """Show a phone; POST sends what was typed."""
    if not settings.SANDBOX_URL:
        raise Http404
    try:
        return _send(request) if request.method == "POST" else _show(request)
    except sandbox_client.SandboxProblem as error:
        return render(request, "sms/phone.html", {"problem": str(error)}, status=503)


def _show(request: SignedInRequest) -> HttpResponse:
    choices = _numbers(request)
    form = PhoneForm(request.GET, choices=choices)
    context: dict[str, Any] = {"form": form, "choices": choices}
    if choices and form.is_valid():
        own, chosen = form.cleaned_data["phone"], form.cleaned_data["to"]
        texts = [text for text in sandbox_client.texts(own) if text.ours == chosen]
        context |= {"own": own, "chosen": chosen, "chosen_name": dict(choices)[chosen], "texts": texts[-_NEWEST:]}
    return render(request, "sms/_phone_screen.html" if request.htmx else "sms/phone.html", context)


def _send(request: SignedInRequest) -> HttpResponse:
    form = PhoneForm(request.POST, choices=_numbers(request))
    body = request.POST.get("body", "")[:1600]
    if not form.is_valid():
        return redirect("sms:phone")
    own, chosen = form.cleaned_data["phone"], form.cleaned_data["to"]
    if body.strip() and not sandbox_client.text(own, chosen, body):
        messages.warning(
            request, _("The text is at the sandbox, but the portal did not take it. Set this number's webhook first.")
        )
    return redirect(f"{reverse('sms:phone')}?{urlencode({'phone': own, 'to': chosen})}")


def _numbers(request: SignedInRequest) -> Choices:
    """Return the sandbox numbers of the visitor's tenants; system administrators may text every one."""
    held = PhoneNumber.objects.filter(e164__in=sandbox_client.numbers(), released_at=None).select_related("tenant")
    if not request.user.is_system_administrator:
        held = held.filter(tenant__members__user=request.user, tenant__members__enabled=True)
    rows = held.order_by("tenant__name", "e164")[:_MOST_NUMBERS]
    return [(row.e164, f"{row.tenant.name} · {format_for_people(row.e164)}") for row in rows]
