"""What becomes of a stored text: conversation, opt-out, rule, deliveries."""

from typing import Any

import pytest
from django.core import mail

from rules.models import RuleSet
from sms import conversations, delivering, inbound, optouts, outbound
from sms.destinations import DeliveryFailed
from sms.destinations import mail as mail_destination
from sms.models import Delivery, InboxThread, Message, OptOut
from sms.webhooks import payloads
from tenants import audit, clock, hints
from tenants.models import AuditEntry, Member, Tenant
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.conftest import let_send

pytestmark = pytest.mark.django_db
ALL = [{"kind": "all_numbers"}]
GLOBEX_NUMBER = "+12025550155"


def rules(tenant: Tenant, *rows: dict[str, Any]) -> RuleSet:
    """Give a tenant inbound rules: each with conditions and targets."""
    document = {
        "rules": [
            {"id": f"{n:032x}", "name": f"Rule {n}", "enabled": True, "conditions": ALL} | row
            for n, row in enumerate(rows, 1)
        ]
    }
    version = tenant.rule_sets.count() + 1
    return RuleSet.objects.create(tenant=tenant, kind="inbound", version=version, document=document)


def to(member: Member) -> dict[str, Any]:
    return {"kind": "member", "id": member.id.hex, "label": member.name}


def arrive(cast: factories.Cast, body: str = "Hello", **fields: Any) -> Message:
    """Let a text arrive and be processed."""
    ours, theirs = fields.pop("ours", OUR_NUMBER), fields.pop("theirs", THEIR_NUMBER)
    message = factories.make_inbound(cast.configuration, ours=ours, theirs=theirs, body=body, **fields)
    inbound.work()
    message.refresh_from_db()
    return message


def test_a_text_goes_to_the_inbox_that_its_rule_names(cast: factories.Cast) -> None:
    ruleset = rules(cast.acme, {"targets": [to(cast.bob)]})
    message = arrive(cast)
    assert message.state == "routed"
    assert message.number == cast.number
    assert message.decision["ruleset"] == ruleset.id.hex
    assert message.decision["name"] == "Rule 1"
    delivery = message.deliveries.get()
    assert (delivery.state, delivery.member) == ("delivered", cast.bob)
    assert list(conversations.visible_to(cast.acme, cast.bob)) == [message.conversation]


def test_the_first_matching_rule_wins(cast: factories.Cast) -> None:
    rules(
        cast.acme,
        {"conditions": [{"kind": "keyword", "words": ["urgent"]}], "targets": [to(cast.bob)]},
        {"targets": [to(cast.alice)]},
    )
    assert arrive(cast, "This is URGENT!").deliveries.get().member == cast.bob
    assert arrive(cast, "no hurry").deliveries.get().member == cast.alice


def test_a_text_without_a_rule_is_kept_as_unrouted_and_seen_by_administrators(cast: factories.Cast) -> None:
    message = arrive(cast)
    assert message.state == "unrouted"
    assert message.conversation in conversations.visible_to(cast.acme, cast.alice)
    assert message.conversation not in conversations.visible_to(cast.acme, cast.bob)


def test_several_destinations_are_all_served(cast: factories.Cast) -> None:
    group = factories.make_group(cast.acme, "Sales", cast.sam)
    rules(cast.acme, {"targets": [to(cast.bob), {"kind": "group", "id": group.id.hex, "label": "Sales"}]})
    message = arrive(cast)
    assert InboxThread.objects.filter(conversation=message.conversation).count() == 2
    assert message.conversation in conversations.visible_to(cast.acme, cast.sam)


def test_texts_between_the_same_numbers_share_a_conversation(cast: factories.Cast) -> None:
    rules(cast.acme, {"targets": [to(cast.bob)]})
    first, second = arrive(cast, "one"), arrive(cast, "two")
    assert first.conversation == second.conversation
    conversation = conversations.with_unread(conversations.visible_to(cast.acme, cast.bob), cast.bob).get()
    assert conversation.unread == 2
    assert conversation.preview == "two"
    conversations.mark_read(conversation, cast.bob)
    assert conversations.unread_count(cast.acme, cast.bob) == 0


