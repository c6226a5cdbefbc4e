"""Acme's outbound rules as a test needs them, and moments at which its office is open or closed."""

from datetime import UTC, datetime
from typing import Any

from rules.models import RuleSet
from sms.models import Configuration
from tests import factories
from tests.factories import OUR_NUMBER

# Open from Monday to Friday; Christmas Day is free.
OFFICE = {
    "zone": "UTC",
    "week": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    "holidays": [{"name": "Christmas Day", "start": "2026-12-25", "end": "2026-12-25"}],
}
MONDAY_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SATURDAY = datetime(2026, 3, 7, 20, tzinfo=UTC)
NEXT_OPENING = datetime(2026, 3, 9, 9, tzinfo=UTC)
CHRISTMAS = datetime(2026, 12, 25, 12, tzinfo=UTC)
AFTER_CHRISTMAS = datetime(2026, 12, 28, 9, tzinfo=UTC)


def route(configuration: Configuration, number: int = 1, **wanted: Any) -> dict[str, Any]:
    """Return a route by a configuration."""
    return {"id": f"{number:032x}", "configuration": configuration.id.hex, "label": configuration.name} | wanted


def rule(cast: factories.Cast, **wanted: Any) -> dict[str, Any]:
    """Return a rule for all destinations by Acme's configuration."""
    plain = {"id": "a" * 32, "name": "Everything", "enabled": True, "conditions": [{"kind": "all"}]}
    return plain | {"routes": [route(cast.configuration)]} | wanted


def decide_by(cast: factories.Cast, *rules: dict[str, Any]) -> RuleSet:
    """Make these Acme's outbound rules from now on; its default number is the first one."""
    cast.acme.default_number = OUR_NUMBER
    cast.acme.save()
    version = cast.acme.rule_sets.count() + 1
    document = {"calendar": OFFICE, "rules": list(rules)}
    return RuleSet.objects.create(tenant=cast.acme, kind="outbound", version=version, document=document)
