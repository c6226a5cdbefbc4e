"""Any order of adding, changing, moving, switching, deleting, old pages and going back: checked against a model.

`HYPOTHESIS_PROFILE=full` looks at many more runs.
"""

import os
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from rules.changing import editing, ordering, restoring, versions
from rules.changing.editing import InboundDraft, OutboundDraft, RouteDraft, StaleEdit, TargetDraft
from rules.changing.stale import StaleOrder
from tenants.audit import Actor
from tests import factories

FULL = os.environ.get("HYPOTHESIS_PROFILE") == "full"
NAMES = st.sampled_from(["Sales", "Night", "VIP", "Rest"])
PRIORITIES = st.sampled_from([1, 5, 1000])
PLACES = st.integers(0, 6)
WHICH = st.integers(0, 20)


@dataclass
class Modelled:
    """What one rule should say, and where."""

    key: uuid.UUID
    name: str
    priority: int
    enabled: bool = True


class RulesMachine(RuleBasedStateMachine):
    """Two people change one tenant's rules; the model is a plain list in the order in which rules are tried."""

    kind = "inbound"

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.cast = factories.make_cast()
        self.tenant = self.cast.acme
        members = (self.cast.alice, self.cast.sam)
        self.people = [Actor(label=one.user.email, user=one.user, member=one) for one in members]
        self.model: list[Modelled] = []
        # Each state that versions have had, and what a rule of one revision said.
        self.past: list[list[Modelled]] = []
        self.said: dict[tuple[str, int], Any] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    # --- What people do ---

    @rule(name=NAMES, priority=PRIORITIES, who=WHICH)
    def add(self, name: str, priority: int, who: int) -> None:
        row = self.save(self.person(who), name, priority, None, None)
        self.model.append(Modelled(row.pk, name, self.priority(priority)))
        self.saved()

    @precondition(lambda self: self.model)
    @rule(which=WHICH, name=NAMES, priority=PRIORITIES, who=WHICH, old_page=st.booleans())
    def change(self, which: int, name: str, priority: int, who: int, old_page: bool) -> None:
        wanted, row = self.one(which)
        if old_page:
            with pytest.raises(StaleEdit):
                self.save(self.person(who), name, priority, row, row.revision - 1)
            return
        self.save(self.person(who), name, priority, row, row.revision)
        wanted.name, wanted.priority, wanted.enabled = name, self.priority(priority), True
        self.saved()

    @precondition(lambda self: self.model)
    @rule(which=WHICH, who=WHICH, on=st.booleans())
    def switch(self, which: int, who: int, on: bool) -> None:
        wanted, row = self.one(which)
        assert editing.switch(self.person(who), self.tenant, row, on=on)
        wanted.enabled = on
        self.saved()

    @precondition(lambda self: self.model)
    @rule(which=WHICH, who=WHICH, old_page=st.booleans())
    def delete(self, which: int, who: int, old_page: bool) -> None:
        wanted, row = self.one(which)
        if old_page:
            with pytest.raises(StaleEdit):
                editing.delete(self.person(who), self.tenant, row, based_on=row.revision - 1)
            return
        editing.delete(self.person(who), self.tenant, row, based_on=row.revision)
        self.model.remove(wanted)
        # One that comes back begins to count anew.
        self.said = {key: entry for key, entry in self.said.items() if key[0] != wanted.key.hex}
        self.saved()

    @precondition(lambda self: self.model)
    @rule(which=WHICH, place=PLACES, who=WHICH, back=st.integers(0, 3))
    def move(self, which: int, place: int, who: int, back: int) -> None:
        wanted, row = self.one(which)
        version = max(1, len(self.past) - back)
        shown = [one.key for one in self.past[version - 1]]
        if shown != [one.key for one in self.model]:
            with pytest.raises(StaleOrder):
                ordering.place(self.person(who), self.tenant, row, place, version=version)
            return
        ordering.place(self.person(who), self.tenant, row, place, version=version)
        self.model.remove(wanted)
        self.model.insert(place, wanted)
        self.fit(wanted)
        self.saved()

    @precondition(lambda self: self.past)
    @rule(which=WHICH, who=WHICH)
    def go_back(self, which: int, who: int) -> None:
        place = which % len(self.past)
        found = self.tenant.rule_sets.get(kind=self.kind, version=place + 1)
        gone = {one.key for one in self.model} - {one.key for one in self.past[place]}
        restoring.restore(self.person(who), self.tenant, found)
        self.model = [Modelled(one.key, one.name, one.priority, one.enabled) for one in self.past[place]]
        self.said = {key: entry for key, entry in self.said.items() if uuid.UUID(hex=key[0]) not in gone}
        self.saved()

    # --- What holds at any time ---

    @invariant()
    def the_live_document_says_what_the_rows_say(self) -> None:
        live = versions.live(self.tenant, self.kind)
        document = versions.build(self.tenant, self.kind)
        assert document["rules"] == (live.document["rules"] if live else [])
        said = [(entry["id"], entry["name"], entry["enabled"]) for entry in document["rules"]]
        assert said == [(one.key.hex, one.name, one.enabled) for one in self.model]

    @invariant()
    def places_are_dense_and_priorities_rise(self) -> None:
        rows = list(self.rows())
        assert [row.position for row in rows] == list(range(len(rows)))
        if self.kind == "outbound":
            assert [row.priority for row in rows] == [one.priority for one in self.model]

    @invariant()
    def versions_have_no_gap_and_each_names_its_saver(self) -> None:
        saved = list(self.tenant.rule_sets.filter(kind=self.kind).order_by("version"))
        assert [one.version for one in saved] == list(range(1, len(self.past) + 1))
        assert {one.saved_by for one in saved} <= {person.label for person in self.people}
        assert self.tenant.audit_entries.filter(action__startswith="rules.").count() == len(saved)

    @invariant()
    def a_rule_of_one_revision_always_says_the_same(self) -> None:
        entries = {entry["id"]: entry for entry in versions.build(self.tenant, self.kind)["rules"]}
        for row in self.rows():
            entry = entries[row.id.hex]
            assert self.said.setdefault((row.id.hex, row.revision), entry) == entry

    # --- How ---

    def person(self, who: int) -> Actor:
        return self.people[who % 2]

    def rows(self) -> Any:
        return self.tenant.inbound_rules.all() if self.kind == "inbound" else self.tenant.outbound_rules.all()

    def one(self, which: int) -> tuple[Modelled, Any]:
        wanted = self.model[which % len(self.model)]
        return wanted, self.rows().get(pk=wanted.key)

    def priority(self, priority: int) -> int:
        return priority if self.kind == "outbound" else 0

    def save(self, who: Actor, name: str, priority: int, row: Any, revision: int | None) -> Any:
        if self.kind == "inbound":
            draft = InboundDraft(name, True, None, [], [], [TargetDraft("member", self.cast.bob.id)])
            return editing.save_inbound(who, self.tenant, draft, row, based_on=revision)
        routes = [RouteDraft(self.cast.configuration.id)]
        out = OutboundDraft(name, True, priority, [{"kind": "all"}], routes)
        return editing.save_outbound(who, self.tenant, out, row, based_on=revision)

    def fit(self, moved: Modelled) -> None:
        """Give a moved rule the nearest priority that its neighbours leave."""
        here = self.model.index(moved)
        least = self.model[here - 1].priority if here else 0
        most = self.model[here + 1].priority if here + 1 < len(self.model) else 10**9
        moved.priority = min(max(moved.priority, least), most)

    def saved(self) -> None:
        """Note the state, if it is another one than that of the newest version."""
        self.model.sort(key=lambda one: one.priority)
        now = [Modelled(one.key, one.name, one.priority, one.enabled) for one in self.model]
        if not self.past or self.past[-1] != now:
            self.past.append(now)


class OutboundMachine(RulesMachine):
    """The same with priorities."""

    kind = "outbound"


@pytest.mark.parametrize("machine", [RulesMachine, OutboundMachine])
def test_rules_and_versions_say_the_same_whatever_people_do(db: None, machine: type[RulesMachine]) -> None:
    examples, steps = (300, 40) if FULL else (6, 14)
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
