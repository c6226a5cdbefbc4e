"""Find what keeps rules from working as they were meant; PURE.

What rules name (members, groups, trunks, configurations, numbers) stands in `Surroundings`, which
`rules/checking/surroundings.py` fills.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from rules.checking.coverage import taken, uncovered, unserved
from rules.checking.findings import Code, Finding, Surroundings, Thing
from rules.checking.shadowing import shadowed
from rules.conditions import InboundCondition, OutboundCondition
from rules.documents import InboundRule, OutboundRule
from rules.e164 import format_for_people
from rules.patterns import collapse_ranges
from rules.routes import Route
from rules.schedule import Period
from rules.wording import any_of

Rule = InboundRule | OutboundRule


class Wrong(NamedTuple):
    """What is wrong with one rule; `subject` as in a finding."""

    code: Code
    text: str
    subject: str = ""


def inbound_findings(rules: Sequence[InboundRule], around: Surroundings) -> tuple[Finding, ...]:
    """List what is wrong with inbound rules, given in their order; then numbers of ours that no rule covers."""
    found = [
        Finding(wrong.code, rule.id, rule.name, wrong.text, wrong.subject) for rule, wrong in _inbound(rules, around)
    ]
    missing = uncovered(rules, around.numbers)
    if missing:
        runs = [
            " – ".join(dict.fromkeys(map(format_for_people, (run.first, run.last)))) for run in collapse_ranges(missing)
        ]
        text = (
            f"No rule takes every text to {any_of(runs)}: what none takes is kept, but reaches nobody. "
            "Add a rule for them, or a last one for all numbers."
        )
        found.append(Finding(Code.NUMBERS_WITHOUT_RULE, "", "", text))
    return tuple(found)


def outbound_findings(rules: Sequence[OutboundRule], around: Surroundings) -> tuple[Finding, ...]:
    """List what is wrong with outbound rules, given in their order; then countries that no route serves."""
    found = [
        Finding(wrong.code, rule.id, rule.name, wrong.text, wrong.subject) for rule, wrong in _outbound(rules, around)
    ]
    for country in unserved(rules, around.recipients):
        text = f"No rule sends to {country}: texts there are refused. Add a rule for it, or one for all destinations."
        found.append(Finding(Code.COUNTRY_UNSERVED, "", "", text, country))
    return tuple(found)


def _inbound(rules: Sequence[InboundRule], around: Surroundings) -> Iterator[tuple[InboundRule, Wrong]]:
    shadows = {id(rule): by for rule, by in shadowed(rules)}
    idle = {id(rule) for rule in rules if rule.live} - {id(rule) for rule in taken(rules, around.numbers)}
    for rule in rules:
        if not rule.enabled or rule.applies == "voice":
            continue
        for text in rule.findings:
            yield rule, Wrong(Code.UNUSABLE, f"It is not used: {text}")
        if rule.id in around.lost:
            text = "A member or group that it delivered to was removed: edit the rule."
            yield rule, Wrong(Code.TARGET_GONE, text)
        if id(rule) in shadows:
            yield rule, _shadow(shadows[id(rule)])
        if id(rule) in idle:
            yield rule, Wrong(Code.NO_NUMBER, "It never matches: none of your numbers is one that it asks for.")
        for wrong in (*_conditions(rule, around), *_ends(rule, around), *_extensions(rule, around)):
            yield rule, wrong


def _outbound(rules: Sequence[OutboundRule], around: Surroundings) -> Iterator[tuple[OutboundRule, Wrong]]:
    shadows = {id(rule): by for rule, by in shadowed(rules)}
    for rule in rules:
        if not rule.enabled:
            continue
        for text in rule.findings:
            yield rule, Wrong(Code.UNUSABLE, f"It is not used: {text}")
        if rule.id in around.lost:
            yield rule, Wrong(Code.TARGET_GONE, "A group that it names is gone: edit the rule.")
        if id(rule) in shadows:
            yield rule, _shadow(shadows[id(rule)])
        for wrong in (*_conditions(rule, around), *_hours(rule, around), *_routes(rule, around)):
            yield rule, wrong


def _shadow(by: Sequence[Rule]) -> Wrong:
    names = " and ".join(f"“{rule.name}”" for rule in by)
    take = "takes" if len(by) == 1 else "together take"
    return Wrong(Code.SHADOWED, f"It never gets a text: {names}, before it, {take} all that it asks for.", by[0].id)


def _conditions(rule: Rule, around: Surroundings) -> Iterator[Wrong]:
    """Find conditions that exclude each other, times that never come, and rows that do not work."""
    conditions: Sequence[InboundCondition | OutboundCondition] = rule.conditions
    for one, other in combinations(conditions, 2):
        if one.excludes(other) or other.excludes(one):
            text = f"It never matches: “{one.describe()}” and “{other.describe()}” exclude each other."
            yield Wrong(Code.CONTRADICTION, text)
    for condition in conditions:
        if not condition.comes(around.now):
            yield Wrong(Code.NEVER_COMES, f"It never matches: there will be no time at which {condition.describe()}.")
        for kind, key in condition.names:
            thing = around.things.get((kind, key))
            wrong = _WRONG[kind](thing, around) if thing else None
            # Who writes need not be there to receive.
            if wrong and wrong[0] != Code.GROUP_AWAY:
                yield Wrong(*wrong, key)


def _ends(rule: InboundRule, around: Surroundings) -> Iterator[Wrong]:
    """Find destinations that are never used, are gone, or read nothing."""
    for end in rule.ends:
        if not end.comes(rule.calendar, around.now):
            code = Code.NEVER_OPENS if end.when == Period.OPEN else Code.NEVER_COMES
            yield Wrong(code, f"It never delivers to {end.describe()}: that time does not come.")
        stored = end.target.to_json()
        kind, key = stored["kind"], stored.get("id", "")
        if key and kind in _WRONG:
            thing = around.things.get((kind, key))
            wrong = (
                _WRONG[kind](thing, around)
                if thing
                else (Code.TARGET_GONE, f"Gone: {end.target.describe()}. Edit the rule.")
            )
            if wrong:
                yield Wrong(*wrong, key)


def _extensions(rule: InboundRule, around: Surroundings) -> Iterator[Wrong]:
    """Find extensions that nobody has, to which numbers are mapped one by one."""
    mapped = [
        end.target for end in rule.ends if around.numbers and end.target.resolve(around.numbers[0]) is not end.target
    ]
    for target in mapped:
        numbers = [one for one in around.numbers if all(c.holds(one) for c in rule.conditions if c.about == "number")]
        wanted = [str(target.resolve(number).to_json().get("extension", "")) for number in numbers]
        free = sorted({extension for extension in wanted if extension} - around.extensions)
        if free:
            yield Wrong(Code.EXTENSION_FREE, f"Nobody has the extension {any_of(free)}: give it to a member.")


def _hours(rule: OutboundRule, around: Surroundings) -> Iterator[Wrong]:
    if rule.action == "send" and rule.when_closed and rule.calendar.next_opening(around.now) is None:
        yield Wrong(Code.NEVER_OPENS, "It refuses every text: its hours never open.")


def _routes(rule: OutboundRule, around: Surroundings) -> Iterator[Wrong]:
    """Find routes whose configuration does not work, or whose sender is not to be had there."""
    routes = rule.open_routes if rule.action != "deny" else ()
    things = [(route, around.things.get(("configuration", route.configuration))) for route in routes]
    working = [(route, thing) for route, thing in things if thing and thing.works]
    for route, thing in things:
        if not (thing and thing.works):
            text = f"The SMS configuration {thing.label if thing else _label(route)} is disabled or deleted."
            yield Wrong(Code.CONFIGURATION_OFF, text, route.configuration)
    if routes and not working:
        yield Wrong(Code.NO_ROUTE_LEFT, "No route is left: texts that match are refused.")
    for route, thing in working:
        if route.sender.startswith("+") and route.sender not in thing.senders:
            shown = format_for_people(route.sender)
            text = f"{shown} is not among your numbers on the trunk of {thing.label}: choose another."
            yield Wrong(Code.SENDER_OUTSIDE, text, route.configuration)


def _label(route: Route) -> str:
    return route.label or "of a route"


def _member(thing: Thing, around: Surroundings) -> tuple[Code, str] | None:
    return None if thing.works else (Code.MEMBER_OFF, f"{thing.label} is disabled and reads nothing.")


def _group(thing: Thing, around: Surroundings) -> tuple[Code, str] | None:
    if not thing.members:
        return Code.GROUP_EMPTY, f"The group {thing.label} is empty: add a member."
    members = [around.things.get(("member", key)) for key in thing.members]
    if not any(member and member.works and member.reachable for member in members):
        return (
            Code.GROUP_AWAY,
            f"Nobody of the group {thing.label} is ever available: all are disabled, or never have hours.",
        )
    return None


def _trunk(thing: Thing, around: Surroundings) -> tuple[Code, str] | None:
    return None if thing.works else (Code.TRUNK_OFF, f"The trunk {thing.label} is disabled or deleted.")


_WRONG: dict[str, Callable[[Thing, Surroundings], tuple[Code, str] | None]] = {
    "member": _member,
    "group": _group,
    "trunk": _trunk,
}
