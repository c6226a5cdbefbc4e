"""The form of an outbound rule: which texts it is for. How they leave is a set of rows of its own."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rules.documents import DEFAULT_PRIORITY
from rules.forms.choices import offer
from rules.models import OutboundRule
from rules.patterns import PatternError, parse_extensions, parse_lengths, parse_prefixes
from tenants.models import Tenant

Json = dict[str, Any]

_WRITTEN = frozenset({"all", "prefix", "length", "extensions", "groups"})


class OutboundRuleForm(forms.Form):
    """Name, priority, the recipient's number, the writer."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=64)
    enabled = forms.BooleanField(
        label=gettext_lazy("Enabled"),
        required=False,
        initial=True,
        widget=forms.CheckboxInput(attrs={"data-switch": True}),
    )
    priority = forms.IntegerField(
        label=gettext_lazy("Priority"),
        min_value=0,
        max_value=1_000_000,
        initial=DEFAULT_PRIORITY,
        help_text=gettext_lazy("The lowest is tried first; rules of one priority in the order of the list."),
    )
    everywhere = forms.BooleanField(
        label=gettext_lazy("All destinations"),
        required=False,
        help_text=gettext_lazy("Every text, whoever writes it. Untick it to choose by number, extension or group."),
    )
    prefixes = forms.CharField(
        label=gettext_lazy("Number starts with"),
        required=False,
        max_length=500,
        help_text=gettext_lazy("Country code first, separated by semicolons: 1202;33."),
        widget=forms.TextInput(attrs={"class": "mono", "inputmode": "tel"}),
    )
    lengths = forms.CharField(
        label=gettext_lazy("Number has this many digits"),
        required=False,
        max_length=60,
        help_text=gettext_lazy("With the country code: 11, or 10-12."),
        widget=forms.TextInput(attrs={"class": "mono"}),
    )
    extensions = forms.CharField(
        label=gettext_lazy("Writer’s extension"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy("Extensions and ranges: 101;102;200-299."),
        widget=forms.TextInput(attrs={"class": "mono"}),
    )
    groups = forms.MultipleChoiceField(
        label=gettext_lazy("Writer is in"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, tenant: Tenant, rule: OutboundRule | None = None, **kwargs: Any) -> None:
        self.kept = [one for one in rule.conditions if one.get("kind") not in _WRITTEN] if rule else []
        super().__init__(*args, **{"initial": _initial(rule), **kwargs})
        self._groups = {group.id.hex: group.name for group in tenant.groups.all()}
        offer(self, "groups", list(self._groups.items()))
        if not self._groups:
            del self.fields["groups"]

    def clean_prefixes(self) -> list[str]:
        """Read the prefixes the way the engine will."""
        return list(self._read("prefixes", parse_prefixes))

    def clean_lengths(self) -> list[int]:
        """Read the lengths the way the engine will."""
        return list(self._read("lengths", parse_lengths))

    def clean_extensions(self) -> str:
        """Read the extensions the way the engine will."""
        found = self._read("extensions", parse_extensions)
        return found.text if found else ""

    def clean(self) -> dict[str, Any]:
        """Ask for at least one condition, and for no other beside "all destinations"."""
        data = super().clean() or {}
        others = [name for name in ("prefixes", "lengths", "extensions", "groups") if data.get(name)]
        if not data.get("everywhere") and not (others or self.kept or self.errors):
            self.add_error("everywhere", _("Choose at least one condition, or tick “All destinations”."))
        if data.get("everywhere") and others:
            self.add_error("everywhere", _("“All destinations” stands alone: untick it, or clear the rest."))
        return data

    @property
    def conditions(self) -> list[Json]:
        """The conditions to store."""
        data = self.cleaned_data
        found: list[Json] = [{"kind": "all"}] if data.get("everywhere") else []
        if data.get("prefixes"):
            found.append({"kind": "prefix", "prefixes": data["prefixes"]})
        if data.get("lengths"):
            found.append({"kind": "length", "lengths": data["lengths"]})
        if data.get("extensions"):
            found.append({"kind": "extensions", "extensions": data["extensions"]})
        if data.get("groups"):
            labels = [self._groups[key] for key in data["groups"]]
            found.append({"kind": "groups", "ids": list(data["groups"]), "labels": labels})
        return [*found, *self.kept]

    def _read(self, name: str, parse: Callable[[str], Any]) -> Any:
        text = str(self.cleaned_data[name]).strip()
        try:
            return parse(text) if text else ()
        except PatternError as error:
            raise ValidationError(str(error)) from error


def _initial(rule: OutboundRule | None) -> dict[str, Any]:
    """Turn a stored rule back into what a person would enter."""
    if rule is None:
        return {}
    found: dict[str, Any] = {"name": rule.name, "enabled": rule.enabled, "priority": rule.priority}
    found["groups"] = [row.group_id.hex for row in rule.groups.all() if row.group_id]
    for condition in rule.conditions:
        found |= _field_of(condition)
    return found


def _field_of(condition: Json) -> dict[str, Any]:
    kind = str(condition.get("kind", ""))
    if kind == "all":
        return {"everywhere": True}
    field = {"prefix": "prefixes", "length": "lengths"}.get(kind, kind)
    values = condition.get(field, "")
    return {field: values if isinstance(values, str) else ";".join(str(value) for value in values)}
