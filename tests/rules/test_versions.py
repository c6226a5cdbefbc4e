"""Versions: what each changed is said in words, and any of them comes back, whole or one rule of it."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from rules.changing import editing, ordering, restoring, versions
from rules.changing.editing import RouteDraft, TargetDraft
from rules.models import InboundRule, RuleSet
from rules.times import calendars
from rules.times.calendars import HolidayDraft
from tenants.models import AuditEntry
from tests.factories import Cast, make_group
from tests.rules.test_routing import actor_of, inbound_rule, live, outbound_rule
from tests.rules.test_rule_forms import alice, at, body_of

__all__ = ["alice"]


WEEK = {"mon": [["09:00", "17:00"]]}


def page(name: str, *args: Any) -> str:
    return reverse(f"rules:{name}", args=["acme", *args])


def entries(cast: Cast, kind: str = "inbound") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = live(cast, kind).document["rules"]
    return found


def restore(cast: Cast, rule_set: RuleSet, **choices: Any) -> RuleSet | None:
    return restoring.restore(actor_of(cast), cast.acme, rule_set, **choices)


def test_a_version_comes_back_whole_as_the_next_version(cast: Cast) -> None:
    group = make_group(cast.acme, "Sales", cast.bob)
    inbound_rule(cast, "First", numbers=[cast.number.id], conditions=[{"kind": "contains", "text": "help"}])
    inbound_rule(cast, "Second", trunk=cast.trunk.id, targets=[TargetDraft("group", group.id)])
    wanted = live(cast, "inbound")
    second = cast.acme.inbound_rules.get(name="Second")
    ordering.move(actor_of(cast), cast.acme, second, "up")
    editing.delete(actor_of(cast), cast.acme, cast.acme.inbound_rules.get(name="First"))
    inbound_rule(cast, "Third")
    restored = restore(cast, wanted)
    assert restored
    assert restored.document == wanted.document
    assert (restored.version, restored.note) == (6, "Restored version 2")
    assert versions.build(cast.acme, "inbound") == wanted.document
    entry = AuditEntry.objects.filter(tenant=cast.acme).latest("occurred_at")
    assert (entry.action, entry.changes) == ("rules.inbound.restored", {"added": 1, "removed": 1, "version": 6})


def test_outbound_rules_come_back_with_routes_groups_and_priorities(cast: Cast) -> None:
    sales = make_group(cast.acme, "Sales", cast.bob)
    groups = {"kind": "groups", "ids": [sales.id.hex], "labels": ["Sales"]}
    first = outbound_rule(cast, "Sales", conditions=[{"kind": "all"}, groups], priority=5)
    outbound_rule(cast, "All", routes=[RouteDraft(cast.configuration.id, strip=2, prepend="44")])
    wanted = live(cast, "outbound")
    ordering.move(actor_of(cast), cast.acme, first, "down")
    editing.delete(actor_of(cast), cast.acme, first)
    restored = restore(cast, wanted)
    assert restored
    assert restored.document == wanted.document


def test_going_back_to_what_is_live_writes_nothing(cast: Cast) -> None:
    inbound_rule(cast, "First")
    inbound_rule(cast, "Second")
    editing.delete(actor_of(cast), cast.acme, cast.acme.inbound_rules.get(name="First"))
    before, entries = live(cast, "inbound"), AuditEntry.objects.count()
    assert restore(cast, before) == before
    assert AuditEntry.objects.count() == entries
    assert not restoring.plan(cast.acme, "inbound", before.document["rules"]).changes_anything


def test_a_rule_that_is_restored_is_an_edit_that_others_notice(cast: Cast) -> None:
    rule = inbound_rule(cast)
    wanted = live(cast, "inbound")
    editing.switch(actor_of(cast), cast.acme, rule, on=False)
    former = cast.acme.inbound_rules.get().revision
    restore(cast, wanted)
    assert cast.acme.inbound_rules.get().revision == former + 1


def test_what_is_gone_is_named_and_nothing_changes_until_a_person_decides(cast: Cast) -> None:
    inbound_rule(cast, "Bob", targets=[TargetDraft("member", cast.bob.id), TargetDraft("member", cast.sam.id)])
    inbound_rule(cast, "Number", numbers=[cast.number.id])
    inbound_rule(cast, "Trunk", trunk=cast.trunk.id)
    wanted = live(cast, "inbound")
    for rule in cast.acme.inbound_rules.all():
        editing.delete(actor_of(cast), cast.acme, rule)
    cast.bob.delete()
    cast.acme.phone_numbers.filter(pk=cast.number.pk).update(released_at="2026-01-01T00:00:00Z")
    cast.acme.pools.update(removed_at="2026-01-01T00:00:00Z")
    with pytest.raises(restoring.MissingRows) as refused:
        restore(cast, wanted)
    named = [(one.rule, one.kind, one.label) for one in refused.value.missing]
    assert ("Bob", "member", "Bob") in named
    assert ("Number", "number", "+12025550101") in named
    assert ("Trunk", "trunk", cast.trunk.name) in named
    assert not cast.acme.inbound_rules.exists()

    restore(cast, wanted, without_missing=True)
    enabled = {rule.name: rule.enabled for rule in cast.acme.inbound_rules.all()}
    assert enabled == {"Bob": True, "Number": False, "Trunk": False}, "never a rule that listens to more than before"
    kept = cast.acme.inbound_rules.get(name="Bob").targets.all()
    assert [(target.is_gone, target.member) for target in kept] == [(True, None), (False, cast.sam)]


def test_a_rule_whose_groups_are_gone_comes_back_for_nobody(cast: Cast) -> None:
    sales = make_group(cast.acme, "Sales", cast.bob)
    outbound_rule(cast, conditions=[{"kind": "all"}, {"kind": "groups", "ids": [sales.id.hex]}])
    wanted = live(cast, "outbound")
    editing.delete(actor_of(cast), cast.acme, cast.acme.outbound_rules.get())
    sales.delete()
    cast.acme.configurations.update(deleted_at="2026-01-01T00:00:00Z")
    restore(cast, wanted, without_missing=True)
    [entry] = entries(cast, "outbound")
    assert {"kind": "groups", "ids": [], "labels": []} in entry["conditions"]
    assert entry["routes"] == []


def test_office_hours_and_holidays_come_back_only_when_that_is_ticked(alice: Client, cast: Cast) -> None:
    calendars.save_hours(actor_of(cast), cast.acme, WEEK)
    draft = HolidayDraft("Christmas", date(2026, 12, 24), date(2026, 12, 26), True, "DE")
    calendars.save_holiday(actor_of(cast), cast.acme, draft)
    inbound_rule(cast)
    former = live(cast, "inbound")
    calendars.save_hours(actor_of(cast), cast.acme, None)
    calendars.delete_holidays(actor_of(cast), cast.acme, list(cast.acme.holidays.all()))
    calendars.save_holiday(actor_of(cast), cast.acme, HolidayDraft("Easter", date(2027, 3, 28), date(2027, 3, 28)))
    url = page("version_restore", "inbound", former.id)
    assert "They differ from then." in body_of(alice.get(url))
    alice.post(url)
    assert [one.name for one in cast.acme.holidays.all()] == ["Easter"]
    alice.post(url, {"with_calendar": "on"})
    assert [one.name for one in cast.acme.holidays.all()] == ["Christmas"]
    for kind in ("inbound", "outbound"):
        if kind == "inbound" or cast.acme.rule_sets.filter(kind=kind).exists():
            assert live(cast, kind).document["calendar"] == former.document["calendar"]


def test_a_number_that_left_and_came_back_is_found_by_its_digits(cast: Cast) -> None:
    inbound_rule(cast, numbers=[cast.number.id])
    wanted = live(cast, "inbound")
    editing.delete(actor_of(cast), cast.acme, cast.acme.inbound_rules.get())
    cast.acme.phone_numbers.filter(pk=cast.number.pk).update(released_at="2026-01-01T00:00:00Z")
    again = cast.acme.phone_numbers.create(pool=cast.pool, e164=cast.number.e164)
    restore(cast, wanted)
    assert cast.acme.inbound_rules.get().numbers.get().number == again


def test_one_rule_comes_back_as_it_was_and_the_others_stay(cast: Cast) -> None:
    rule = inbound_rule(cast, "Sales")
    inbound_rule(cast, "Other")
    wanted = live(cast, "inbound")
    editing.switch(actor_of(cast), cast.acme, rule, on=False)
    editing.switch(actor_of(cast), cast.acme, cast.acme.inbound_rules.get(name="Other"), on=False)
    restoring.restore_rule(actor_of(cast), cast.acme, "inbound", wanted, wanted.document["rules"][0])
    assert {one.name: one.enabled for one in cast.acme.inbound_rules.all()} == {"Sales": True, "Other": False}
    assert live(cast, "inbound").note == "Restored “Sales” as in version 2"
    editing.delete(actor_of(cast), cast.acme, rule)
    restoring.restore_rule(actor_of(cast), cast.acme, "inbound", wanted, wanted.document["rules"][0])
    assert [one.name for one in cast.acme.inbound_rules.all()] == ["Other", "Sales"]


# --- The pages ---


def test_the_list_says_who_saved_what(alice: Client, cast: Cast) -> None:
    assert "No version yet" in body_of(alice.get(page("version_list", "inbound")))
    first = inbound_rule(cast, "First")
    inbound_rule(cast, "Second")
    ordering.move(actor_of(cast), cast.acme, first, "down")
    shown = body_of(alice.get(page("version_list", "inbound")))
    assert "alice@acme.example" in shown
    assert "“First” was added." in shown
    assert " was moved." in shown
    assert reverse("rules:version_list", args=["acme", "inbound"]) in body_of(alice.get(at("inbound_rule_list")))


def test_a_version_shows_its_rules_and_what_was_changed_since(alice: Client, cast: Cast) -> None:
    rule = inbound_rule(cast, "Sales", conditions=[{"kind": "contains", "text": "help"}])
    former = live(cast, "inbound")
    editing.switch(actor_of(cast), cast.acme, rule, on=False)
    shown = body_of(alice.get(page("version_detail", "inbound", former.id)))
    assert "the text contains “help”" in shown
    assert "What was changed since" in shown
    assert "Enabled" in shown
    newest = body_of(alice.get(page("version_detail", "inbound", live(cast, "inbound").id)))
    assert "What was changed since" not in newest
    assert alice.get(page("version_detail", "outbound", former.id)).status_code == 404


def test_restoring_asks_first_and_says_what_changes(alice: Client, cast: Cast) -> None:
    rule = inbound_rule(cast, "Sales")
    former = live(cast, "inbound")
    editing.delete(actor_of(cast), cast.acme, rule)
    url = page("version_restore", "inbound", former.id)
    assert "Added" in body_of(alice.get(url))
    assert not InboundRule.objects.exists()
    assert "The rules are as in version 1 again." in body_of(alice.post(url, follow=True))
    assert cast.acme.inbound_rules.get().id == rule.id


def test_restoring_without_what_is_gone_is_a_choice(alice: Client, cast: Cast) -> None:
    rule = inbound_rule(cast, "Sales")
    former = live(cast, "inbound")
    editing.delete(actor_of(cast), cast.acme, rule)
    cast.bob.delete()
    url = page("version_restore", "inbound", former.id)
    assert "Rule “Sales”: the member Bob" in body_of(alice.get(url))
    assert alice.post(url).status_code == 409
    assert not cast.acme.inbound_rules.exists()
    alice.post(url, {"without_missing": "on"})
    assert cast.acme.inbound_rules.exists()


def test_the_rule_page_leads_to_its_history_and_back(alice: Client, cast: Cast) -> None:
    rule = inbound_rule(cast, "Sales")
    former = live(cast, "inbound")
    editing.switch(actor_of(cast), cast.acme, rule, on=False)
    shown = body_of(alice.get(at("inbound_rule_detail", rule)))
    assert page("rule_history", "inbound", rule.id) in shown
    assert page("rule_restore", "inbound", former.id, rule.id) in shown
    history = body_of(alice.get(page("rule_history", "inbound", rule.id)))
    url = page("rule_restore", "inbound", former.id, rule.id)
    assert url in history
    assert "alice@acme.example" in history
    assert "Enabled" in body_of(alice.get(url))
    alice.post(url)
    rule.refresh_from_db()
    assert rule.enabled
    editing.delete(actor_of(cast), cast.acme, rule)
    assert "was deleted. It can be brought back." in body_of(alice.get(page("rule_history", "inbound", rule.id)))
    cast.bob.delete()
    response = alice.post(url)
    assert response.status_code == 409
    assert "the member Bob" in body_of(response)


def test_a_viewer_reads_and_does_not_restore(client: Client, cast: Cast) -> None:
    rule = inbound_rule(cast)
    former = live(cast, "inbound")
    editing.switch(actor_of(cast), cast.acme, rule, on=False)
    client.force_login(cast.vera.user)
    assert client.get(page("version_list", "inbound")).status_code == 200
    shown = client.get(page("version_detail", "inbound", former.id))
    assert page("version_restore", "inbound", former.id) not in body_of(shown)
    assert client.post(page("version_restore", "inbound", former.id)).status_code == 403
    assert client.post(page("rule_restore", "inbound", former.id, rule.id)).status_code == 403


def test_pages_of_versions_cost_few_queries_however_many_there_are(alice: Client, cast: Cast) -> None:
    def queries(url: str) -> int:
        alice.get(url)
        with CaptureQueriesContext(connection) as seen:
            alice.get(url)
        return len(seen)

    rule = inbound_rule(cast, "First")
    pages = [
        page("version_list", "inbound"),
        page("version_detail", "inbound", live(cast, "inbound").id),
        page("version_restore", "inbound", live(cast, "inbound").id),
        page("rule_history", "inbound", rule.id),
    ]
    few = [queries(url) for url in pages]
    for number in range(6):
        inbound_rule(cast, f"Rule {number}", numbers=[cast.number.id], trunk=cast.trunk.id)
    many = [queries(url) for url in pages]
    assert max(many) <= 16
    assert all(after <= before + 4 for before, after in zip(few, many, strict=True)), (few, many)
