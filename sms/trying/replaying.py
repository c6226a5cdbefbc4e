"""Ask other rules about texts that were decided already: what would change. Writes nothing, keeps nothing."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from rules import routing
from rules.changing import versions
from rules.changing.saying import route_in_words
from rules.documents import InboundRule, OutboundRule, parse_inbound, parse_outbound
from rules.engine import Action, CompiledInbound, CompiledOutbound, Decision, decide
from rules.models.versions import RuleKind
from sms.models import Direction, Message
from sms.trying import decided
from sms.trying.decided import Explanation
from tenants.models import Tenant

# So many texts are asked about, the newest first.
LIMIT = 1000
Json = dict[str, Any]
Rule = InboundRule | OutboundRule


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a text: the rule that decides, and in words what it does."""

    rule: str
    words: str


@dataclass(frozen=True, slots=True)
class Change:
    """A text that would fare otherwise."""

    message: Message
    then: Fate
    now: Fate


@dataclass(slots=True)
class Replay:
    """What other rules would do with the last texts.

    `asked` texts were decided by rules; of `erased` ones the words are gone; `renamed` ones only another rule would
    decide, with the same result.
    """

    asked: int = 0
    erased: int = 0
    renamed: int = 0
    changes: list[Change] = field(default_factory=list)

    @property
    def kinds(self) -> list[tuple[str, str, int]]:
        """What changes into what, and how often; the most frequent first."""
        return [(*pair, count) for pair, count in self._pairs.most_common()]

    @property
    def _pairs(self) -> Counter[tuple[str, str]]:
        return Counter((change.then.words, change.now.words) for change in self.changes)


def candidate(tenant: Tenant, kind: str, change: Callable[[], object]) -> Json:
    """Return the document that a change of the rules would make; the change itself is undone before this returns."""
    with transaction.atomic():
        change()
        saved = versions.live(tenant, kind)
        transaction.set_rollback(True)
    return saved.document if saved else {"rules": []}


def replay(tenant: Tenant, kind: str, document: Json, *, limit: int = LIMIT) -> Replay:
    """Ask the rules of a document about the last texts, and say where they differ from those that are live."""
    pair = _Pair(tenant, kind, document)
    found = Replay()
    for message in _last(tenant, kind, limit):
        found.asked += 1
        found.erased += decided.is_erased(message)
        _note(found, message, *pair.decide(decided.facts_of(message)))
    return found


class _Pair:
    """The live rules and others beside them; a rule that stands in both is read once and asked once."""

    def __init__(self, tenant: Tenant, kind: str, document: Json) -> None:
        live = versions.live(tenant, kind)
        before = tuple(routing.live_rules(tenant, kind))
        known = _by_entry(live.document, before) if live and _calendar(live.document) == _calendar(document) else {}
        self._after = _read(kind, document, known)
        self._place = {id(rule): place for place, rule in enumerate(before)}
        self._before: Any = CompiledInbound(before) if kind == RuleKind.INBOUND else CompiledOutbound(before)  # type: ignore[arg-type]
        self._otherwise = Action.UNROUTED if kind == RuleKind.INBOUND else Action.REFUSE

    def decide(self, facts: Any) -> tuple[Decision, Decision]:
        """Return what is decided by the live rules, and what would be by the others."""
        then: Decision = self._before.decide(facts)
        first = self._place[id(then.rule)] if then.rule else len(self._place)
        # Live rules before the one that decides have said no already.
        left: Any = (rule for rule in self._after if self._place.get(id(rule), first) >= first)
        now = decide(left, facts, otherwise=self._otherwise, explain=False)
        return then, now


def _by_entry(document: Json, rules: Sequence[Rule]) -> dict[str, Rule]:
    read = {rule.id: rule for rule in rules}
    return {_text(entry): read[entry["id"]] for entry in document["rules"] if entry.get("id") in read}


def _read(kind: str, document: Json, known: Mapping[str, Rule]) -> Sequence[Rule]:
    """Read the rules of a document; those that are known as they stand are not read again."""
    parse: Callable[[Json], Sequence[Rule]] = parse_inbound if kind == RuleKind.INBOUND else parse_outbound
    entries: list[Json] = document["rules"]
    if len({entry.get("id") for entry in entries}) < len(entries):
        return parse(document)
    texts = [_text(entry) for entry in entries]
    unknown = [entry for entry, text in zip(entries, texts, strict=True) if text not in known]
    new = {rule.id: rule for rule in parse(document | {"rules": unknown})}
    rules = [known.get(text) or new[entry["id"]] for entry, text in zip(entries, texts, strict=True)]
    return sorted(rules, key=lambda rule: rule.priority if isinstance(rule, OutboundRule) else 0)


def _text(entry: Json) -> str:
    return json.dumps(entry, sort_keys=True)


def _calendar(document: Json) -> str:
    return _text(document.get("calendar") or {})


def by_todays_rules(message: Message, *, everything: bool = False, hide: Callable[[str], str] = str) -> Explanation:
    """Say what the rules of today would do with a text, at the time at which it came."""
    kind = decided.kind_of(message)
    live = versions.live(message.tenant, kind)
    return decided.explain_by(message, live, everything=everything, hide=hide)


def _last(tenant: Tenant, kind: str, limit: int) -> list[Message]:
    direction = Direction.IN if kind == RuleKind.INBOUND else Direction.OUT
    newest = tenant.messages.filter(direction=direction).defer("raw").order_by("-occurred_at", "-id")
    return [message for message in newest[:limit] if message.decision.get("facts")]


def _note(found: Replay, message: Message, then: Decision, now: Decision) -> None:
    if _key(then) != _key(now):
        found.changes.append(Change(message, _fate(then), _fate(now)))
    elif (then.rule.id if then.rule else "") != (now.rule.id if now.rule else ""):
        found.renamed += 1


def _key(decision: Decision) -> str:
    """Say what is done in a way that can be compared: the names of rows do not count, nor those of rules."""
    ends = [target.to_json() for target in decision.targets]
    ends += [route.to_json() | {"id": "", "weight": 0} for route in decision.routes if route.enabled]
    rule = decision.rule
    manner = [rule.sticky, rule.area_match] if isinstance(rule, OutboundRule) and decision.routes else []
    bare = [{name: value for name, value in end.items() if name != "label"} for end in ends]
    return json.dumps([decision.action, bare, manner, str(decision.until or "")], sort_keys=True)


def _fate(decision: Decision) -> Fate:
    return Fate(decision.rule.name if decision.rule else "", _words(decision))


def _words(decision: Decision) -> str:
    """Say in few words what is done."""
    if decision.action == Action.UNROUTED:
        return _("Unrouted")
    if decision.action == Action.REFUSE:
        return _("Refused: no rule fits")
    if decision.action == Action.DENY:
        return _("Refused: %s") % decision.reason if decision.reason else _("Refused")
    if decision.targets:
        return ", ".join(_("to %s") % target.describe() for target in decision.targets)
    routes = _(", then ").join(route_in_words(route) for route in decision.routes if route.enabled)
    words = {
        Action.WAIT: _("Waits until opening, then by %s"),
        Action.HOLD: _("Held for somebody to release"),
        Action.SEND: _("by %s"),
    }[decision.action]
    words = words % routes if "%s" in words else words
    return words + _manner(decision)


def _manner(decision: Decision) -> str:
    rule = decision.rule
    if not isinstance(rule, OutboundRule):
        return ""
    parts = [
        _("from the sender of the conversation") if rule.sticky else "",
        _("from a number of the same area") if rule.area_match else "",
    ]
    return "".join(f", {part}" for part in parts if part)