def test_a_destination_that_is_gone_is_shown_and_the_text_is_kept(cast: factories.Cast) -> None:
    rules(cast.acme, {"targets": [{"kind": "member", "id": "0" * 32, "label": "Gone"}]})
    delivery = arrive(cast).deliveries.get()
    assert delivery.state == "exhausted"
    assert "no longer exists" in delivery.last_error


def test_a_text_from_another_tenants_number_stays_there(cast: factories.Cast) -> None:
    rules(cast.acme, {"targets": [to(cast.bob)]})
    arrive(cast)
    assert not cast.globex.messages.exists()
    assert not cast.globex.conversations.exists()


def test_one_text_that_fails_does_not_stop_the_others(cast: factories.Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    rules(cast.acme, {"targets": [to(cast.bob)]})
    bad = factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, body="bad")
    good = factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, body="good")
    process = inbound.process

    def sometimes(message: Message) -> Any:
        if message.body == "bad":
            raise RuntimeError("broken")
        return process(message)

    monkeypatch.setattr(inbound, "process", sometimes)
    inbound.work()
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, bad.attempt_count) == ("received", 1)
    assert bad.due_at is not None
    assert bad.due_at > clock.now()
    assert good.state == "routed"


def test_held_texts_are_processed_once_their_tenant_is_open_again(cast: factories.Cast) -> None:
    rules(cast.acme, {"targets": [to(cast.bob)]})
    message = arrive(cast, state="held")
    assert message.state == "held"
    type(cast.acme).objects.filter(pk=cast.acme.pk).update(enabled=False)
    assert inbound.release() == 0
    type(cast.acme).objects.filter(pk=cast.acme.pk).update(enabled=True)
    assert inbound.release() == 1
    inbound.work()
    message.refresh_from_db()
    assert message.state == "routed"


@pytest.mark.parametrize("word", ["STOP", " stop ", "Unsubscribe", "QUIT"])
def test_an_exact_stop_word_opts_the_pair_out(cast: factories.Cast, word: str) -> None:
    arrive(cast, word)
    assert optouts.is_opted_out(cast.acme, OUR_NUMBER, THEIR_NUMBER)
    assert not optouts.is_opted_out(cast.acme, factories.OUR_SECOND_NUMBER, THEIR_NUMBER)


@pytest.mark.parametrize("words", ["Stop please", "please don't stop", "HELP", "stop it"])
def test_a_sentence_is_no_opt_out(cast: factories.Cast, words: str) -> None:
    arrive(cast, words)
    assert not OptOut.objects.exists()


def test_start_ends_an_opt_out_and_both_are_audited(cast: factories.Cast) -> None:
    arrive(cast, "STOP")
    arrive(cast, "STOP")
    arrive(cast, "START")
    assert not optouts.is_opted_out(cast.acme, OUR_NUMBER, THEIR_NUMBER)
    actions = list(cast.acme.audit_entries.order_by("occurred_at", "id").values_list("action", flat=True))
    assert actions == ["sms.opt_out.added", "sms.opt_out.ended"]


def test_a_stop_closes_at_once_what_waits_between_the_pair(
    cast: factories.Cast, django_capture_on_commit_callbacks: Any
) -> None:
    let_send(cast)
    stopped, held, other = (
        outbound.send(audit.PORTAL, cast.acme, to=to, body="Hello")
        for to in (THEIR_NUMBER, THEIR_NUMBER, "+12025550188")
    )
    Message.objects.filter(pk=held.pk).update(state="held")
    with django_capture_on_commit_callbacks(execute=True):
        arrive(cast, "STOP")
    for message in (stopped, held, other):
        message.refresh_from_db()
    assert [message.state for message in (stopped, held, other)] == ["suppressed", "suppressed", "queued"]
    assert (stopped.due_at, other.due_at is None) == (None, False)
    assert optouts.close_waiting(cast.acme, OUR_NUMBER, THEIR_NUMBER) == 0


