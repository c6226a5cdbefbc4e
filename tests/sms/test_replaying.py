"""What other rules would do with texts that were decided already; asking changes nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from rules import routing
from rules.changing import editing, versions
from rules.changing.drafts import InboundDraft, TargetDraft
from rules.facts import InboundFacts, OutboundFacts
from rules.models import RuleSet
from sms.models import Message
from sms.trying import decided, replaying
from tenants import audit, clock
from tests.factories import OUR_NUMBER, THEIR_NUMBER, Cast, make_inbound
from tests.test_access import fingerprint

Json = dict[str, Any]


def inbound(name: str, *conditions: Json, member: str = "", **fields: Any) -> Json:
    """Write a rule of a document; without a member it drops what fits."""
    target = {"kind": "member", "id": member, "label": name} if member else {"kind": "drop"}
    return {
        "id": name,
        "name": name,
        "conditions": [{"kind": "all_numbers"}, *conditions],
        "targets": [target],
    } | fields


def outbound(name: str, cast: Cast, *conditions: Json, route: Json | None = None, **fields: Any) -> Json:
    routes = [{"id": name, "configuration": cast.configuration.id.hex, "label": "Main", **(route or {})}]
    return {"id": name, "name": name, "conditions": [{"kind": "all"}, *conditions], "routes": routes} | fields


def word(text: str) -> Json:
    return {"kind": "keyword", "words": [text]}


def live(cast: Cast, kind: str, *rules: Json) -> RuleSet:
    """Make these the rules that decide."""
    version = cast.acme.rule_sets.filter(kind=kind).count() + 1
    return RuleSet.objects.create(tenant=cast.acme, kind=kind, version=version, document={"rules": list(rules)})


def received(cast: Cast, body: str, **fields: Any) -> Message:
    """Keep a text that today's rules have decided about."""
    facts = InboundFacts(OUR_NUMBER, THEIR_NUMBER, body=body, at=fields.get("occurred_at", clock.now()))
    decision, rule_set = routing.route_inbound(cast.acme, facts)
    given = {"state": "routed", "due_at": None, "decision": decision.to_snapshot(rule_set)} | fields
    return make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, body=body, **given)


def written(cast: Cast, body: str) -> Message:
    decision, rule_set = routing.route_outbound(cast.acme, OutboundFacts(THEIR_NUMBER, body=body, at=clock.now()))
    return Message.objects.create(
        tenant=cast.acme,
        direction="out",
        configuration=cast.configuration,
        our_address=OUR_NUMBER,
        their_address=THEIR_NUMBER,
        body=body,
        state="accepted",
        due_at=None,
        decision=decision.to_snapshot(rule_set),
    )


def document(*rules: Json) -> Json:
    return {"rules": list(rules)}


def test_only_texts_that_would_fare_otherwise_are_named(cast: Cast) -> None:
    live(cast, "inbound", inbound("Bob", member="b" * 32))
    order, hello = received(cast, "order 5"), received(cast, "hello")
    found = replaying.replay(
        cast.acme, "inbound", document(inbound("Orders", word("order")), inbound("Bob", member="b" * 32))
    )
    assert (found.asked, found.renamed, found.erased) == (2, 0, 0)
    [change] = found.changes
    assert (change.message, change.then.rule, change.now.rule) == (order, "Bob", "Orders")
    assert (change.then.words, change.now.words) == ("to the inbox of Bob", "to nobody: it is dropped")
    assert found.kinds == [(change.then.words, change.now.words, 1)]
    assert hello != order


@pytest.mark.parametrize(
    ("now", "renamed"),
    [
        ([inbound("Bob", member="b" * 32)], 0),
        ([inbound("Bob", member="b" * 32, targets=[{"kind": "member", "id": "b" * 32, "label": "Robert"}])], 0),
        ([inbound("Another", member="b" * 32, targets=[{"kind": "member", "id": "b" * 32, "label": "Bob"}])], 1),
    ],
)
def test_names_are_no_change(cast: Cast, now: list[Json], renamed: int) -> None:
    live(cast, "inbound", inbound("Bob", member="b" * 32))
    received(cast, "hello")
    found = replaying.replay(cast.acme, "inbound", document(*now))
    assert (found.changes, found.renamed) == ([], renamed)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"route": {"strip": 2}}, "by Main, strip 2"),
        ({"route": {"sender": OUR_NUMBER}}, "by Main, from +1 202-555-0101"),
        ({"action": "deny", "reason": "Premium"}, "Refused: Premium"),
        ({"action": "hold"}, "Held for somebody to release"),
        ({"sticky": True}, "by Main, from the sender of the conversation"),
        ({"area_match": True}, "by Main, from a number of the same area"),
        ({"enabled": False}, "Refused: no rule fits"),
    ],
)
def test_another_way_out_is_a_change(cast: Cast, fields: Json, words: str) -> None:
    live(cast, "outbound", outbound("All", cast))
    written(cast, "Hi")
    route = fields.pop("route", None) if (fields := dict(fields)) else None
    found = replaying.replay(cast.acme, "outbound", document(outbound("All", cast, route=route, **fields)))
    [change] = found.changes
    assert (change.then.words, change.now.words) == ("by Main", words)


