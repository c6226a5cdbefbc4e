"""The forms of the try-out panels: a text that nobody sends."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rules.forms.choices import offer
from tenants.models import Member, Tenant


def _text() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        max_length=1600,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class InboundTryoutForm(forms.Form):
    """A text that could come in."""

    sender = forms.CharField(label=gettext_lazy("From"), max_length=40)
    number = forms.CharField(label=gettext_lazy("To (your number)"), max_length=40)
    text = _text()
    has_media = forms.BooleanField(label=gettext_lazy("With a picture or file"), required=False)


class OutboundTryoutForm(forms.Form):
    """A text that a member could write."""

    member = forms.ChoiceField(label=gettext_lazy("Written by"), required=False)
    recipient = forms.CharField(label=gettext_lazy("To"), max_length=40)
    chosen = forms.CharField(
        label=gettext_lazy("Sender chosen"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("None")}),
    )
    text = _text()
    has_media = forms.BooleanField(label=gettext_lazy("With a picture or file"), required=False)

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._members = {member.id.hex: member for member in tenant.members.filter(enabled=True).select_related("user")}
        members = [(key, str(member)) for key, member in self._members.items()]
        offer(self, "member", [("", _("A program or a rule")), *members])

    @property
    def writer(self) -> Member | None:
        """The chosen member."""
        return self._members.get(self.cleaned_data["member"])