def test_twilios_own_opt_out_type_counts(cast: factories.Cast) -> None:
    arrive(cast, "arrêt", raw=b"OptOutType=STOP")
    assert optouts.is_opted_out(cast.acme, OUR_NUMBER, THEIR_NUMBER)


def test_an_e_mail_is_sent_by_the_worker_with_a_stable_id(cast: factories.Cast) -> None:
    rules(cast.acme, {"targets": [{"kind": "email", "address": "desk@acme.example"}]})
    delivery = arrive(cast, "Hello desk").deliveries.get()
    assert delivery.state == "pending"
    delivering.work()
    delivery.refresh_from_db()
    assert delivery.state == "delivered"
    sent = mail.outbox[0]
    assert sent.to == ["desk@acme.example"]
    assert "Hello desk" in sent.body
    assert sent.extra_headers["Message-ID"].startswith(f"<{delivery.id.hex}@")


def test_a_failed_delivery_climbs_its_ladder_and_is_kept_in_the_end(
    cast: factories.Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(delivery: Delivery) -> None:
        raise DeliveryFailed("The mail server is away.")

    monkeypatch.setattr("sms.destinations.mail.deliver", broken)
    rules(cast.acme, {"targets": [{"kind": "email", "address": "desk@acme.example"}]})
    delivery = arrive(cast).deliveries.get()
    for tries in range(1, len(mail_destination.LADDER) + 2):
        Delivery.objects.update(due_at=clock.in_seconds(-1))
        delivering.work()
        delivery.refresh_from_db()
        assert delivery.tries == tries
    assert (delivery.state, delivery.last_error) == ("exhausted", "The mail server is away.")


def test_two_workers_take_a_delivery_once(cast: factories.Cast) -> None:
    rules(cast.acme, {"targets": [{"kind": "email", "address": "desk@acme.example"}]})
    delivery = arrive(cast).deliveries.get()
    stale = Delivery.objects.get(pk=delivery.pk)
    assert delivering.take(delivery)
    assert not delivering.take(stale)
    assert Delivery.objects.get().tries == 1


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(outbound, "send", lambda actor, tenant, **fields: calls.append(fields))
    return calls


def test_an_automatic_reply_goes_through_the_outbound_queue_once(
    cast: factories.Cast, sent: list[dict[str, Any]]
) -> None:
    rules(cast.acme, {"targets": [{"kind": "auto_reply", "text": "We are closed."}]})
    message = arrive(cast)
    delivering.work()
    delivering.work()
    assert [call["body"] for call in sent] == ["We are closed."]
    assert sent[0]["in_reply_to"] == message
    assert sent[0]["idempotency_key"] == f"delivery-{message.deliveries.get().id.hex}"


@pytest.mark.parametrize(
    ("body", "theirs"),
    [
        ("STOP", THEIR_NUMBER),
        ("help", THEIR_NUMBER),
        ("hi", "12345"),
        ("hi", "ACME"),
        ("hi", factories.OUR_SECOND_NUMBER),
        ("hi", GLOBEX_NUMBER),
    ],
)
def test_no_machine_answers_these(cast: factories.Cast, sent: list[dict[str, Any]], body: str, theirs: str) -> None:
    factories.make_pool(cast.trunk, cast.globex, GLOBEX_NUMBER)
    rules(cast.acme, {"targets": [{"kind": "auto_reply", "text": "We are closed."}]})
    delivery = arrive(cast, body, theirs=theirs).deliveries.get()
    delivering.work()
    delivery.refresh_from_db()
    assert delivery.state == "skipped"
    assert delivery.last_error
    assert not sent


def test_a_reply_that_is_refused_is_kept_with_its_reason(cast: factories.Cast) -> None:
    rules(cast.acme, {"targets": [{"kind": "auto_reply", "text": "We are closed."}]})
    delivery = arrive(cast).deliveries.get()
    delivering.work()
    delivery.refresh_from_db()
    assert delivery.state == "exhausted"
    assert delivery.last_error


def test_three_automatic_replies_in_ten_minutes_are_enough(cast: factories.Cast, sent: list[dict[str, Any]]) -> None:
    # From another of our numbers, as an outbound rule may want it: it counts all the same.
    for _ in range(3):
        Message.objects.create(
            tenant=cast.acme,
            direction="out",
            our_address=factories.OUR_SECOND_NUMBER,
            their_address=THEIR_NUMBER,
            source="auto_reply",
            state="accepted",
            in_reply_to=arrive(cast),
        )
    rules(cast.acme, {"targets": [{"kind": "auto_reply", "text": "We are closed."}]})
    delivery = arrive(cast).deliveries.get()
    delivering.work()
    delivery.refresh_from_db()
    assert delivery.state == "skipped"
    assert "loop" in delivery.last_error
    assert not sent


def test_dropped_texts_stay_in_the_log(cast: factories.Cast) -> None:
    rules(cast.acme, {"targets": [{"kind": "drop"}]})
    message = arrive(cast)
    assert message.state == "routed"
    assert message.deliveries.get().kind == "drop"


def test_accept_is_one_row_for_one_sid_of_one_tenant(cast: factories.Cast) -> None:
    text = payloads.parse_message(
        [
            ("MessageSid", f"SM{'1' * 32}"),
            ("AccountSid", cast.account.account_sid),
            ("From", THEIR_NUMBER),
            ("To", OUR_NUMBER),
            ("Body", "x"),
        ]
    )
    given: dict[str, Any] = {"tenant_id": cast.acme.pk, "configuration_id": cast.configuration.pk, "raw": b""}
    assert inbound.accept(text, **given)
    assert not inbound.accept(text, **given)


@pytest.mark.parametrize(("source", "opens"), [("text", True), ("twilio", True), ("person", False), ("import", False)])
def test_a_start_word_opens_only_what_a_stop_has_closed(cast: factories.Cast, source: str, opens: bool) -> None:
    optouts.add(cast.acme, OUR_NUMBER, THEIR_NUMBER, source=source)
    arrive(cast, "Yes")
    assert optouts.is_opted_out(cast.acme, OUR_NUMBER, THEIR_NUMBER) is not opens


def test_a_person_ends_every_opt_out_once(cast: factories.Cast) -> None:
    optouts.add(cast.acme, OUR_NUMBER, THEIR_NUMBER, source="person")
    row = OptOut.objects.get()
    for _ in range(2):
        optouts.end(audit.PORTAL, row)
    assert not optouts.is_opted_out(cast.acme, OUR_NUMBER, THEIR_NUMBER)
    assert AuditEntry.objects.filter(action="sms.opt_out.ended").count() == 1


def test_a_long_queue_is_worked_off_in_rounds(cast: factories.Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task has a time limit; what is left is announced anew."""
    monkeypatch.setattr(inbound, "_BATCH", 2)
    monkeypatch.setattr(inbound, "_ROUND_SECONDS", -1)
    hinted: list[str] = []
    monkeypatch.setattr(hints, "hint", hinted.append)
    for _ in range(5):
        factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER)
    assert [inbound.work() for _ in range(3)] == [2, 2, 1]
    assert hinted == ["inbound"] * 3


def test_texts_of_one_conversation_are_processed_in_their_order(cast: factories.Cast) -> None:
    rules(cast.acme, {"targets": [to(cast.bob)]})
    for n in range(4):
        for theirs in (THEIR_NUMBER, "+12025550188"):
            factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=theirs, body=f"text {n}")
    last = Message.objects.latest("occurred_at")
    inbound.work()
    assert set(cast.acme.conversations.values_list("preview", flat=True)) == {"text 3"}
    cast.configuration.refresh_from_db()
    assert cast.configuration.last_in_at == last.occurred_at
