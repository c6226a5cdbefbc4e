"""What is checked before a text is stored, and what is stored with it."""

import re
from typing import Any

import pytest
from django.db import IntegrityError

from rules.models import RuleSet
from sms import outbound
from sms.composing import storing
from sms.models import Conversation, IdempotencyKey, InboxThread, MemberNumber, Message, PhoneNumber, Sender
from sms.outbound import IdempotencyConflict, SendRefused
from tenants import audit, clock
from tests import factories
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, THEIR_NUMBER
from tests.sms.conftest import let_send

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(db: None) -> factories.Cast:
    cast = factories.make_cast()
    let_send(cast)
    return cast


def send(cast: factories.Cast, **wanted: Any) -> Message:
    return outbound.send(audit.PORTAL, cast.acme, **{"to": THEIR_NUMBER, "body": "Hello"} | wanted)


def refusal(cast: factories.Cast, **wanted: Any) -> SendRefused:
    with pytest.raises(SendRefused) as caught:
        send(cast, **wanted)
    assert not Message.objects.exists()
    return caught.value


def test_a_text_is_stored_with_everything_that_led_to_it(
    cast: factories.Cast, hinted: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        message = send(cast, to="(202) 555-0199", body="Hi 🙂", member=cast.alice, author_label="Alice")
    assert (message.state, message.direction, message.source) == ("queued", "out", "page")
    assert (message.our_address, message.their_address) == (OUR_NUMBER, THEIR_NUMBER)
    assert (message.number, message.configuration, message.author) == (cast.number, cast.configuration, cast.alice)
    conversation = Conversation.objects.get(our_address=OUR_NUMBER, their_address=THEIR_NUMBER)
    assert (message.conversation, conversation.preview) == (conversation, "Hi 🙂")
    assert InboxThread.objects.get().member == cast.alice
    assert message.expires_at is not None
    assert 35_990 < (message.expires_at - clock.now()).total_seconds() <= 36_000
    assert message.decision["name"] == "Everything"
    assert message.decision["ruleset"] == RuleSet.objects.get().id.hex
    assert message.decision["facts"]["extension"] == "101"
    assert "body" not in message.decision["facts"]
    assert message.decision["route"]["configuration"] == cast.configuration.id.hex
    assert message.decision["sender"]["address"] == OUR_NUMBER
    assert [step["taken"] for step in message.decision["sender"]["steps"]] == [False] * 5 + [True]
    assert Sender.objects.get().rate == 1.0
    assert hinted == ["send"]


def test_groups_of_the_writer_are_facts(cast: factories.Cast) -> None:
    group = factories.make_group(cast.acme, "Sales", cast.alice)
    assert send(cast, member=cast.alice).decision["facts"]["groups"] == [group.id.hex]


def test_segments_are_counted(cast: factories.Cast) -> None:
    assert send(cast, body="x" * 161).segments == 2


@pytest.mark.parametrize(
    ("wanted", "code", "words"),
    [
        ({"to": "12"}, "number", "number"),
        ({"to": "carol"}, "number", "number"),
        ({"body": "  \n"}, "body", "Write something"),
        ({"body": "x" * 1601}, "body", "Shorten it"),
        ({"sender": "+12025550999"}, "choice", "Choose another sender"),
        ({"idempotency_key": "k" * 256}, "idempotency_key", "Use a shorter one"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_words_that_help(
    cast: factories.Cast, wanted: dict[str, Any], code: str, words: str
) -> None:
    error = refusal(cast, **wanted)
    assert (error.code, words in str(error)) == (code, True), str(error)


def test_a_member_without_the_right_is_refused(cast: factories.Cast) -> None:
    assert refusal(cast, member=cast.vera).code == "right"
    cast.alice.enabled = False
    assert refusal(cast, member=cast.alice).code == "right"


def test_a_closed_tenant_sends_nothing(cast: factories.Cast) -> None:
    cast.acme.sms_enabled = False
    assert refusal(cast).code == "sms_off"
    cast.acme.enabled = False
    assert refusal(cast).code == "tenant"


def test_without_a_rule_nothing_is_sent_and_every_rule_says_why(cast: factories.Cast) -> None:
    document = RuleSet.objects.get().document
    document["rules"][0]["conditions"] = [{"kind": "prefix", "prefixes": ["44"]}]
    RuleSet.objects.update(document=document)
    error = refusal(cast, member=cast.alice)
    assert error.code == "no_rule"
    assert len(error.details) == 1
    assert "Everything" in error.details[0]


def test_without_a_sender_the_refusal_names_the_steps(cast: factories.Cast) -> None:
    cast.acme.default_number = ""
    error = refusal(cast)
    assert (error.code, len(error.details)) == ("none", 8)
    assert "choose a number" in str(error)


def test_without_any_number_the_refusal_says_so(cast: factories.Cast) -> None:
    PhoneNumber.objects.update(released_at=clock.now())
    assert "no phone number" in str(refusal(cast))


def test_an_opt_out_of_the_pair_refuses_and_of_another_does_not(cast: factories.Cast) -> None:
    cast.acme.opt_outs.create(our_address=OUR_NUMBER, their_address=THEIR_NUMBER, source="text")
    assert refusal(cast).code == "opted_out"
    assert send(cast, sender=OUR_SECOND_NUMBER).our_address == OUR_SECOND_NUMBER


def test_a_reply_goes_from_the_number_that_was_written_to(cast: factories.Cast) -> None:
    conversation = factories.make_conversation(cast.acme, OUR_SECOND_NUMBER, THEIR_NUMBER)
    message = send(cast, conversation=conversation, member=cast.bob)
    assert (message.our_address, message.conversation) == (OUR_SECOND_NUMBER, conversation)
    assert message.decision["asked"] == {"chosen": "", "replying_as": OUR_SECOND_NUMBER}


def test_a_reply_to_a_number_that_is_gone_is_refused(cast: factories.Cast) -> None:
    conversation = factories.make_conversation(cast.acme, "+12025550777", THEIR_NUMBER)
    assert refusal(cast, conversation=conversation).code == "reply_number"


def test_a_member_chooses_among_his_own_numbers_only(cast: factories.Cast) -> None:
    assert refusal(cast, member=cast.bob, sender=OUR_SECOND_NUMBER).code == "choice"
    second = PhoneNumber.objects.get(e164=OUR_SECOND_NUMBER)
    MemberNumber.objects.create(tenant=cast.acme, member=cast.bob, number=second)
    assert send(cast, member=cast.bob, sender=OUR_SECOND_NUMBER).our_address == OUR_SECOND_NUMBER


def test_the_preferred_number_comes_before_the_companys(cast: factories.Cast) -> None:
    second = PhoneNumber.objects.get(e164=OUR_SECOND_NUMBER)
    MemberNumber.objects.create(tenant=cast.acme, member=cast.bob, number=second, preferred=True)
    assert send(cast, member=cast.bob).our_address == OUR_SECOND_NUMBER


def test_a_sender_id_goes_where_it_may(cast: factories.Cast) -> None:
    cast.configuration.sender_id = "ACME"
    cast.configuration.save()
    message = send(cast, to="+447400123456", member=cast.alice)
    assert (message.our_address, message.number) == ("ACME", None)
    assert send(cast, to="+447400123456", member=cast.bob).our_address == OUR_NUMBER
    assert send(cast, member=cast.alice).our_address == OUR_NUMBER


def test_a_number_of_another_trunk_cannot_send_here(cast: factories.Cast) -> None:
    factories.make_pool(factories.make_trunk("Other"), cast.acme, "+12025550888")
    assert refusal(cast, sender="+12025550888").code == "choice"


def routes(cast: factories.Cast, **changes: Any) -> None:
    document = RuleSet.objects.get().document
    document["rules"][0]["routes"][0] |= changes
    RuleSet.objects.update(document=document)


def test_a_route_may_rewrite_the_number(cast: factories.Cast) -> None:
    routes(cast, strip=1, prepend="44")
    message = send(cast, to="+17400123456")
    assert message.their_address == "+447400123456"


def test_a_route_that_makes_no_number_is_refused(cast: factories.Cast) -> None:
    routes(cast, strip=9)
    error = refusal(cast)
    assert (error.code, "strip" in str(error)) == ("route", True)


@pytest.mark.parametrize(
    ("changes", "words"), [({"enabled": False}, "Switch it on"), ({"deleted_at": clock.now()}, "is gone")]
)
def test_a_route_to_a_closed_configuration_is_refused(
    cast: factories.Cast, changes: dict[str, Any], words: str
) -> None:
    type(cast.configuration).objects.update(**changes)
    error = refusal(cast)
    assert (error.code, bool(re.search(words, str(error)))) == ("route", True)


def test_the_next_route_is_taken_when_the_first_has_no_sender(cast: factories.Cast) -> None:
    trunk = factories.make_trunk("Empty")
    empty = factories.make_configuration(cast.acme, trunk, cast.account)
    RuleSet.objects.all().delete()
    let_send(cast, empty, cast.configuration)
    assert send(cast).configuration == cast.configuration


def test_the_same_key_and_text_give_the_same_message(cast: factories.Cast) -> None:
    first = send(cast, idempotency_key="one")
    cast.acme.sms_enabled = False
    assert send(cast, idempotency_key="one") == first
    assert Message.objects.count() == 1


def test_the_same_key_with_another_text_is_a_conflict(cast: factories.Cast) -> None:
    send(cast, idempotency_key="one")
    with pytest.raises(IdempotencyConflict, match="new key"):
        send(cast, idempotency_key="one", body="Other")


def test_keys_of_tenants_do_not_meet(cast: factories.Cast) -> None:
    send(cast, idempotency_key="one")
    with pytest.raises(SendRefused) as caught:
        outbound.send(audit.PORTAL, cast.globex, to=THEIR_NUMBER, body="Other", idempotency_key="one")
    assert caught.value.code == "no_rule"


def test_of_two_with_the_same_key_at_the_same_moment_one_is_stored(
    cast: factories.Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = send(cast, idempotency_key="one")
    found = iter([None, first])
    monkeypatch.setattr(outbound, "_answered_before", lambda *arguments: next(found))
    assert send(cast, idempotency_key="one") == first
    assert Message.objects.count() == IdempotencyKey.objects.count() == 1


def test_another_conflict_in_the_database_is_not_hidden(cast: factories.Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise IntegrityError

    monkeypatch.setattr(storing, "store", refuse)
    with pytest.raises(IntegrityError):
        send(cast)


def test_what_no_carrier_can_carry_is_dropped(cast: factories.Cast) -> None:
    assert send(cast, body="a\0b\r\nc\ud800").body == "ab\nc?"
