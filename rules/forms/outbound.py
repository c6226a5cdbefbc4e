"""The form of an outbound rule: which texts it is for, and what becomes of them. Its routes are rows of their own."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rules.changing.drafts import OutboundDraft, RouteDraft
from rules.conditions import OUTBOUND_KINDS, read_outbound
from rules.conditions.outbound_conditions import AllDestinations, FromGroups
from rules.documents import DEFAULT_PRIORITY
from rules.forms.asked import AskingForm
from rules.forms.choices import offer
from rules.forms.conditions import AT_MOMENT, OUTBOUND_ASKED
from rules.forms.hours import WeekField
from rules.forms.moments import MOMENT_FIELDS, add_moment_fields, moment_initial, read_moment
from rules.models import OutboundAction, OutboundRule, Strategy, WhenClosed
from tenants.models import Tenant

Json = dict[str, Any]

_EVERYWHERE = "everywhere"
# What is asked about the recipient's number has no place beside "all destinations".
_OF_THE_NUMBER = tuple(
    one.name
    for one in OUTBOUND_ASKED
    if OUTBOUND_KINDS[one.kind].about == AllDestinations.about and one.name != _EVERYWHERE
)


class OutboundRuleForm(AskingForm):
    """Name, priority, the recipient's number, the writer, the time; then the action."""

    asked = OUTBOUND_ASKED
    more: ClassVar[tuple[str, ...]] = ("lengths", "extensions", "message_kind", "time")

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
    groups = forms.MultipleChoiceField(
        label=gettext_lazy("Writer is in"), required=False, widget=forms.CheckboxSelectMultiple
    )
    action = forms.ChoiceField(
        label=gettext_lazy("Then"),
        choices=OutboundAction.choices,
        initial=OutboundAction.SEND,
        required=False,
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=160,
        required=False,
        help_text=gettext_lazy("The writer reads it."),
        widget=forms.TextInput(attrs={"data-shown-by": "action", "data-shown-for": "deny hold"}),
    )
    strategy = forms.ChoiceField(
        label=gettext_lazy("Routes are tried"),
        choices=Strategy.choices,
        initial=Strategy.PRIORITISED,
        required=False,
    )
    when_closed = forms.ChoiceField(label=gettext_lazy("Outside the hours"), choices=WhenClosed.choices, required=False)
    hours = WeekField(
        switch=gettext_lazy("This rule has office hours of its own"),
        otherwise=gettext_lazy("Off: the company’s office hours count."),
        label="",
    )
    sticky = forms.BooleanField(
        label=gettext_lazy("Keep to the number that this person knows"),
        required=False,
        help_text=gettext_lazy("Whoever has been texted before is texted from the same number again."),
    )
    area_match = forms.BooleanField(
        label=gettext_lazy("Prefer a number of the same area"),
        required=False,
        help_text=gettext_lazy("Of your numbers, one with the recipient’s area code comes first."),
    )

    def __init__(self, *args: Any, tenant: Tenant, rule: OutboundRule | None = None, **kwargs: Any) -> None:
        stored = rule.conditions if rule else []
        super().__init__(
            *args, stored=stored, read=read_outbound, country=tenant.country, initial=_initial(rule), **kwargs
        )
        add_moment_fields(self)
        self._groups = {group.id.hex: group.name for group in tenant.groups.all()}
        offer(self, "groups", list(self._groups.items()))
        if not self._groups:
            del self.fields["groups"]
        moment = self.initial.get("time")
        if isinstance(moment, dict):
            self.initial.update(moment_initial(moment), time=AT_MOMENT)

    def clean(self) -> Json:
        """Ask for at least one condition, and for no other about the number beside "all destinations"."""
        data = super().clean() or {}
        if data.get("time") == AT_MOMENT:
            data["time"] = read_moment(self, data)
        else:
            for name in MOMENT_FIELDS:
                self.errors.pop(name, None)
        data["conditions"] = [*self.read_conditions(data), *self._group_condition(data), *self.kept]
        if not (data["conditions"] or self.errors):
            self.add_error(_EVERYWHERE, _("Choose at least one condition, or tick “All destinations”."))
        if data.get(_EVERYWHERE) and any(data.get(name) for name in _OF_THE_NUMBER):
            text = _("“All destinations” leaves nothing to choose by number: untick it, or clear what stands below it.")
            self.add_error(_EVERYWHERE, text)
        return data

    def _group_condition(self, data: Json) -> list[Json]:
        ids = tuple(data.get("groups") or ())
        return [FromGroups(ids, tuple(self._groups[key] for key in ids)).to_json()] if ids else []

    @property
    def needs_routes(self) -> bool:
        """Whether texts leave by this rule, at once or when a person releases them."""
        return self.data.get("action") != OutboundAction.DENY

    @property
    def has_more(self) -> bool:
        """Whether anything in the fold of conditions is filled in."""
        return self.is_filled(*self.more, *(name for name in ("groups",) if name in self.fields))

    @property
    def has_times(self) -> bool:
        """Whether the rule does anything special outside the hours."""
        return self.is_filled("when_closed") or "hours" in self.errors or self.initial.get("hours") is not None

    def draft(self, routes: list[RouteDraft]) -> OutboundDraft:
        """Return what is to be stored."""
        data = self.cleaned_data
        action = data.get("action") or OutboundAction.SEND.value
        sends = action == OutboundAction.SEND
        return OutboundDraft(
            name=data["name"],
            enabled=data["enabled"],
            priority=data["priority"],
            conditions=data["conditions"],
            routes=routes,
            action=action,
            reason="" if sends else data.get("reason", ""),
            strategy=data.get("strategy") or Strategy.PRIORITISED.value,
            when_closed=data.get("when_closed", "") if sends else "",
            hours=data.get("hours"),
            sticky=data["sticky"],
            area_match=data["area_match"],
        )


_OWN = (
    *("name", "enabled", "priority", "action", "reason", "strategy"),
    *("when_closed", "hours", "sticky", "area_match"),
)


def _initial(rule: OutboundRule | None) -> Json:
    """Turn a stored rule back into what a person would enter."""
    if rule is None:
        return {}
    groups = [row.group_id.hex for row in rule.groups.all() if row.group_id]
    return {name: getattr(rule, name) for name in _OWN} | {"groups": groups}