def test_a_text_is_judged_at_the_time_at_which_it_came(cast: Cast) -> None:
    live(cast, "inbound", inbound("Bob", member="b" * 32))
    now = clock.now()
    at_noon = now.replace(hour=12, minute=0)
    noon = received(cast, "noon", occurred_at=at_noon - timedelta(days=7))
    received(cast, "night", occurred_at=at_noon - timedelta(days=7, hours=9))
    hours = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    day = {"kind": "drop", "when": "open"}
    night = {"kind": "member", "id": "b" * 32, "label": "Bob", "when": "closed"}
    found = replaying.replay(cast.acme, "inbound", document(inbound("Bob", targets=[day, night], hours=hours)))
    assert [change.message for change in found.changes] == [noon]


def test_texts_whose_words_are_erased_are_counted(cast: Cast) -> None:
    cast.acme.keep_bodies_days = 3
    cast.acme.save()
    live(cast, "inbound", inbound("Orders", word("order")))
    long_ago = clock.now() - timedelta(days=4)
    message = received(cast, "order", occurred_at=long_ago)
    Message.objects.filter(pk=message.pk).update(body="", raw=b"", media=[])
    received(cast, "order")
    found = replaying.replay(cast.acme, "inbound", document(inbound("Orders", word("order"))))
    assert (found.asked, found.erased) == (2, 1)


def test_the_last_texts_of_the_tenant_are_asked_about(cast: Cast) -> None:
    live(cast, "inbound", inbound("All"))
    texts = [received(cast, str(n), occurred_at=clock.now() - timedelta(hours=n)) for n in range(4)]
    live(cast, "outbound", outbound("Out", cast))
    written(cast, "out")
    make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, body="not decided yet")
    found = replaying.replay(cast.acme, "inbound", document(), limit=4)
    assert [change.message for change in found.changes] == texts[:3]


def test_a_candidate_is_what_saving_would_make_and_is_not_saved(cast: Cast) -> None:
    draft = InboundDraft("All", True, None, [], [], [TargetDraft("member", cast.bob.id)])
    before = fingerprint(cast.acme)
    made = replaying.candidate(cast.acme, "inbound", lambda: editing.save_inbound(audit.PORTAL, cast.acme, draft))
    assert fingerprint(cast.acme) == before
    assert not cast.acme.inbound_rules.exists()
    editing.save_inbound(audit.PORTAL, cast.acme, draft)
    saved = versions.live(cast.acme, "inbound")
    assert saved
    assert saved.version == 1
    made["rules"][0]["id"] = saved.document["rules"][0]["id"]
    assert made == saved.document


@pytest.mark.django_db(transaction=True)
def test_a_candidate_gives_no_hint_and_leaves_no_transaction_open(cast: Cast) -> None:
    done: list[str] = []
    replaying.candidate(cast.acme, "inbound", lambda: transaction.on_commit(lambda: done.append("hint")))
    assert not done
    assert not connection.in_atomic_block


def test_a_thousand_texts_and_a_thousand_rules_take_three_queries(cast: Cast) -> None:
    rules = [inbound(f"Rule {n}", word(f"word{n}"), member="b" * 32) for n in range(1000)]
    live(cast, "inbound", *rules)
    first = received(cast, "word500 and more")
    Message.objects.bulk_create(_another(first, n) for n in range(999))
    changed = document(*rules[:500], inbound("Rule 500", word("word500")), *rules[501:])
    with CaptureQueriesContext(connection) as queries:
        found = replaying.replay(cast.acme, "inbound", changed)
    assert len(queries) <= 3
    assert (found.asked, len(found.changes)) == (1000, 1000)


def _another(message: Message, number: int) -> Message:
    return Message(
        tenant=message.tenant,
        direction="in",
        configuration=message.configuration,
        our_address=OUR_NUMBER,
        their_address=f"+1202556{number:04d}",
        body=f"word500 number {number}",
        state="routed",
        provider_sid=f"SM{number:032d}",
        decision=message.decision,
        due_at=None,
    )


# The pages.


@pytest.fixture
def alice(client: Client, cast: Cast) -> Client:
    client.force_login(cast.alice.user)
    return client


