"""How the members of a group share its texts: who is given one, who takes over, to whom it is given on."""

from dataclasses import dataclass, fields
from typing import Any

from django.db.models import Q

from tenants.models import Group, Member
from tenants.models.members import Assignment

# As long as a minute is a useful measure: two weeks.
LONGEST_MINUTES = 14 * 24 * 60


@dataclass(frozen=True, slots=True)
class Sharing:
    """A group's way of sharing; at most one of each member and group is set. `escalate_minutes`: None for never."""

    assignment: str = Assignment.NOBODY
    fallback_member: Member | None = None
    fallback_group: Group | None = None
    escalate_minutes: int | None = None
    escalate_member: Member | None = None
    escalate_group: Group | None = None

    def put_on(self, group: Group) -> None:
        """Write it on a group, which the caller saves."""
        for field in fields(self):
            setattr(group, field.name, getattr(self, field.name))

    def in_words(self) -> dict[str, Any]:
        """Return what the audit log says of it."""
        return {
            "assignment": self.assignment,
            "fallback": str(self.fallback_member or self.fallback_group or ""),
            "escalate_minutes": self.escalate_minutes,
            "escalate_to": str(self.escalate_member or self.escalate_group or ""),
        }


def of(group: Group) -> Sharing:
    """Return how a group shares now."""
    return Sharing(**{field.name: getattr(group, field.name) for field in fields(Sharing)})


def relying_on(row: Member | Group) -> list[Group]:
    """Return the groups for which a member or a group takes over, or to which they give on, up to twenty."""
    if isinstance(row, Member):
        named = Q(fallback_member=row) | Q(escalate_member=row)
    else:
        named = Q(fallback_group=row) | Q(escalate_group=row)
    return list(row.tenant.groups.filter(named).exclude(pk=row.pk)[:20])
