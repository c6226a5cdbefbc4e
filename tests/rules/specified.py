"""What the tables of the specification are written with: the company Acme, its rules and its texts."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from rules.engine import Decision
from rules.facts import InboundFacts, OutboundFacts

PARIS = ZoneInfo("Europe/Paris")
ACME = {
    "zone": "Europe/Paris",
    "week": {day: [["09:00", "12:00"], ["13:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    "holidays": [{"name": "Christmas", "start": "2020-12-25", "end": "2020-12-26", "yearly": True}],
}
MORNING = "it is Monday 10:00, within office hours"
NIGHT, NIGHT_SAID = "2026-12-07 20:00", "it is Monday 20:00, outside office hours"
HOLIDAY, HOLIDAY_SAID = "2026-12-25 10:00", "it is Friday 10:00, a holiday (Christmas)"


def at(local):
    return datetime.fromisoformat(local).replace(tzinfo=PARIS).astimezone(UTC)


def text(body="Hello", *, to="+12027594810", sender="+14155550123", when="2026-12-07 10:00", **more):
    return InboundFacts(to, sender, body, trunk="main", number=f"n{to[-1]}", at=at(when), **more)


def reply(to="+14155550123", *, when="2026-12-07 10:00", **more):
    return OutboundFacts(to, at=at(when), **more)


def member(name, when="always", **moment):
    return {"kind": "member", "id": name, "label": name, "when": when, **({"moment": moment} if moment else {})}


def rule(*conditions, to=None, **fields):
    """An inbound rule, to Bob unless it says otherwise."""
    return {"conditions": list(conditions) or [{"kind": "all_numbers"}], "targets": to or [member("Bob")], **fields}


def way(*conditions, by=("Acme",), **fields):
    """An outbound rule, by the configuration Acme unless it says otherwise."""
    routes = [one if isinstance(one, dict) else {"configuration": one, "label": one} for one in by]
    return {"conditions": list(conditions) or [{"kind": "all"}], "routes": routes, **fields}


def if_(kind, **fields):
    return {"kind": kind, **fields}


def named(rows):
    return pytest.mark.parametrize(
        ("rules", "facts", "action", "name", "ends", "said"), [row[1:] for row in rows], ids=[row[0] for row in rows]
    )


def said_by(decision, name):
    """Return what the rule R said, or else the one that decided, or the last."""
    by_name = {step.rule_name: step.reason for step in decision.trace}
    return by_name.get("R", by_name.get(name, ""))


def check(decision: Decision, compiled: Decision, action, name, ends, found_ends, said):
    assert (decision.action, decision.rule.name if decision.rule else "", found_ends) == (action, name, ends)
    assert (compiled.action, compiled.rule, compiled.targets, compiled.routes) == (
        *(decision.action, decision.rule),
        *(decision.targets, decision.routes),
    )
    assert said_by(decision, name).startswith(said)
