"""The form about a group: name, members, how they share, who takes over, to whom unanswered texts are given on."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenants import sharing
from tenants.models import Group, Member, Tenant
from tenants.models.members import Assignment
from tenants.roles import Permission, permissions_of
from tenants.sharing import LONGEST_MINUTES, Sharing

_GONE = gettext_lazy("Choose one of these members or groups: the other is gone, or may not answer.")


class GroupForm(forms.Form):
    """A group as its tenant's administrators change it."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=64)
    members = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Members"),
        queryset=Member.objects.none(),
        required=False,
        help_text=gettext_lazy("They all see the texts that rules give to this group."),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "choices-scroll"}),
    )
    assignment = forms.ChoiceField(
        label=gettext_lazy("Give each conversation to"),
        choices=Assignment.choices,
        required=False,
        help_text=gettext_lazy(
            "Only members who are available are given one. Whoever has a conversation keeps it while he is available."
        ),
    )
    fallback = forms.ChoiceField(
        label=gettext_lazy("When nobody of them is available"),
        required=False,
        help_text=gettext_lazy("Takes over. A group shares it by its own way."),
        error_messages={"invalid_choice": _GONE},
    )
    escalate_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes to answer"),
        required=False,
        min_value=1,
        max_value=LONGEST_MINUTES,
        help_text=gettext_lazy("Without an answer by then it is given on, once. Empty: never."),
    )
    escalate_to = forms.ChoiceField(
        label=gettext_lazy("Without an answer, give it on to"),
        required=False,
        error_messages={"invalid_choice": _GONE},
    )

    def __init__(self, *args: Any, tenant: Tenant, group: Group | None = None, **kwargs: Any) -> None:
        kwargs["initial"] = _initial(group) if group else {}
        super().__init__(*args, **kwargs)
        self._tenant, self._group = tenant, group
        everybody = list(tenant.members.select_related("user").order_by("name", "id"))
        groups = [other for other in tenant.groups.all() if group is None or other.pk != group.pk]
        field = cast("forms.ModelMultipleChoiceField[Member]", self.fields["members"])
        field.queryset = tenant.members.select_related("user").order_by("name", "id")
        named = {initial for name in ("fallback", "escalate_to") if (initial := kwargs["initial"].get(name))}
        members = [member for member in everybody if _can_take(member) or member.pk.hex in named]
        rows: list[Member | Group] = [*members, *groups]
        self._rows = {row.pk.hex: row for row in rows}
        self._offer("fallback", _("Nobody: it waits in the group's inbox"), members, groups)
        self._offer("escalate_to", _("Nobody"), members, groups)

    def _offer(self, name: str, nobody: str, members: Sequence[Member], groups: Sequence[Group]) -> None:
        field = cast(forms.ChoiceField, self.fields[name])
        field.choices = [("", nobody), (_("Members"), _named(members)), (_("Groups"), _named(groups))]

    def clean_name(self) -> str:
        """A name that no other group of the tenant has."""
        name = " ".join(str(self.cleaned_data["name"]).split())
        others = self._tenant.groups.filter(name=name)
        if self._group is not None:
            others = others.exclude(pk=self._group.pk)
        if others.exists():
            raise forms.ValidationError(_("Another group has this name. Choose another one."))
        return name

    def clean(self) -> dict[str, Any]:
        """Time and taker of what nobody answers belong together."""
        data = super().clean() or {}
        minutes, to = data.get("escalate_minutes"), data.get("escalate_to")
        if minutes and not to and "escalate_to" not in self.errors:
            self.add_error("escalate_to", _("Choose to whom it is given on, or empty the minutes."))
        if to and not minutes and "escalate_minutes" not in self.errors:
            self.add_error("escalate_minutes", _("Enter after how many minutes, or choose nobody below."))
        return data

    @property
    def sharing(self) -> Sharing:
        """How the members share."""
        data = self.cleaned_data
        fallback, escalate_to = self._rows.get(data["fallback"]), self._rows.get(data["escalate_to"])
        return Sharing(
            assignment=data["assignment"],
            fallback_member=fallback if isinstance(fallback, Member) else None,
            fallback_group=fallback if isinstance(fallback, Group) else None,
            escalate_minutes=data["escalate_minutes"],
            escalate_member=escalate_to if isinstance(escalate_to, Member) else None,
            escalate_group=escalate_to if isinstance(escalate_to, Group) else None,
        )


def _can_take(member: Member) -> bool:
    """Whether a member is there at all and may answer: viewers read."""
    return member.enabled and Permission.MESSAGES_SEND in permissions_of(member.role)


def _initial(group: Group) -> dict[str, Any]:
    now = sharing.of(group)
    return {
        "name": group.name,
        "members": group.members.all(),
        "assignment": now.assignment,
        "fallback": _hex(now.fallback_member or now.fallback_group),
        "escalate_minutes": now.escalate_minutes,
        "escalate_to": _hex(now.escalate_member or now.escalate_group),
    }


def _hex(row: Member | Group | None) -> str:
    return row.pk.hex if row else ""


def _named(rows: Sequence[Member | Group]) -> list[tuple[str, str]]:
    return [(row.pk.hex, str(row)) for row in rows]
