"""Choose one of the numbers that a tenant holds: a list, or a field to type in when there are too many for a list."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tenants.models import Tenant

if TYPE_CHECKING:
    from sms.models import PhoneNumber

LISTED = 200


class NumberField(forms.CharField):
    """A live number of a tenant; gives the row, or None."""

    def __init__(self, tenant: Tenant, *, nothing: Any = "", numbers: "list[PhoneNumber] | None" = None, **kwargs: Any):
        self._tenant = tenant
        listed = some_numbers(tenant) if numbers is None else numbers
        if len(listed) <= LISTED:
            options = [(number.e164, _label(number)) for number in listed]
            kwargs["widget"] = forms.Select(choices=[("", nothing or _("Choose a number")), *options])
        else:
            kwargs["widget"] = forms.TextInput(attrs={"inputmode": "tel", "placeholder": "+12025550101"})
        super().__init__(**kwargs)

    def clean(self, value: Any) -> "PhoneNumber | None":
        """Find the number among the tenant's, however it is written."""
        text = super().clean(value)
        if not text:
            return None
        e164 = "+" + "".join(mark for mark in text if mark.isdigit())
        number = self._tenant.phone_numbers.filter(e164=e164, released_at=None).first()
        if number is None:
            text = _("%(number)s is not one of your numbers. Choose a number from your pools.")
            raise forms.ValidationError(text % {"number": e164})
        return number

    def prepare_value(self, value: Any) -> Any:
        """Show a row by its number."""
        return getattr(value, "e164", value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare by number."""
        return super().has_changed(self.prepare_value(initial), data)


def some_numbers(tenant: Tenant) -> "list[PhoneNumber]":
    """Return the tenant's numbers, up to one more than a list would show."""
    return list(tenant.phone_numbers.filter(released_at=None).order_by("e164")[: LISTED + 1])


def _label(number: "PhoneNumber") -> str:
    return f"{number.e164} · {number.description}" if number.description else number.e164
