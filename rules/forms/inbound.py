"""The form of an inbound rule: which texts it is for, and its own hours. Where they go is a set of rows of its own."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy

from rules.changing.drafts import InboundDraft, TargetDraft
from rules.conditions import read_inbound
from rules.forms.asked import AskingForm
from rules.forms.conditions import INBOUND_ASKED
from rules.forms.hours import HolidaysField, WeekField
from rules.forms.our_numbers import OurNumbers, add_number_fields, is_range, numbers_initial
from rules.models import Applies, InboundRule
from tenants.models import Tenant

Json = dict[str, Any]


class InboundRuleForm(AskingForm):
    """Name, our numbers, the sender, the text, the rule's own hours."""

    asked = INBOUND_ASKED
    # What stands in the fold: a simple rule needs none of it.
    more: ClassVar[tuple[str, ...]] = (
        *("countries", "starts_with", "contains", "pattern"),
        *("has_media", "media_kinds", "conversation"),
    )

    name = forms.CharField(label=gettext_lazy("Name"), max_length=64)
    enabled = forms.BooleanField(
        label=gettext_lazy("Enabled"),
        required=False,
        initial=True,
        widget=forms.CheckboxInput(attrs={"data-switch": True}),
    )
    applies = forms.ChoiceField(
        label=gettext_lazy("Applies to"),
        choices=Applies.choices,
        initial=Applies.BOTH,
        required=False,
        help_text=gettext_lazy("The portal acts on messages. A rule for calls only is stored and skipped."),
    )
    hours = WeekField(
        switch=gettext_lazy("This rule has office hours of its own"),
        otherwise=gettext_lazy("Off: the company’s office hours count."),
        label="",
    )
    holidays = HolidaysField()

    def __init__(self, *args: Any, tenant: Tenant, rule: InboundRule | None = None, **kwargs: Any) -> None:
        self.tenant = tenant
        stored = [one for one in rule.conditions if not is_range(one)] if rule else []
        super().__init__(
            *args, stored=stored, read=read_inbound, country=tenant.country, initial=_initial(rule), **kwargs
        )
        add_number_fields(self, tenant, rule)

    def clean(self) -> Json:
        """Check the numbers against the pool, and that every condition can be read back."""
        data = super().clean() or {}
        data["our_numbers"] = OurNumbers(self, self.tenant, data)
        data["conditions"] = self.read_conditions(data)
        return data

    @property
    def has_more(self) -> bool:
        """Whether anything in the fold is filled in."""
        return self.is_filled(*self.more)

    @property
    def has_times(self) -> bool:
        """Whether the rule has hours or holidays of its own."""
        return bool(self.errors.keys() & {"hours", "holidays"}) or any(
            self.initial.get(name) is not None for name in ("hours", "holidays")
        )

    def draft(self, targets: list[TargetDraft]) -> InboundDraft:
        """Return what is to be stored."""
        data = self.cleaned_data
        ours: OurNumbers = data["our_numbers"]
        return InboundDraft(
            name=data["name"],
            enabled=data["enabled"],
            trunk=ours.trunk,
            numbers=ours.ids,
            conditions=[*ours.conditions, *data["conditions"], *self.kept],
            targets=targets,
            applies=data.get("applies") or Applies.BOTH.value,
            hours=data.get("hours"),
            holidays=data.get("holidays"),
        )


def _initial(rule: InboundRule | None) -> Json:
    """Turn a stored rule back into what a person would enter."""
    if rule is None:
        return {}
    own = {name: getattr(rule, name) for name in ("name", "enabled", "applies", "hours", "holidays")}
    return own | numbers_initial(rule)
