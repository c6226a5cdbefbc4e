"""The page that copies a tenant: asks for the name, the new numbers, and what may be left behind."""

from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import tenant_copy
from rules.e164 import format_for_people
from sms.models import Trunk
from sms.setup import numbers
from sms.transfer.number_map import NumberMap, parse
from tenants.access import SignedInRequest, system_view
from tenants.forms_tenants import TenantCopyForm
from tenants.models import Tenant
from tenants.views.system import show_created

_NAMED = 20


class CopyForm(TenantCopyForm):
    """Name, new numbers, and the trunk that they are on."""

    trunk = forms.ModelChoiceField(
        label=gettext_lazy("Trunk of the new numbers"),
        queryset=Trunk.objects.none(),
        required=False,
        empty_label=gettext_lazy("No numbers yet"),
        help_text=gettext_lazy("A trunk of the system; the copy gets a share of it."),
    )
    number_map = forms.CharField(
        label=gettext_lazy("New numbers for old ones"),
        required=False,
        help_text=gettext_lazy(
            "One line for each number or range: the old one, =, the new one. Ranges of the same size, one by one: "
            "+12025550101-+12025550110 = +13035550101-+13035550110."
        ),
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"}),
    )
    without = forms.BooleanField(
        label=gettext_lazy("Copy although some numbers have no successor"),
        required=False,
        help_text=gettext_lazy("Rules that listen to none of their numbers any more are switched off."),
    )

    def __init__(self, *args: Any, original: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._original = original
        trunks = cast("forms.ModelChoiceField[Trunk]", self.fields["trunk"])
        trunks.queryset = Trunk.objects.filter(tenant=None, deleted_at=None)

    def clean_number_map(self) -> NumberMap:
        """Read every line; name each that cannot be read."""
        found, problems = parse(str(self.cleaned_data["number_map"]), self._original.country)
        if problems:
            raise forms.ValidationError(problems)
        return found

    def clean(self) -> dict[str, Any]:
        """Numbers need a trunk; what has no successor must be known."""
        data = super().clean() or self.cleaned_data
        found = data.get("number_map")
        if found is None:
            return data
        if found.runs and not data.get("trunk"):
            self.add_error("trunk", _("Choose the trunk that the new numbers are on."))
        left = tenant_copy.unmapped(self._original, found)
        if left and not data.get("without"):
            named = ", ".join(format_for_people(number) for number in left[:_NAMED])
            more = _(" and %s more") % (len(left) - _NAMED) if len(left) > _NAMED else ""
            self.add_error("without", _("Rules name these numbers, and the map does not: %s.") % f"{named}{more}")
        return data

    @property
    def wanted(self) -> tenant_copy.Wanted:
        """What the flow takes."""
        names = ("name", "slug", "administrator_email", "trunk", "number_map")
        return tenant_copy.Wanted(**{name: self.cleaned_data[name] for name in names})


@system_view
def copy_tenant(request: SignedInRequest, tenant_id: UUID) -> HttpResponse:
    """Ask how, copy, and say what could not come along."""
    original = get_object_or_404(Tenant, pk=tenant_id, deleted_at=None)
    initial = {"name": _("%(name)s (copy)") % {"name": original.name}}
    form = CopyForm(request.POST or None, original=original, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            copied = tenant_copy.copy(request.actor, original, form.wanted)
        except numbers.PoolRefused as error:
            form.add_error("number_map", forms.ValidationError([str(error), *error.details]))
        else:
            if copied.missing:
                messages.warning(request, _left_behind(copied))
            return show_created(request, copied.created, form.cleaned_data["administrator_email"])
    return render(request, "tenants/tenant_copy.html", {"form": form, "original": original})


def _left_behind(copied: tenant_copy.Copied) -> str:
    rules = list(dict.fromkeys(one.rule for one in copied.missing))
    names = ", ".join(f"“{name}”" for name in rules[:_NAMED])
    text = _("Look at these rules: they name people, numbers or SMS configurations that the copy does not have: %s")
    return text % (names + ("…" if len(rules) > _NAMED else ""))
