"""Say a stored rule field by field, for the audit log and for whoever has to compare two states of it."""

from typing import Any

from django.utils.translation import gettext as _

from rules import documents
from rules.e164 import format_for_people
from rules.models import Applies, InboundRule, OutboundAction, OutboundRule, Strategy, WhenClosed
from rules.models.versions import RuleKind
from rules.reading import ConditionError
from rules.schedule import DAY_NAMES, Week, read_holidays

Json = dict[str, Any]


def fields_in_words(kind: str, entry: Json) -> Json:
    """Return the fields of a rule in words, by name; what is as usual is empty. No rule has no fields."""
    if not entry:
        return {}
    return _inbound(entry) if kind == RuleKind.INBOUND else _outbound(entry)


def route_in_words(route: documents.Route) -> str:
    """Say a route: by what, how the number is rewritten, from which sender, how heavy."""
    words = {
        "strip": route.strip,
        "prepend": route.prepend,
        "sender": format_for_people(route.sender),
        "weight": route.weight,
    }
    parts = [
        route.label or route.configuration,
        _("strip %(strip)s") % words if route.strip else "",
        _("prepend %(prepend)s") % words if route.prepend else "",
        _("from %(sender)s") % words if route.sender else "",
        _("weight %(weight)s") % words if route.weight != 1 else "",
        "" if route.enabled else _("off"),
    ]
    return ", ".join(filter(None, parts))


def own_times(rule: InboundRule | OutboundRule) -> dict[str, str]:
    """Say a rule's own hours and holidays, by their label; "" where it has none of its own or they cannot be read."""
    found = _own_times(rule.hours, getattr(rule, "holidays", None))
    return {_("Own hours"): found["hours"], _("Own holidays"): found["holidays"]}


def week_in_words(week: Week) -> str:
    """Say a week: days with the same shifts together, "closed" when it never opens."""
    by_shifts: dict[str, list[str]] = {}
    for name, shifts in zip(DAY_NAMES, week.days, strict=True):
        if shifts:
            by_shifts.setdefault(", ".join(map(str, shifts)), []).append(name)
    return "; ".join(f"{', '.join(names)} {shifts}" for shifts, names in by_shifts.items()) or _("always closed")


def _inbound(entry: Json) -> Json:
    rule = documents.parse_inbound({"rules": [entry]})[0]
    applies = "" if rule.applies == Applies.BOTH else str(Applies(rule.applies).label)
    return {
        "name": rule.name,
        "enabled": rule.enabled,
        "applies": applies,
        "conditions": _conditions(rule),
        "targets": "; ".join(end.describe() for end in rule.ends),
        **_own_times(entry.get("hours"), entry.get("holidays")),
    }


def _outbound(entry: Json) -> Json:
    rule = documents.parse_outbound({"rules": [entry]})[0]
    return {
        "name": rule.name,
        "enabled": rule.enabled,
        "priority": rule.priority,
        "conditions": _conditions(rule),
        "action": "" if rule.action == OutboundAction.SEND else str(OutboundAction(rule.action).label),
        "reason": rule.reason,
        "routes": "; ".join(route_in_words(route) for route in rule.routes),
        "strategy": "" if rule.strategy == Strategy.PRIORITISED else str(Strategy(rule.strategy).label),
        "when_closed": str(WhenClosed(rule.when_closed).label) if rule.when_closed else "",
        "sticky": rule.sticky or "",
        "area_match": rule.area_match or "",
        **_own_times(entry.get("hours"), entry.get("holidays")),
    }


def _conditions(rule: documents.InboundRule | documents.OutboundRule) -> str:
    return " and ".join(condition.describe() for condition in rule.conditions)


def _own_times(hours: Any, holidays: Any) -> Json:
    try:
        return {
            "hours": "" if hours is None else week_in_words(Week.from_json(hours)),
            "holidays": "" if holidays is None else holidays_in_words(holidays),
        }
    except ConditionError as error:
        return {"hours": str(error), "holidays": ""}


def holidays_in_words(stored: Any) -> str:
    """Say a rule's own holidays."""
    return "; ".join(f"{one.name} {one.start} – {one.end}" for one in read_holidays(stored)) or _("none")
