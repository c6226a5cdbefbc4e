"""Find our numbers that fit a person: the one this person knows, those most like the person's own. Reads only."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

from django.db.models import QuerySet, Subquery

from rules.documents import InboundRule, OutboundRule
from rules.e164 import area_of
from sms.models import PhoneNumber
from sms.status import MessageState
from tenants.models import Tenant

# Texts that the other end has never seen: they make no number known.
_NEVER_LEFT = (
    MessageState.REJECTED,
    MessageState.BLOCKED,
    MessageState.SUPPRESSED,
    MessageState.EXPIRED,
    MessageState.CANCELED,
)
# E.164 has at most fifteen digits.
_LONGEST = 16


@dataclass(frozen=True, slots=True)
class Matching:
    """What a rule asks of the numbers that its routes may use."""

    sticky: bool = False
    area: bool = False

    @classmethod
    def of(cls, rule: InboundRule | OutboundRule | None) -> Self:
        """Return what a rule asks."""
        return cls(rule.sticky, rule.area_match) if isinstance(rule, OutboundRule) else cls()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what is stored; older decisions asked nothing."""
        return cls(bool(data.get("sticky")), bool(data.get("area")))

    def to_json(self) -> dict[str, bool]:
        """Return what is stored."""
        return {"sticky": self.sticky, "area": self.area}


def known_number(tenant: Tenant, trunk: uuid.UUID, theirs: str, but: Collection[str] = ()) -> str:
    """Return the number of ours on a trunk that last had a text with somebody, or "".

    It reads this person's texts from the last one back, and stops at the first that serves.
    """
    ours = _live(tenant, trunk, but).order_by().values("e164")
    texts = tenant.messages.filter(their_address=theirs, our_address__in=ours).exclude(state__in=_NEVER_LEFT)
    return texts.order_by("-occurred_at", "-id").values_list("our_address", flat=True).first() or ""


def near_numbers(tenant: Tenant, trunk: uuid.UUID, theirs: str, but: Collection[str] = ()) -> tuple[str, ...]:
    """Return our numbers on a trunk just before and just after somebody's, in the same area.

    Whatever the size of the pool, of all its numbers one of these two has the most first digits in common with theirs.
    """
    area = area_of(theirs)
    if not area:
        return ()
    alike = _live(tenant, trunk, but).filter(e164__startswith=area)
    before = alike.filter(e164__gte=area, e164__lt=theirs).order_by("-e164")
    after = alike.filter(e164__gt=theirs, e164__lte=area.ljust(_LONGEST, "9")).order_by("e164")
    found = (Subquery(rows.values("e164")[:1]) for rows in (before, after))
    [both] = Tenant.objects.filter(pk=tenant.pk).values_list(*found)
    return tuple(filter(None, both))


def _live(tenant: Tenant, trunk: uuid.UUID, but: Collection[str]) -> QuerySet[PhoneNumber]:
    rows = tenant.phone_numbers.filter(pool__trunk=trunk, released_at=None)
    return rows.exclude(e164__in=but) if but else rows
