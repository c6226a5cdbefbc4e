"""Forms about a tenant's people: invitation, member with sender numbers."""

from typing import Any, cast

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from tenants.forms_numbers import NumberField, some_numbers
from tenants.membership import SenderNumber
from tenants.models import Member, Tenant
from tenants.models.members import ROLES, SendingRight
from tenants.roles import Role

_EXTENSION = RegexValidator(r"^\d{3,64}$", _("An extension has 3 to 64 digits."))


class _MemberFields(forms.Form):
    """What an invitation and a member have in common."""

    name = forms.CharField(label=_("Name"), max_length=120)
    role = forms.ChoiceField(
        label=_("Role"),
        choices=ROLES,
        initial=Role.AGENT,
        help_text=_(
            "Administrators do everything here. Supervisors edit rules and read all texts. Agents write. Viewers read."
        ),
    )
    extension = forms.CharField(
        label=_("Extension"),
        max_length=64,
        required=False,
        validators=[_EXTENSION],
        help_text=_("3 to 64 digits, for rules that name extensions."),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    sending_right = forms.ChoiceField(
        label=_("Send SMS/MMS"),
        choices=SendingRight.choices,
        initial=SendingRight.NONE,
        help_text=_("With Sender ID includes sending from numbers."),
    )

    def clean_name(self) -> str:
        """Drop extra blanks."""
        return " ".join(str(self.cleaned_data["name"]).split())


class InvitationForm(_MemberFields):
    """Whom to invite, and as what."""

    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    field_order = ("email", "name", "role", "extension", "sending_right")


class MemberForm(_MemberFields):
    """A member as its tenant's administrators change it."""

    enabled = forms.BooleanField(
        label=_("Enabled"),
        required=False,
        help_text=_("Off: the person cannot enter this tenant."),
        widget=forms.CheckboxInput(attrs={"data-switch": True}),
    )

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        names = ("name", "role", "extension", "sending_right", "enabled")
        kwargs["initial"] = {name: getattr(member, name) for name in names}
        super().__init__(*args, **kwargs)


class SenderNumberForm(forms.Form):
    """One number that a member may send from."""

    description = forms.CharField(label=_("Description"), max_length=120, required=False)
    preferred = forms.BooleanField(label=_("Preferred"), required=False)
    field_order = ("number", "description", "preferred")

    def __init__(self, *args: Any, tenant: Tenant, numbers: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["number"] = NumberField(tenant, numbers=numbers, label=_("Number"))
        self.order_fields(self.field_order)


class SenderNumbers(forms.BaseFormSet[SenderNumberForm]):
    """The numbers of one member: each once, at most one preferred."""

    def clean(self) -> None:
        """Check the rows against each other."""
        rows = [form.cleaned_data for form in self.forms if _is_kept(form)]
        numbers = [row["number"].pk for row in rows]
        if len(set(numbers)) < len(numbers):
            raise forms.ValidationError(_("A number stands here twice. Remove one of the two rows."))
        if sum(row["preferred"] for row in rows) > 1:
            raise forms.ValidationError(_("Only one number can be preferred. Untick the others."))

    @property
    def chosen(self) -> list[SenderNumber]:
        """What the flow takes."""
        rows = (form.cleaned_data for form in self.forms if _is_kept(form))
        return [SenderNumber(row["number"], row["description"], row["preferred"]) for row in rows]


def _is_kept(form: SenderNumberForm) -> bool:
    """Whether a row is filled in, right, and not to be removed."""
    data = getattr(form, "cleaned_data", {})
    return bool(data.get("number")) and not data.get("DELETE")


def sender_numbers(tenant: Tenant, member: Member, data: Any = None) -> SenderNumbers:
    """Return the rows of a member's numbers, with one empty row more."""
    rows = member.numbers.select_related("number").order_by("-preferred", "number__e164")
    initial = [{"number": row.number, "description": row.description, "preferred": row.preferred} for row in rows]
    formset = forms.formset_factory(SenderNumberForm, formset=SenderNumbers, extra=1, can_delete=True, max_num=100)
    return cast(
        SenderNumbers,
        formset(
            data,
            prefix="numbers",
            initial=initial,
            form_kwargs={"tenant": tenant, "numbers": some_numbers(tenant)},
        ),
    )
