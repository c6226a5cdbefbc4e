"""Which sender a text gets: the order, its reasons and its refusals."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.e164 import AddressKind
from rules.senders import (
    SenderChoice,
    SenderFacts,
    SenderIdError,
    SenderRefusal,
    check_sender_id,
    choose_sender,
    is_one_way,
    takes_sender_id,
)

SERVICE = "MG" + "0" * 32
ONE, TWO, THREE, FOUR, FIVE = (f"+1202759481{last}" for last in range(5))
GERMANY, USA = "+491701234567", "+14155550123"
ALL = SenderFacts(
    to=GERMANY,
    owned=frozenset({ONE, TWO, THREE, FOUR, FIVE, "12345"}),
    replying_as=ONE,
    chosen=TWO,
    choosable=frozenset({TWO, "Acme"}),
    route_sender=THREE,
    sender_id="Acme",
    may_use_sender_id=True,
    preferred=FOUR,
    company_default=FIVE,
    messaging_service=SERVICE,
)
CLEARED = ("replying_as", "chosen", "route_sender", "sender_id", "preferred", "company_default", "messaging_service")


def without(steps, **changes):
    return replace(ALL, **dict.fromkeys(CLEARED[:steps], ""), **changes)


@pytest.mark.parametrize(
    ("steps", "address", "kind"),
    [
        (0, ONE, AddressKind.E164),
        (1, TWO, AddressKind.E164),
        (2, THREE, AddressKind.E164),
        (3, "Acme", AddressKind.ALPHANUMERIC),
        (4, FOUR, AddressKind.E164),
        (5, FIVE, AddressKind.E164),
        (6, SERVICE, AddressKind.MESSAGING_SERVICE),
    ],
)
def test_the_order_of_senders(steps, address, kind):
    choice = choose_sender(without(steps))
    assert isinstance(choice, SenderChoice)
    assert (choice.address, choice.kind, choice.step) == (address, kind, steps + 1)
    assert [step.number for step in choice.steps] == list(range(1, steps + 2))
    assert [step.taken for step in choice.steps] == [False] * steps + [True]


def test_without_any_sender_it_is_refused_with_what_is_missing():
    refusal = choose_sender(without(7))
    assert isinstance(refusal, SenderRefusal)
    assert refusal.code == "none"
    assert "set a preferred number or the company's default number" in refusal.message
    assert [step.name for step in refusal.steps][-1] == "refused"
    assert len(refusal.steps) == 8


def test_without_any_number_the_pool_is_what_is_missing():
    refusal = choose_sender(without(7, owned=frozenset()))
    assert "Add one to its trunk's pool" in refusal.message


def test_a_sender_id_means_texts_under_the_brand():
    choice = choose_sender(without(3))
    assert choice.address == "Acme"
    assert choice.steps[-1].reason == "the configuration sends under it"


def test_a_country_that_takes_no_sender_id_gets_a_number_and_the_reason_is_said():
    choice = choose_sender(without(3, to=USA))
    assert choice.address == FOUR
    assert choice.steps[3].reason == "US does not take Sender IDs such as Acme"


def test_a_writer_without_the_right_sends_from_a_number():
    choice = choose_sender(without(3, may_use_sender_id=False))
    assert choice.address == FOUR
    assert choice.steps[3].reason == "the writer may not send under the Sender ID"


def test_a_text_with_media_goes_from_a_number():
    choice = choose_sender(without(3, num_media=1))
    assert choice.address == FOUR
    assert choice.steps[3].reason == "a Sender ID such as Acme cannot send media"


# The parts of the third step, when the rule asks for them: to +1 415-555-0123 from a pool in two areas.
HERE, NEARER, NEAREST, ABROAD = "+14155550000", "+14155550100", "+14155550120", "+442079460958"
POOL = frozenset({HERE, NEARER, NEAREST, ABROAD, FOUR, FIVE})


@pytest.mark.parametrize(
    ("wanted", "address", "why"),
    [
        ({}, FOUR, "the writer prefers it"),
        ({"known": HERE}, HERE, "the rule keeps to the number that this person knows"),
        ({"known": HERE, "route_sender": FIVE}, HERE, "the rule keeps to the number that this person knows"),
        ({"known": "", "route_sender": FIVE}, FIVE, "the route names it"),
        ({"known": "", "near": (NEARER, NEAREST)}, NEAREST, "it is nearest to the recipient's number"),
        ({"near": (NEARER, NEAREST), "route_sender": FIVE}, FIVE, "the route names it"),
        ({"near": (FIVE, HERE)}, HERE, "it is nearest to the recipient's number"),
        ({"near": (FIVE, ABROAD)}, FOUR, "the writer prefers it"),
        ({"near": ()}, FOUR, "the writer prefers it"),
        ({"known": "+14155559999", "near": ()}, FOUR, "the writer prefers it"),
        ({"known": HERE, "chosen": FIVE}, FIVE, "the writer chose it"),
        ({"known": HERE, "replying_as": FIVE}, FIVE, "a reply goes from the address that was written to"),
    ],
)
def test_the_parts_of_the_route_s_step(wanted, address, why):
    facts = without(3, to=USA, owned=POOL, sender_id="", choosable=frozenset({FIVE}))
    choice = choose_sender(replace(facts, **wanted))
    assert isinstance(choice, SenderChoice)
    assert (choice.address, choice.steps[-1].reason) == (address, why)


def test_parts_that_nobody_asked_for_are_not_steps():
    third = [step.name for step in choose_sender(without(7)).steps if step.number == 3]
    assert third == ["the route's sender"]
    third = [step for step in choose_sender(without(7, known="", near=())).steps if step.number == 3]
    assert [(step.name, step.taken, step.reason) for step in third] == [
        ("the number this person knows", False, "this person has had no texts with a number of this route"),
        ("the route's sender", False, "the route names none"),
        ("a number of the same area", False, "no number of this route is in their area"),
    ]


def test_a_number_without_an_area_matches_none():
    facts = without(7, to="+67512345678", near=("+67512345679",), owned=frozenset({"+67512345679"}))
    area = next(step for step in choose_sender(facts).steps if step.name == "a number of the same area")
    assert (area.taken, area.reason) == (False, "the recipient's number has no area")


def test_a_number_of_another_country_in_the_same_area_matches_none():
    vatican, rome = "+390669812345", "+390612345678"
    facts = without(7, to=vatican, near=(rome,), owned=frozenset({rome}))
    assert isinstance(choose_sender(facts), SenderRefusal)


@pytest.mark.parametrize("replying_as", ["12345", SERVICE])
def test_a_reply_goes_from_a_short_code_or_a_service_too(replying_as):
    assert choose_sender(replace(ALL, replying_as=replying_as)).address == replying_as


@pytest.mark.parametrize(
    ("replying_as", "reason"),
    [
        ("+12027594819", "This configuration's account does not own +1 202-759-4819."),
        ("MG" + "1" * 32, "This configuration does not have the Messaging Service"),
        ("whatsapp:+12027594810", "is no sender of texts"),
    ],
)
def test_a_reply_never_changes_its_number_silently(replying_as, reason):
    refusal = choose_sender(replace(ALL, replying_as=replying_as))
    assert isinstance(refusal, SenderRefusal)
    assert refusal.code == "reply_number"
    assert reason in refusal.message
    assert refusal.message.endswith("Start a new message to send from another number.")
    assert len(refusal.steps) == 1


def test_who_can_be_written_to():
    assert [is_one_way(address) for address in (ONE, "12345", SERVICE, "Acme")] == [False, False, False, True]


def test_nobody_replies_to_a_sender_id():
    choice = choose_sender(replace(ALL, replying_as="Acme"))
    assert choice.address == TWO
    assert choice.steps[0].reason == "nobody can write to Acme, so there is nothing to reply from"


def test_the_writer_may_choose_the_sender_id():
    assert choose_sender(without(1, chosen="Acme")).address == "Acme"


@pytest.mark.parametrize(
    ("chosen", "choosable", "reason"),
    [
        (FIVE, frozenset({TWO}), "The writer may not send from +1 202-759-4814."),
        ("+12027594819", frozenset({"+12027594819"}), "This configuration's account does not own"),
        (USA, frozenset({USA}), "+1 415-555-0123 is the recipient"),
    ],
)
def test_a_choice_that_cannot_be_honoured_is_refused(chosen, choosable, reason):
    facts = without(1, chosen=chosen, choosable=choosable, to=USA)
    facts = replace(facts, owned=facts.owned | {USA} if chosen == USA else facts.owned)
    refusal = choose_sender(facts)
    assert isinstance(refusal, SenderRefusal)
    assert (refusal.code, refusal.message.startswith(reason)) == ("choice", True)
    assert refusal.message.endswith("Choose another sender, or none.")


def test_a_number_sends_only_through_the_account_that_owns_it():
    choice = choose_sender(without(2, owned=frozenset({FIVE}), sender_id=""))
    assert choice.address == FIVE
    assert choice.steps[2].reason == "this configuration's account does not own +1 202-759-4812"
    assert choice.steps[4].reason == "this configuration's account does not own +1 202-759-4813"


ADDRESSES = st.sampled_from(["", ONE, TWO, "Acme", SERVICE, "12345", "whatsapp:+1", "+12027594819"])


@given(
    st.builds(
        SenderFacts,
        to=st.sampled_from([GERMANY, USA, ONE]),
        owned=st.frozensets(st.sampled_from([ONE, TWO, "12345"])),
        replying_as=ADDRESSES,
        chosen=ADDRESSES,
        choosable=st.frozensets(ADDRESSES),
        route_sender=ADDRESSES,
        sender_id=st.sampled_from(["", "Acme"]),
        may_use_sender_id=st.booleans(),
        preferred=ADDRESSES,
        company_default=ADDRESSES,
        messaging_service=st.sampled_from(["", SERVICE]),
        num_media=st.sampled_from([0, 1]),
        known=st.none() | ADDRESSES,
        near=st.none() | st.lists(ADDRESSES, max_size=2).map(tuple),
    )
)
def test_no_sender_is_ever_chosen_that_cannot_send(facts):
    result = choose_sender(facts)
    assert all(step.reason for step in result.steps)
    if isinstance(result, SenderRefusal):
        assert result.message.endswith(".")
    elif result.kind is AddressKind.MESSAGING_SERVICE:
        assert result.address == facts.messaging_service
    elif result.kind is AddressKind.ALPHANUMERIC:
        assert facts.to == GERMANY
        assert not facts.num_media
    else:
        assert result.address in facts.owned
        assert result.address != facts.to


@pytest.mark.parametrize("text", ["Acme", "A", "Acme 24", "24 Acme", " Acme ", "ABCDEFGHIJK", "4ever"])
def test_a_sender_id_is_taken(text):
    assert check_sender_id(text) == text.strip()


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "leave the field empty"),
        ("   ", "leave the field empty"),
        ("ABCDEFGHIJKL", "at most 11 characters: this one has 12"),
        ("Acme-24", "only the letters"),
        ("Café", "only the letters"),
        ("Acme\n1", "only the letters"),
        ("12345", "at least one letter"),
        ("12 34", "at least one letter"),
    ],
)
def test_a_bad_sender_id_says_what_to_change(text, advice):
    with pytest.raises(SenderIdError, match=advice):
        check_sender_id(text)


def test_north_america_takes_no_sender_id_and_a_country_not_known_is_given_the_chance():
    assert not any(takes_sender_id(country) for country in ("US", "CA", "PR"))
    assert takes_sender_id("DE")
    assert takes_sender_id("")