def test_a_text_shows_what_todays_rules_would_do_beside_what_was_done(alice: Client, cast: Cast) -> None:
    live(cast, "inbound", inbound("Bob", member="b" * 32))
    message = received(cast, "order 5")
    url = reverse("sms:message_replay", args=["acme", message.id])
    same = alice.get(url).content.decode()
    assert ">differs<" not in same.replace("\n", "")
    live(cast, "inbound", inbound("Orders", word("order")), inbound("Bob", member="b" * 32))
    before = fingerprint(cast.acme)
    page = alice.get(url).content.decode()
    assert "Rule “Bob” takes it: to the inbox of Bob." in page
    assert "Rule “Orders” drops it: to nobody: it is dropped." in page
    assert page.count("differs") == 4
    assert fingerprint(cast.acme) == before


def test_a_text_without_a_decision_says_so(alice: Client, cast: Cast) -> None:
    message = make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER)
    page = alice.get(reverse("sms:message_replay", args=["acme", message.id])).content.decode()
    assert "No rules were asked about this text" in page


def test_the_page_of_a_text_says_rule_version_time_and_every_reason(alice: Client, cast: Cast) -> None:
    rule_set = live(cast, "inbound", inbound("Orders", word("order")), inbound("Bob", member="b" * 32), inbound("End"))
    message = received(cast, "hello")
    page = alice.get(reverse("sms:message_detail", args=["acme", message.id])).content.decode()
    assert "Rule “Bob” takes it: to the inbox of Bob." in page
    assert f"Version {rule_set.version}" in page
    assert "within office hours" in page
    assert "Deleted since" in page
    assert "1 rule before it did not fit" in page
    assert "Would fit, too" in page


def test_routes_are_shown_with_their_attempts(alice: Client, cast: Cast) -> None:
    live(cast, "outbound", outbound("All", cast))
    message = written(cast, "Hi")
    message.attempts.create(
        tenant=cast.acme,
        number=1,
        configuration=cast.configuration,
        sender=OUR_NUMBER,
        lease_token="x",
        account_sid=cast.account.account_sid,
        outcome="rejected",
        error_code="21606",
    )
    found = decided.explain(message)
    assert found
    [route] = found.routes
    assert (route.words, route.tone, route.said) == ("Main", "bad", "Attempt 1: Twilio refused it (21606).")


@pytest.mark.parametrize("name", ["message_detail", "message_replay"])
def test_whoever_may_not_see_numbers_does_not_see_them_in_reasons(client: Client, cast: Cast, name: str) -> None:
    live(cast, "inbound", inbound("VIP", {"kind": "caller_mask", "mask": THEIR_NUMBER}, member="b" * 32))
    message = received(cast, "hello")
    client.force_login(cast.vera.user)
    page = client.get(reverse(f"sms:{name}", args=["acme", message.id])).content.decode()
    for written_so in (THEIR_NUMBER, THEIR_NUMBER[1:], "+1 202-555-0199", "202-555-0199"):
        assert written_so not in page
    assert "VIP" in page


def test_a_version_can_be_compared_with_todays_rules(alice: Client, cast: Cast) -> None:
    old = live(cast, "inbound", inbound("Bob", member="b" * 32))
    live(cast, "inbound", inbound("All"))
    received(cast, "hello")
    with CaptureQueriesContext(connection) as queries:
        page = alice.get(reverse("sms:version_replay", args=["acme", old.id])).content.decode()
    assert len(queries) <= 12
    assert "1 of the last 1 texts would fare otherwise" in page
    assert "hello" in page


def test_nothing_to_compare_and_nothing_to_change_are_said(alice: Client, cast: Cast) -> None:
    rule_set = live(cast, "inbound", inbound("All"))
    url = reverse("sms:version_replay", args=["acme", rule_set.id])
    assert "no texts yet that rules have decided about" in alice.get(url).content.decode()
    received(cast, "hello")
    received(cast, "hello again")
    assert "Nothing would change for the last 2 texts" in alice.get(url).content.decode()


def test_the_pages_of_a_text_stay_short_and_cheap_with_a_thousand_rules(alice: Client, cast: Cast) -> None:
    live(cast, "inbound", *[inbound(f"Rule {n}", word(f"word{n}")) for n in range(1000)])
    message = received(cast, "word500 and more")
    for name in ("message_detail", "message_replay"):
        with CaptureQueriesContext(connection) as queries:
            page = alice.get(reverse(f"sms:{name}", args=["acme", message.id])).content.decode()
        assert len(queries) <= 12
        assert "500 rules before it did not fit" in page
        assert page.count("Show all rules") == (2 if name == "message_detail" else 4)
