"""Which of our numbers an inbound rule listens to, as a person enters it: a trunk; all, some or a run of numbers."""

import uuid
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rules.conditions.inbound_conditions import InRange
from rules.e164 import NumberError, format_for_people, parse_number
from rules.forms.choices import offer
from rules.models import InboundRule
from rules.patterns import parse_pool
from rules.presenting import numbers_in_words
from rules.reading import ConditionError
from tenants.models import Tenant

Json = dict[str, Any]

NUMBERS_AT_MOST = 500
ALL, SOME, RANGE = "all", "numbers", "range"


def add_number_fields(form: forms.Form, tenant: Tenant, rule: InboundRule | None) -> None:
    """Give a form the fields."""
    form.fields |= {
        "trunk": forms.ChoiceField(label=gettext_lazy("Trunk"), required=False),
        "which": forms.ChoiceField(
            label=gettext_lazy("Our numbers"),
            choices=[
                (ALL, gettext_lazy("All numbers")),
                (SOME, gettext_lazy("These numbers")),
                (RANGE, gettext_lazy("A range")),
            ],
            initial=ALL,
            widget=forms.RadioSelect,
        ),
        "numbers": forms.CharField(
            label=gettext_lazy("These numbers"),
            required=False,
            widget=forms.Textarea(attrs={"rows": 2, "data-shown-by": "which", "data-shown-for": SOME}),
            help_text=_pool_help(tenant.phone_numbers.filter(released_at=None)),
        ),
        "first": _end(gettext_lazy("Range from")),
        "last": _end(gettext_lazy("Range to")),
    }
    trunks = {pool.trunk_id.hex: pool.trunk for pool in _pools(tenant, rule)}
    offer(form, "trunk", [("", _("Any trunk")), *((key, _trunk_label(trunk)) for key, trunk in trunks.items())])


def numbers_initial(rule: InboundRule) -> Json:
    """Turn the numbers of a stored rule back into what a person would enter."""
    numbers = [row.number.e164 for row in rule.numbers.all()]
    found: Json = {
        "trunk": rule.trunk_id.hex if rule.trunk_id else "",
        "which": SOME if numbers else ALL,
        "numbers": numbers_in_words(numbers),
    }
    for condition in rule.conditions:
        if is_range(condition):
            ends = {end: format_for_people(str(condition.get(end, ""))) for end in ("first", "last")}
            found |= {"which": RANGE, **ends}
    return found


def is_range(condition: Json) -> bool:
    """Say whether a stored condition is the run of numbers that this form asks for."""
    return condition.get("kind") == InRange.kind


class OurNumbers:
    """What was entered, read and checked against the tenant's pool; what is wrong is an error of its field."""

    def __init__(self, form: forms.Form, tenant: Tenant, data: Json) -> None:
        self._form, self._tenant, self._data = form, tenant, data
        self._live = tenant.phone_numbers.filter(released_at=None)
        which = data.get("which")
        self.trunk = uuid.UUID(data["trunk"]) if data.get("trunk") else None
        self.ids = self._ids() if which == SOME else []
        self.conditions = self._range() if which == RANGE else []

    def _ids(self) -> list[uuid.UUID]:
        """Return the rows of the numbers entered; says exactly which entry is wrong."""
        read = parse_pool(self._data.get("numbers") or "", self._tenant.country)
        for entry in read.errors:
            self._refuse("numbers", entry.message)
        if not read.numbers and not read.errors:
            self._refuse("numbers", _("Enter at least one of your numbers, or choose “All numbers”."))
        if len(read.numbers) > NUMBERS_AT_MOST:
            self._refuse("numbers", _("At most 500 numbers can be named one by one: choose “A range”."))
            return []
        rows = {row.e164: row for row in self._live.filter(e164__in=read.numbers).select_related("pool")}
        self._refuse_foreign([number for number in read.numbers if number not in rows])
        self._refuse_other_trunk([row.e164 for row in rows.values() if self.trunk not in (None, row.pool.trunk_id)])
        return [rows[number].id for number in read.numbers if number in rows]

    def _refuse_foreign(self, numbers: list[str]) -> None:
        if numbers:
            text = _("Not among your numbers: %(numbers)s. Take them out, or ask for them on a trunk first.")
            self._refuse("numbers", text % {"numbers": numbers_in_words(numbers)})

    def _refuse_other_trunk(self, numbers: list[str]) -> None:
        if numbers:
            text = _("Not on the chosen trunk: %(numbers)s. Take them out, or choose “Any trunk”.")
            self._refuse("numbers", text % {"numbers": numbers_in_words(numbers)})

    def _range(self) -> list[Json]:
        """Return the run as a condition, when it is one and holds a number of the tenant."""
        ends = {}
        for end in ("first", "last"):
            try:
                ends[end] = parse_number(self._data.get(end) or "", self._tenant.country)
            except NumberError as error:
                self._refuse(end, str(error))
        if len(ends) < 2:
            return []
        try:
            condition = InRange.from_json(ends)
        except ConditionError as error:
            self._refuse("first", str(error))
            return []
        if not self._live.filter(e164__gte=ends["first"], e164__lte=ends["last"]).exists():
            self._refuse("first", _("None of your numbers lies in this range: check both ends."))
        return [condition.to_json()]

    def _refuse(self, field: str, message: str) -> None:
        self._form.add_error(field, message)


def _end(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=40, widget=forms.TextInput(attrs={"inputmode": "tel"})
    )


def _pools(tenant: Tenant, rule: InboundRule | None) -> Any:
    """Return the tenant's shares of trunks, and the rule's own trunk even if that is gone."""
    pools = tenant.pools.select_related("trunk").order_by("trunk__name")
    live = pools.filter(removed_at=None, trunk__deleted_at=None)
    return live | pools.filter(trunk_id=rule.trunk_id) if rule and rule.trunk_id else live


def _trunk_label(trunk: Any) -> str:
    return str(trunk.name) if trunk.enabled else _("%s (disabled)") % trunk.name


def _pool_help(live: "QuerySet[Any]") -> str:
    held = list(live.order_by("e164").values_list("e164", flat=True)[:50])
    if not held:
        return _("You have no numbers yet.")
    shown = numbers_in_words(held)
    return _("Separated by semicolons. Yours: %s") % (shown + ("…" if len(held) == 50 else "."))
