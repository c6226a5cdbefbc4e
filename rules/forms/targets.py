"""The rows of destinations: where a text goes, and at what times. Their order on the page is their order."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rules.changing.drafts import TargetDraft
from rules.e164 import NumberError, format_for_people, parse_number
from rules.forms.asked import sentence
from rules.forms.choices import offer
from rules.forms.moments import MOMENT_FIELDS, add_moment_fields, moment_initial, read_moment
from rules.models import InboundRule, TargetKind, When
from rules.placeholders import PLACEHOLDERS, PlaceholderError, check_placeholders
from rules.reading import ConditionError
from rules.targets import AutoReply, Drop, Forward, Hold, ToEmail, ToExtensions, ToGroup, ToMember, read_target
from tenants.models import Tenant

TARGETS_AT_MOST = 20
REPLY_AT_MOST = 1600


@dataclass(frozen=True, slots=True)
class Choice:
    """A kind of destination that names no row: the fields of its settings, and those of them that may stay empty."""

    fields: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


CHOICES: Mapping[str, Choice] = MappingProxyType(
    {
        ToExtensions.kind: Choice(("first_number", "last_number", "first", "last")),
        ToEmail.kind: Choice(("address",)),
        AutoReply.kind: Choice(("text",)),
        Forward.kind: Choice(("number",)),
        Hold.kind: Choice(),
        Drop.kind: Choice(("reason",), ("reason",)),
    }
)
_PHONE_NUMBERS = ("first_number", "last_number", "number")
_SETTINGS = tuple(name for choice in CHOICES.values() for name in choice.fields)


def _setting(
    kind: str, label: Any, missing: Any = "", *, longest: int = 200, required: bool = True, **attrs: Any
) -> Any:
    """Make the field of one setting, which shows while its kind is chosen."""
    attrs |= {"data-shown-by": "where", "data-shown-for": kind}
    widget = forms.Textarea if "rows" in attrs else forms.TextInput
    return forms.CharField(
        label=label,
        max_length=longest,
        required=required,
        error_messages={"required": missing} if missing else None,
        widget=widget(attrs=attrs),
    )


class TargetForm(forms.Form):
    """One destination."""

    where = forms.ChoiceField(
        label=gettext_lazy("Send it to"), error_messages={"required": gettext_lazy("Choose where the text goes.")}
    )
    when = forms.ChoiceField(label=gettext_lazy("When"), choices=When.choices, initial=When.ALWAYS, required=False)
    address = _setting(
        ToEmail.kind, gettext_lazy("E-mail address"), gettext_lazy("Enter the e-mail address."), inputmode="email"
    )
    text = _setting(
        AutoReply.kind,
        gettext_lazy("Text of the reply"),
        gettext_lazy("Enter the text of the reply."),
        longest=REPLY_AT_MOST,
        rows=2,
    )
    number = _setting(
        Forward.kind, gettext_lazy("Phone number"), gettext_lazy("Enter the phone number."), inputmode="tel"
    )
    first_number = _setting(
        ToExtensions.kind,
        gettext_lazy("First of your numbers"),
        gettext_lazy("Enter the first of your numbers."),
        inputmode="tel",
    )
    last_number = _setting(
        ToExtensions.kind,
        gettext_lazy("Last of your numbers"),
        gettext_lazy("Enter the last of your numbers."),
        inputmode="tel",
    )
    first = _setting(
        ToExtensions.kind, gettext_lazy("First extension"), gettext_lazy("Enter the first extension."), longest=64
    )
    last = _setting(
        ToExtensions.kind, gettext_lazy("Last extension"), gettext_lazy("Enter the last extension."), longest=64
    )
    reason = _setting(Drop.kind, gettext_lazy("Reason"), longest=160, required=False)

    def __init__(self, *args: Any, country: str, choices: Sequence[Any], **kwargs: Any) -> None:
        self.country = country
        super().__init__(*args, **kwargs)
        add_moment_fields(self)
        offer(self, "where", choices)
        self.fields["text"].help_text = _placeholder_help()
        self.fields["first"].help_text = _("One for each number: both ranges have the same size.")

    def has_changed(self) -> bool:
        """Take a row in which only its place or its time was touched for an empty one."""
        return bool(set(self.changed_data) - {"ORDER", "when"})

    def clean(self) -> dict[str, Any]:
        """Ask for what the kind of destination needs, and for nothing else."""
        data = super().clean() or {}
        kind = str(data.get("where") or "").partition(":")[0]
        choice = CHOICES.get(kind, Choice())
        for name in set(_SETTINGS) - set(choice.fields):
            self.errors.pop(name, None)
        data["settings"] = self._settings(kind, choice, data) if kind in CHOICES else {}
        data["when"] = data.get("when") or When.ALWAYS.value
        at_moment = data["when"] == When.MOMENT
        if not at_moment:
            for name in MOMENT_FIELDS:
                self.errors.pop(name, None)
        data["moment"] = read_moment(self, data) if at_moment else None
        self._refuse_endless_hold(kind, data)
        return data

    def _settings(self, kind: str, choice: Choice, data: dict[str, Any]) -> dict[str, Any]:
        """Return the settings as they are stored; what is wrong with one is an error of its field."""
        found = {name: self._setting(name, str(data[name]).strip()) for name in choice.fields if data.get(name)}
        if any(name in self.errors for name in choice.fields):
            return {}
        try:
            read_target({"kind": kind, **found})
        except ConditionError as error:
            self.add_error(choice.fields[-1], sentence(str(error)))
        return found

    def _setting(self, name: str, text: str) -> str:
        try:
            if name in _PHONE_NUMBERS:
                return parse_number(text, self.country)
            if name == "address":
                validate_email(text)
            if name == "text":
                check_placeholders(text)
        except ValidationError:
            self.add_error(name, _("“%s” is not one e-mail address: write name@example.com.") % text[:80])
        except (NumberError, PlaceholderError) as error:
            self.add_error(name, str(error))
        return text

    def _refuse_endless_hold(self, kind: str, data: dict[str, Any]) -> None:
        """Refuse to hold what comes in while it is open: at opening it would be held again."""
        if kind == Hold.kind and data.get("when") in (When.ALWAYS, When.OPEN):
            self.add_error(
                "when", _("Until opening a text can wait only while you are closed: choose “Outside office hours”.")
            )

    @property
    def draft(self) -> TargetDraft | None:
        """What is to be stored; None for a row left empty."""
        kind, _sign, row = str(self.cleaned_data.get("where") or "").partition(":")
        if not kind:
            return None
        return TargetDraft(
            kind,
            uuid.UUID(row) if row else None,
            self.cleaned_data["settings"],
            self.cleaned_data["when"],
            self.cleaned_data["moment"],
        )


class TargetRows(forms.BaseFormSet[TargetForm]):
    """All destinations of a rule: at least one, none twice at one time, "drop" alone at its time."""

    def clean(self) -> None:
        """Check the rows together."""
        if any(self.errors):
            return
        drafts = self.drafts
        if not drafts:
            raise ValidationError(_("Add at least one destination."))
        if any(draft in drafts[:place] for place, draft in enumerate(drafts)):
            raise ValidationError(_("The same destination stands there twice: remove one."))
        dropped = [draft for draft in drafts if draft.kind == Drop.kind]
        if any(_meet(one, other) for one in dropped for other in drafts if one is not other):
            raise ValidationError(
                _("“Drop it” stands alone: remove it, or the other destinations, or give it times of its own.")
            )

    def refuse_hold(self) -> None:
        """Say at each row that holds texts that there is no opening to wait for."""
        for form in self.forms:
            if form.cleaned_data.get("where") == Hold.kind:
                form.add_error("where", _("It never opens: set office hours first, or choose another destination."))

    @property
    def holds(self) -> bool:
        """Say whether any row holds texts."""
        return any(draft.kind == Hold.kind for draft in self.drafts)

    @property
    def drafts(self) -> list[TargetDraft]:
        """The rows that are filled in and not removed, in their order."""
        return [draft for form in in_order(self.forms) if (draft := form.draft)]


def in_order(rows: Sequence[Any]) -> list[Any]:
    """Return the forms of rows that are not removed, in the order that was given them."""
    kept = [form for form in rows if not form.cleaned_data.get("DELETE")]
    return sorted(kept, key=lambda form: (form.cleaned_data.get("ORDER") is None, form.cleaned_data.get("ORDER") or 0))


def target_rows(tenant: Tenant, rule: InboundRule | None, data: Any = None) -> TargetRows:
    """Make the rows of a rule: those it has, and empty ones to fill in."""
    initial = [_initial(target) for target in rule.targets.all() if not target.is_gone] if rule and not data else []
    make = forms.formset_factory(
        TargetForm,
        formset=TargetRows,
        extra=0 if data else 1,
        can_delete=True,
        can_order=True,
        max_num=TARGETS_AT_MOST,
        validate_max=True,
    )
    kwargs = {"country": tenant.country, "choices": _choices(tenant)}
    return cast(TargetRows, make(data, initial=initial, prefix="targets", form_kwargs=kwargs))


def _meet(one: TargetDraft, other: TargetDraft) -> bool:
    """Say whether two destinations can get the same text; those of a moment take it alone."""
    if When.MOMENT in (one.when, other.when):
        return one.when == other.when and one.moment == other.moment
    return one.when == other.when or When.ALWAYS in (one.when, other.when)


def _initial(target: Any) -> dict[str, Any]:
    row = target.member_id or target.group_id
    settings = {name: value for name, value in target.settings.items() if name in _SETTINGS}
    for name in set(_PHONE_NUMBERS) & settings.keys():
        settings[name] = format_for_people(settings[name])
    times = {"when": target.when, **moment_initial(target.moment)}
    return {"where": f"{target.kind}:{row.hex}" if row else target.kind, **settings, **times}


def _choices(tenant: Tenant) -> list[Any]:
    members = [(f"{ToMember.kind}:{one.id.hex}", _member_label(one)) for one in tenant.members.select_related("user")]
    groups = [(f"{ToGroup.kind}:{one.id.hex}", one.name) for one in tenant.groups.all()]
    elsewhere = [(kind, TargetKind(kind).label) for kind in CHOICES]
    return [("", _("Choose…")), (_("Groups"), groups), (_("Members"), members), (_("Elsewhere"), elsewhere)]


def _placeholder_help() -> str:
    words = "; ".join(f"{{{name}}}: {meaning}" for name, meaning in PLACEHOLDERS.items())
    return _("Placeholders: %s.") % words


def _member_label(member: Any) -> str:
    return str(member) if member.enabled else _("%s (disabled)") % member
