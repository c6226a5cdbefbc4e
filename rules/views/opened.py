"""Which state of a rule a page was opened with, so that nobody overwrites unseen what somebody else has done."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from rules.changing import stale, versions
from rules.changing.stale import Change, StaleEdit
from rules.models import InboundRule, OutboundRule
from tenants.access import TenantRequest


@dataclass(slots=True)
class Opened:
    """The revision of the rule and the version of the list that a page shows; its forms carry both back."""

    kind: str
    rule: InboundRule | OutboundRule | None
    revision: int | None
    version: int
    is_stale: bool = False
    changes: Sequence[Change] = ()

    def catch_up(self, request: TenantRequest, refused: StaleEdit) -> None:
        """Show what was changed meanwhile, and take the state that stands now for the one the page shows."""
        self.changes = stale.rule_changes(request.tenant, self.kind, refused.rule, self.version)
        self.is_stale, self.revision = True, refused.revision
        self.version = versions.newest_number(request.tenant, self.kind)


def opened(request: TenantRequest, kind: str, rule: InboundRule | OutboundRule | None, live: int = 0) -> Opened:
    """Return the state that a posted form was opened with, or that a page is opened with now.

    `live` is the number of the newest version.
    """
    if request.method == "POST":
        return Opened(kind, rule, whole_number(request, "revision"), whole_number(request, "version") or 0)
    return Opened(kind, rule, rule.revision if rule else None, live)


def whole_number(request: TenantRequest, name: str) -> int | None:
    """Return a number that a form carries; None when it carries none."""
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def ids(request: TenantRequest, name: str) -> list[uuid.UUID]:
    """Return the ids that a form carries, in their order; what is none is left out."""
    found = []
    for text in request.POST.get(name, "").split():
        try:
            found.append(uuid.UUID(hex=text))
        except ValueError:
            continue
    return found
