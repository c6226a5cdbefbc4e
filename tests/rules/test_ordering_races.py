"""Two people at the same moment: places stay unique and dense, nobody's change is lost, versions have no gap."""

from collections.abc import Callable

import pytest

from rules.changing import editing, ordering, versions
from rules.changing.editing import InboundDraft, StaleEdit, TargetDraft
from rules.changing.stale import StaleOrder
from rules.models import InboundRule
from tenants.models import Tenant
from tests.factories import Cast
from tests.rules.test_routing import actor_of, inbound_rule
from tests.tenants.test_races import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def consistent(cast: Cast) -> list[str]:
    """Check what must hold after any race; return the names in their order."""
    rows = list(cast.acme.inbound_rules.all())
    assert [row.position for row in rows] == list(range(len(rows)))
    saved = list(cast.acme.rule_sets.filter(kind="inbound").order_by("version"))
    assert [one.version for one in saved] == list(range(1, len(saved) + 1))
    assert saved[-1].document["rules"] == versions.build(cast.acme, "inbound")["rules"]
    return [row.name for row in rows]


def fresh(cast: Cast, rule: InboundRule) -> tuple[Tenant, InboundRule]:
    return Tenant.objects.get(pk=cast.acme.pk), InboundRule.objects.get(pk=rule.pk)


def test_of_two_who_drag_in_the_same_list_one_is_told(cast: Cast) -> None:
    first, _second, third = (inbound_rule(cast, name) for name in "ABC")

    def drag(rule: InboundRule, place: int) -> Callable[[], object]:
        tenant, mine = fresh(cast, rule)
        return lambda: ordering.place(actor_of(cast), tenant, mine, place, version=3)

    raised = at_once(drag(first, 2), drag(third, 0))
    assert sorted(type(error).__name__ for error in raised) == ["NoneType", "StaleOrder"]
    assert isinstance(next(filter(None, raised)), StaleOrder)
    assert consistent(cast) in (["B", "C", "A"], ["C", "A", "B"])


def test_of_two_who_save_the_same_rule_one_is_told(cast: Cast) -> None:
    rule = inbound_rule(cast)

    def save(name: str) -> Callable[[], object]:
        tenant, mine = fresh(cast, rule)
        draft = InboundDraft(name, True, None, [], [], [TargetDraft("drop")])
        return lambda: editing.save_inbound(actor_of(cast), tenant, draft, mine, based_on=1)

    raised = at_once(save("X"), save("Y"))
    assert sorted(type(error).__name__ for error in raised) == ["NoneType", "StaleEdit"]
    refused = next(error for error in raised if isinstance(error, StaleEdit))
    assert refused.revision == 2
    assert consistent(cast) in (["X"], ["Y"])


def test_adding_moving_switching_and_deleting_at_once_leaves_everything_in_order(cast: Cast) -> None:
    rules = [inbound_rule(cast, name) for name in "ABCDE"]
    pairs = [fresh(cast, rule) for rule in rules]
    actor = actor_of(cast)
    draft = InboundDraft("New", True, None, [], [], [TargetDraft("drop")])
    raised = at_once(
        lambda: editing.save_inbound(actor, pairs[0][0], draft),
        lambda: editing.delete(actor, *pairs[1]),
        lambda: ordering.place(actor, *pairs[4], 0),
        lambda: ordering.move(actor, *pairs[0], "down"),
        lambda: editing.switch(actor, *pairs[2], on=False),
    )
    assert raised == [None] * 5
    names = consistent(cast)
    assert sorted(names) == sorted(["A", "C", "D", "E", "New"])
    assert names[-1] == "New"
    assert not cast.acme.inbound_rules.get(name="C").enabled
    assert cast.acme.rule_sets.filter(kind="inbound").count() == 10
