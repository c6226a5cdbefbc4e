"""Say a decision for people: in one sentence, and with what every rule said. Reads rows only to link to them."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from rules.engine import Action, Step
from rules.models.versions import RuleKind
from rules.schedule import Calendar
from tenants.models import Tenant

# More rules than this stand in a list only when all are asked for; up to a few, a list is open at once.
SHOWN, FEW = 25, 8


@dataclass(frozen=True, slots=True)
class Line:
    """One rule and what it said; `number` is its place, from 1; `exists` says whether there is a page to link to."""

    number: int
    rule_id: str
    name: str
    state: str
    reason: str
    exists: bool = True

    @property
    def tone(self) -> str:
        """The colour of the line."""
        return {"matched": "good", "later": "warn"}.get(self.state, "neutral")

    @property
    def icon(self) -> str:
        """The mark of the line."""
        return {"matched": "check", "later": "circle-dot"}.get(self.state, "minus")

    @property
    def words(self) -> str:
        """What it said, in one sentence."""
        if self.state == "later":
            return _("Would fit, too: %s.") % self.reason
        return f"{sentence(self.reason)}."


@dataclass(frozen=True, slots=True)
class Lines:
    """A part of the list of rules: how many there are, and those that are shown."""

    count: int
    shown: tuple[Line, ...]
    fitting: int

    @classmethod
    def of(cls, lines: list[Line], most: int) -> "Lines":
        """Cut a long list; rules that would fit, too, come first."""
        ordered = sorted(lines, key=lambda line: line.state != "later")
        return cls(len(lines), tuple(ordered[:most]), sum(line.state == "later" for line in lines))

    @property
    def hidden(self) -> int:
        """How many are not shown."""
        return self.count - len(self.shown)

    @property
    def is_short(self) -> bool:
        """Whether the list may stand open."""
        return 0 < self.count <= FEW


@dataclass(frozen=True, slots=True)
class Trace:
    """What every rule said: the one that decided, those before it, those after it."""

    matched: Line | None
    before: Lines
    after: Lines

    @property
    def is_empty(self) -> bool:
        """Whether there was no rule at all."""
        return self.matched is None and not self.before.count

    @property
    def is_cut(self) -> bool:
        """Whether some rules are not shown."""
        return bool(self.before.hidden or self.after.hidden)


@dataclass(frozen=True, slots=True)
class Hours:
    """What a time was for the office; `opens` is the next opening, if it was not open."""

    at: datetime
    zone: str
    reason: str
    opens: datetime | None

    @property
    def when(self) -> str:
        """The time as the tenant's clock shows it."""
        return clock_of(self.at)

    @property
    def opening(self) -> str:
        """The next opening as the tenant's clock shows it."""
        return clock_of(self.opens) if self.opens else ""


def trace(
    tenant: Tenant,
    kind: str,
    steps: Iterable[Step],
    *,
    everything: bool = False,
    hide: Callable[[str], str] = str,
) -> Trace:
    """Sort the steps of a decision for a page; rules that are there no more are not linked."""
    there = _ids(tenant, kind)
    lines = [_line(number, step, there, hide) for number, step in enumerate(steps, 1)]
    place = next((place for place, line in enumerate(lines) if line.state == "matched"), len(lines))
    most = len(lines) if everything else SHOWN
    return Trace(
        lines[place] if place < len(lines) else None,
        Lines.of(lines[:place], most),
        Lines.of(lines[place + 1 :], most),
    )


def hours(calendar: Calendar, at: datetime) -> Hours:
    """Say what a time is for a calendar."""
    opening = calendar.at(at)
    opens = calendar.next_opening(at)
    local = calendar.local(opens) if opens and opens != at else None
    return Hours(calendar.local(at), calendar.zone.key, opening.reason, local)


def said_inbound(action: str, rule: str, ends: Iterable[str]) -> str:
    """Say in one sentence what becomes of a text that came in; `ends` go on from "to"."""
    places = ", ".join(_("to %s") % end for end in ends)
    if action == Action.DELIVER:
        return _("Rule “%(rule)s” takes it: %(places)s.") % {"rule": rule, "places": places}
    if action == Action.DROP:
        return _("Rule “%(rule)s” drops it: %(places)s.") % {"rule": rule, "places": places}
    return _("No rule fits: it is kept and shown as unrouted.")


def said_outbound(action: str, rule: str, *, why: str = "", until: datetime | None = None) -> str:
    """Say in one sentence what becomes of a text that is written; the way of one that is sent is said beside it."""
    words = {"rule": rule, "why": why.rstrip("."), "until": clock_of(until) if until else ""}
    if action == Action.SEND:
        return _("Rule “%(rule)s” sends it.") % words
    if action == Action.WAIT:
        return _("Rule “%(rule)s” keeps it until opening, %(until)s: %(why)s.") % words
    if action == Action.HOLD:
        return (_("Rule “%(rule)s” holds it: %(why)s.") if why else _("Rule “%(rule)s” holds it.")) % words
    if action == Action.DENY:
        return (_("Rule “%(rule)s” refuses it: %(why)s.") if why else _("Rule “%(rule)s” refuses it.")) % words
    return _("No outbound rule fits: it is refused.")


def sentence(text: str) -> str:
    """Begin a text with a capital letter."""
    return text[:1].upper() + text[1:]


def _line(number: int, step: Step, there: Collection[str], hide: Callable[[str], str]) -> Line:
    reason = hide(step.reason).rstrip(".")
    return Line(number, step.rule_id, step.rule_name, step.state, reason, step.rule_id in there)


def _ids(tenant: Tenant, kind: str) -> set[str]:
    rules = tenant.inbound_rules if kind == RuleKind.INBOUND else tenant.outbound_rules
    return {key.hex for key in rules.values_list("pk", flat=True)}


def clock_of(local: datetime) -> str:
    """Write a time as it stands, with its day."""
    return date_format(local, "l j F Y, H:i")
