"""The forms of the try-out panels: a text that nobody sends."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rules.forms.choices import offer
from tenants.models import Member, Tenant

MEDIA = (
    ("", gettext_lazy("None")),
    ("image/jpeg", gettext_lazy("A picture")),
    ("video/mp4", gettext_lazy("A video")),
    ("audio/mpeg", gettext_lazy("A sound recording")),
    ("text/vcard", gettext_lazy("A contact card")),
    ("application/pdf", gettext_lazy("Another file")),
)
AS_IT_IS, FIRST, OPEN, ASSIGNED = "", "first", "open", "assigned"
CONVERSATIONS = (
    (AS_IT_IS, gettext_lazy("As it is now")),
    (FIRST, gettext_lazy("First contact")),
    (OPEN, gettext_lazy("Known, nobody has it")),
    (ASSIGNED, gettext_lazy("Known, somebody has it")),
)


class LocalTimeField(forms.CharField):
    """A day and a time as a clock on the wall shows them: which clock that is, the view knows."""

    widget = forms.TextInput(attrs={"type": "datetime-local"})

    def clean(self, value: Any) -> datetime | None:
        """Return it without a zone, or None for an empty field."""
        text = str(super().clean(value) or "").strip()
        if not text:
            return None
        try:
            return datetime.fromisoformat(text).replace(tzinfo=None)
        except ValueError as error:
            raise ValidationError(_("Enter a day and a time such as 2026-12-24 22:00, or nothing for now.")) from error


def instant(local: datetime | None, tenant: Tenant) -> datetime | None:
    """Return the moment, in UTC, at which the tenant's clock shows a time; None stays None.

    A time that a change to summer time skips counts as the one after the gap.
    """
    return local.replace(tzinfo=ZoneInfo(tenant.time_zone)).astimezone(UTC) if local else None


def _text() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        max_length=1600,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


def _attachment() -> forms.ChoiceField:
    return forms.ChoiceField(label=gettext_lazy("Picture or file"), choices=MEDIA, required=False)


def _at() -> LocalTimeField:
    return LocalTimeField(
        label=gettext_lazy("Time"),
        required=False,
        max_length=40,
        help_text=gettext_lazy("In the company’s time zone. Empty: now."),
    )


class InboundTryoutForm(forms.Form):
    """A text that could come in."""

    sender = forms.CharField(label=gettext_lazy("From"), max_length=40)
    number = forms.CharField(label=gettext_lazy("To (your number)"), max_length=40)
    text = _text()
    attachment = _attachment()
    conversation = forms.ChoiceField(label=gettext_lazy("Conversation"), choices=CONVERSATIONS, required=False)
    at = _at()


class OutboundTryoutForm(forms.Form):
    """A text that a member could write."""

    recipient = forms.CharField(label=gettext_lazy("To"), max_length=40)
    member = forms.ChoiceField(label=gettext_lazy("Written by"), required=False)
    chosen = forms.CharField(
        label=gettext_lazy("Sender chosen"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("None")}),
    )
    text = _text()
    attachment = _attachment()
    at = _at()

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._members = {member.id.hex: member for member in tenant.members.filter(enabled=True).select_related("user")}
        members = [(key, str(member)) for key, member in self._members.items()]
        offer(self, "member", [("", _("A program or a rule")), *members])

    @property
    def writer(self) -> Member | None:
        """The chosen member."""
        return self._members.get(self.cleaned_data["member"])
