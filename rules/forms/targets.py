"""The rows of destinations: each a member's or a group's inbox, an e-mail address, an automatic reply, or nowhere."""

import uuid
from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rules.editing import TargetDraft
from rules.forms.choices import offer
from rules.models import InboundRule, TargetKind
from tenants.models import Tenant

TARGETS_AT_MOST = 10
REPLY_AT_MOST = 1600
_WITH_DETAIL = {TargetKind.EMAIL.value: "address", TargetKind.AUTO_REPLY.value: "text"}


class TargetForm(forms.Form):
    """One destination."""

    where = forms.ChoiceField(
        label=gettext_lazy("Send it to"), error_messages={"required": gettext_lazy("Choose where the text goes.")}
    )
    detail = forms.CharField(
        label=gettext_lazy("Address, or text of the reply"),
        max_length=REPLY_AT_MOST,
        error_messages={"required": gettext_lazy("Enter the e-mail address, or the text of the reply.")},
        widget=forms.Textarea(
            attrs={"rows": 1, "data-shown-by": "where", "data-shown-for": " ".join(_WITH_DETAIL)},
        ),
    )

    def __init__(self, *args: Any, choices: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "where", choices)

    def clean(self) -> dict[str, Any]:
        """Ask for what the kind of destination needs."""
        data = super().clean() or {}
        kind, detail = str(data.get("where") or ""), str(data.get("detail") or "").strip()
        if kind not in _WITH_DETAIL:
            self.errors.pop("detail", None)
        if kind == TargetKind.EMAIL and detail:
            self._check_address(detail)
        return data

    def _check_address(self, address: str) -> None:
        try:
            validate_email(address)
        except ValidationError:
            self.add_error("detail", _("“%s” is not one e-mail address: write name@example.com.") % address[:80])

    @property
    def draft(self) -> TargetDraft | None:
        """What is to be stored; None for a row left empty."""
        kind, _sign, row = str(self.cleaned_data.get("where") or "").partition(":")
        if not kind:
            return None
        detail = str(self.cleaned_data.get("detail") or "").strip()
        settings = {_WITH_DETAIL[kind]: detail} if kind in _WITH_DETAIL else {}
        return TargetDraft(kind, uuid.UUID(row) if row else None, settings)


class TargetRows(forms.BaseFormSet[TargetForm]):
    """All destinations of a rule: at least one, none twice, "drop" alone."""

    def clean(self) -> None:
        """Check the rows together."""
        if any(self.errors):
            return
        drafts = self.drafts
        if not drafts:
            raise ValidationError(_("Add at least one destination."))
        if any(draft in drafts[:place] for place, draft in enumerate(drafts)):
            raise ValidationError(_("The same destination stands there twice: remove one."))
        if len(drafts) > 1 and any(draft.kind == TargetKind.DROP for draft in drafts):
            raise ValidationError(_("“Drop it” stands alone: remove it, or the other destinations."))

    @property
    def drafts(self) -> list[TargetDraft]:
        """The rows that are filled in and not removed."""
        kept = [form for form in self.forms if not form.cleaned_data.get("DELETE")]
        return [draft for form in kept if (draft := form.draft)]


def target_rows(tenant: Tenant, rule: InboundRule | None, data: Any = None) -> TargetRows:
    """Make the rows of a rule: those it has, and empty ones to fill in."""
    initial = [_initial(target) for target in rule.targets.all() if not target.is_gone] if rule and not data else []
    make = forms.formset_factory(
        TargetForm,
        formset=TargetRows,
        extra=0 if data else 1,
        can_delete=True,
        max_num=TARGETS_AT_MOST,
        validate_max=True,
    )
    return cast(TargetRows, make(data, initial=initial, prefix="targets", form_kwargs={"choices": _choices(tenant)}))


def _initial(target: Any) -> dict[str, str]:
    row = target.member_id or target.group_id
    detail = target.settings.get("address") or target.settings.get("text") or ""
    return {"where": f"{target.kind}:{row.hex}" if row else target.kind, "detail": detail}


def _choices(tenant: Tenant) -> list[Any]:
    members = [(f"member:{one.id.hex}", _member_label(one)) for one in tenant.members.select_related("user")]
    groups = [(f"group:{one.id.hex}", one.name) for one in tenant.groups.all()]
    return [
        ("", _("Choose…")),
        (_("Groups"), groups),
        (_("Members"), members),
        (
            _("Elsewhere"),
            [
                (TargetKind.EMAIL.value, TargetKind.EMAIL.label),
                (TargetKind.AUTO_REPLY.value, TargetKind.AUTO_REPLY.label),
                (TargetKind.DROP.value, TargetKind.DROP.label),
            ],
        ),
    ]


def _member_label(member: Any) -> str:
    return str(member) if member.enabled else _("%s (disabled)") % member
