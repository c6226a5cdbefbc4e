"""The form of an inbound rule: which texts it is for. Where they go is a set of rows of its own."""

import re
import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rules.conditions import ConditionError, read_inbound
from rules.e164 import NumberError, format_for_people, parse_number
from rules.forms.choices import offer
from rules.models import InboundRule
from rules.patterns import PatternError, parse_caller_mask, parse_pool
from rules.presenting import numbers_in_words
from tenants.models import Tenant

Json = dict[str, Any]

NUMBERS_AT_MOST = 500
_SEPARATOR = re.compile(r"[;,\n\r]+")
# The kinds that this form writes; a rule with others keeps them.
_WRITTEN = frozenset({"range", "caller_mask", "keyword", "starts_with", "contains", "has_media"})


class InboundRuleForm(forms.Form):
    """Name, our numbers, the sender, the text."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=64)
    enabled = forms.BooleanField(
        label=gettext_lazy("Enabled"),
        required=False,
        initial=True,
        widget=forms.CheckboxInput(attrs={"data-switch": True}),
    )
    trunk = forms.ChoiceField(label=gettext_lazy("Trunk"), required=False)
    which = forms.ChoiceField(
        label=gettext_lazy("Our numbers"),
        choices=[
            ("all", gettext_lazy("All numbers")),
            ("numbers", gettext_lazy("These numbers")),
            ("range", gettext_lazy("A range")),
        ],
        initial="all",
        widget=forms.RadioSelect,
    )
    numbers = forms.CharField(
        label=gettext_lazy("These numbers"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "data-shown-by": "which", "data-shown-for": "numbers"}),
    )
    first = forms.CharField(label=gettext_lazy("Range from"), required=False, max_length=40)
    last = forms.CharField(label=gettext_lazy("Range to"), required=False, max_length=40)
    caller_mask = forms.CharField(
        label=gettext_lazy("Sender"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy(
            "Numbers, ranges and masks, separated by semicolons. Each * stands for one digit: +1202*******."
        ),
        widget=forms.TextInput(attrs={"class": "mono", "placeholder": gettext_lazy("Anybody")}),
    )
    keyword = forms.CharField(
        label=gettext_lazy("Has the word"),
        required=False,
        max_length=500,
        help_text=gettext_lazy("One of these words, anywhere in the text: help; info."),
    )
    starts_with = forms.CharField(label=gettext_lazy("Starts with"), required=False, max_length=160)
    contains = forms.CharField(label=gettext_lazy("Contains"), required=False, max_length=160)
    has_media = forms.ChoiceField(
        label=gettext_lazy("Pictures or files"),
        required=False,
        choices=[
            ("", gettext_lazy("With or without")),
            ("yes", gettext_lazy("Only with")),
            ("no", gettext_lazy("Only without")),
        ],
    )

    def __init__(self, *args: Any, tenant: Tenant, rule: InboundRule | None = None, **kwargs: Any) -> None:
        self.tenant = tenant
        self.kept = [one for one in rule.conditions if one.get("kind") not in _WRITTEN] if rule else []
        super().__init__(*args, **{"initial": _initial(rule), **kwargs})
        self._live = tenant.phone_numbers.filter(released_at=None)
        self._trunks = {pool.trunk_id.hex: pool.trunk for pool in _pools(tenant, rule)}
        trunks = [(key, _trunk_label(trunk)) for key, trunk in self._trunks.items()]
        offer(self, "trunk", [("", _("Any trunk")), *trunks])
        self.fields["numbers"].help_text = _pool_help(self._live)

    def clean_caller_mask(self) -> str:
        """Read the mask the way the engine will."""
        text = str(self.cleaned_data["caller_mask"]).strip()
        try:
            return parse_caller_mask(text, self.tenant.country).text if text else ""
        except PatternError as error:
            raise ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        """Check the numbers against the pool, and that every condition can be read back."""
        data = super().clean() or {}
        data["number_ids"] = self._number_ids() if data.get("which") == "numbers" else []
        if data.get("which") == "range":
            self._clean_range(data)
        for condition in self._scalar(data):
            try:
                read_inbound(condition)
            except ConditionError as error:
                self.add_error("first" if condition["kind"] == "range" else condition["kind"], str(error))
        return data

    @property
    def trunk_id(self) -> uuid.UUID | None:
        """The chosen trunk."""
        return uuid.UUID(self.cleaned_data["trunk"]) if self.cleaned_data.get("trunk") else None

    @property
    def conditions(self) -> list[Json]:
        """The conditions to store: what names no row."""
        return [*self._scalar(self.cleaned_data), *self.kept]

    def _scalar(self, data: dict[str, Any]) -> list[Json]:
        found: list[Json] = []
        if data.get("which") == "range" and data.get("first") and data.get("last"):
            found.append({"kind": "range", "first": data["first"], "last": data["last"]})
        if data.get("caller_mask"):
            found.append({"kind": "caller_mask", "mask": data["caller_mask"]})
        words = [word.strip() for word in _SEPARATOR.split(data.get("keyword") or "") if word.strip()]
        if words:
            found.append({"kind": "keyword", "words": words})
        for kind in ("starts_with", "contains"):
            if data.get(kind):
                found.append({"kind": kind, "text": data[kind]})
        if data.get("has_media"):
            found.append({"kind": "has_media", "value": data["has_media"] == "yes"})
        return found

    def _number_ids(self) -> list[uuid.UUID]:
        """Return the rows of the numbers entered; says exactly which entry is wrong."""
        read = parse_pool(self.cleaned_data.get("numbers") or "", self.tenant.country)
        for entry in read.errors:
            self.add_error("numbers", entry.message)
        if not read.numbers and not read.errors:
            self.add_error("numbers", _("Enter at least one of your numbers, or choose “All numbers”."))
        if len(read.numbers) > NUMBERS_AT_MOST:
            self.add_error("numbers", _("At most 500 numbers can be named one by one: choose “A range”."))
            return []
        rows = {row.e164: row for row in self._live.filter(e164__in=read.numbers).select_related("pool__trunk")}
        self._refuse_foreign([number for number in read.numbers if number not in rows])
        self._refuse_other_trunk([row.e164 for row in rows.values() if not self._on_chosen_trunk(row.pool.trunk_id)])
        return [rows[number].id for number in read.numbers if number in rows]

    def _on_chosen_trunk(self, trunk: uuid.UUID) -> bool:
        return not self.cleaned_data.get("trunk") or trunk.hex == self.cleaned_data["trunk"]

    def _refuse_foreign(self, numbers: list[str]) -> None:
        if numbers:
            text = _("Not among your numbers: %(numbers)s. Take them out, or ask for them on a trunk first.")
            self.add_error("numbers", text % {"numbers": numbers_in_words(numbers)})

    def _refuse_other_trunk(self, numbers: list[str]) -> None:
        if numbers:
            text = _("Not on the chosen trunk: %(numbers)s. Take them out, or choose “Any trunk”.")
            self.add_error("numbers", text % {"numbers": numbers_in_words(numbers)})

    def _clean_range(self, data: dict[str, Any]) -> None:
        for end in ("first", "last"):
            try:
                data[end] = parse_number(data.get(end) or "", self.tenant.country)
            except NumberError as error:
                self.add_error(end, str(error))
        first, last = data.get("first"), data.get("last")
        if not (first and last) or self.errors:
            return
        if (
            len(first) == len(last)
            and first <= last
            and not self._live.filter(e164__gte=first, e164__lte=last).exists()
        ):
            self.add_error("first", _("None of your numbers lies in this range: check both ends."))


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


def _initial(rule: InboundRule | None) -> dict[str, Any]:
    """Turn a stored rule back into what a person would enter."""
    if rule is None:
        return {}
    numbers = [row.number.e164 for row in rule.numbers.all()]
    found: dict[str, Any] = {
        "name": rule.name,
        "enabled": rule.enabled,
        "trunk": rule.trunk_id.hex if rule.trunk_id else "",
        "which": "numbers" if numbers else "all",
        "numbers": numbers_in_words(numbers),
    }
    for condition in rule.conditions:
        found |= _field_of(condition)
    return found


def _field_of(condition: Json) -> dict[str, Any]:
    kind = str(condition.get("kind", ""))
    if kind == "range":
        ends = {end: format_for_people(str(condition.get(end, ""))) for end in ("first", "last")}
        return {"which": "range", **ends}
    if kind == "keyword":
        return {kind: "; ".join(condition.get("words", []))}
    if kind == "has_media":
        return {kind: "yes" if condition.get("value") else "no"}
    return {kind: condition.get("mask", condition.get("text", ""))}
