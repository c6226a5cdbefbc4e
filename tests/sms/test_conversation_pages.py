"""Conversations, the message log and opt-outs as people use them."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rules.changing import usual, versions
from rules.models import InboundRule, InboundTarget
from sms import conversations, inbound, rerouting
from sms.models import Conversation, Message, OptOut, PhoneNumber
from sms.setup import configuring
from tenants import audit, clock
from tenants.models import Member
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(cast: factories.Cast) -> factories.Cast:
    """Acme with the usual rules and one text from outside in Alice's inbox."""
    usual.usual_rules(audit.PORTAL, cast.acme, cast.configuration, cast.alice)
    cast.alice.refresh_from_db()
    factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, body="Is the shop open?")
    inbound.work()
    return cast


def as_member(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def thread(world: factories.Cast) -> Conversation:
    return world.acme.conversations.get()


def url(name: str, world: factories.Cast, *args: Any) -> str:
    return reverse(f"sms:{name}", args=[world.acme.slug, *args])


def test_the_inbox_shows_who_wrote_and_what_is_unread(world: factories.Cast) -> None:
    page = as_member(world.alice).get(url("conversation_list", world)).content.decode()
    assert "Is the shop open?" in page
    assert "inbox-unread" in page


def test_an_agent_sees_only_his_own_and_his_groups_conversations(world: factories.Cast) -> None:
    assert "Is the shop open?" not in as_member(world.bob).get(url("conversation_list", world)).content.decode()
    assert as_member(world.bob).get(url("conversation_detail", world, thread(world).id)).status_code == 404
    conversations.add_to_inbox(thread(world), member=world.bob)
    assert as_member(world.bob).get(url("conversation_detail", world, thread(world).id)).status_code == 200


@pytest.mark.parametrize(
    ("search", "found"), [("0199", True), ("+1 202", True), ("7777", False), ("Carla", True), ("Zoe", False)]
)
def test_the_search_finds_names_and_digits(world: factories.Cast, search: str, found: bool) -> None:
    Conversation.objects.update(contact_name="Carla Ruiz")
    page = as_member(world.alice).get(url("conversation_list", world), {"q": search}).content.decode()
    assert ("Carla Ruiz" in page) is found


def test_the_inbox_can_be_narrowed_to_ones_own_a_groups_and_what_is_unread(world: factories.Cast) -> None:
    client, address = as_member(world.alice), url("conversation_list", world)
    sales = factories.make_group(world.acme, "Sales", world.sam)
    administrators = world.acme.groups.get(name="Administrators")
    conversations.add_to_inbox(thread(world), member=world.alice)
    page = client.get(address).content.decode()
    for choice in ("My inbox", "Sales", "Administrators", "Unread (1)"):
        assert choice in page
    for query, found in (
        ({"inbox": "mine"}, True),
        ({"inbox": administrators.id.hex}, True),
        ({"inbox": sales.id.hex}, False),
        ({"inbox": "nonsense"}, True),
        ({"unread": "1"}, True),
    ):
        assert ("Is the shop open?" in client.get(address, query).content.decode()) is found, query
    conversations.mark_read(thread(world), world.alice)
    assert "Is the shop open?" not in client.get(address, {"unread": "1"}).content.decode()
    page = as_member(world.sam).get(address, {"inbox": administrators.id.hex}).content.decode()
    assert "Is the shop open?" not in page
    assert "Sales" in page
    assert "Administrators" not in page


def test_reading_is_said_by_a_post_never_by_looking(world: factories.Cast) -> None:
    client, conversation = as_member(world.alice), thread(world)
    client.get(url("conversation_detail", world, conversation.id))
    assert conversations.unread_count(world.acme, world.alice) == 1
    client.post(url("conversation_read", world, conversation.id))
    assert conversations.unread_count(world.acme, world.alice) == 0


def test_a_live_page_is_told_that_nothing_is_new(world: factories.Cast) -> None:
    client, conversation = as_member(world.alice), thread(world)
    address = url("conversation_detail", world, conversation.id)
    first = client.get(address, headers={"HX-Request": "true"})
    assert "Is the shop open?" in first.content.decode()
    again = client.get(address, headers={"HX-Request": "true", "If-None-Match": first["ETag"]})
    assert again.status_code == 304
    conversations.rename(conversation, "Carla")
    newer = client.get(address, headers={"HX-Request": "true", "If-None-Match": first["ETag"]})
    assert newer.status_code == 200


def test_the_live_inbox_is_its_rows_alone(world: factories.Cast) -> None:
    headers = {"HX-Request": "true", "HX-Target": "inbox"}
    for address in (url("conversation_list", world), url("conversation_detail", world, thread(world).id)):
        page = as_member(world.alice).get(address, headers=headers).content.decode()
        assert "Is the shop open?" in page
        assert "<html" not in page


def test_a_reply_goes_from_the_number_that_was_written_to(world: factories.Cast) -> None:
    conversation = thread(world)
    response = as_member(world.alice).post(
        url("conversation_send", world, conversation.id), {"body": "Until six.", "once": "1"}
    )
    assert response.status_code == 302
    message = conversation.messages.get(direction="out")
    assert (message.our_address, message.their_address, message.state) == (OUR_NUMBER, THEIR_NUMBER, "queued")
    assert message.author == world.alice


def test_a_form_that_is_sent_twice_makes_one_text(world: factories.Cast) -> None:
    for _ in range(2):
        as_member(world.alice).post(url("conversation_send", world, thread(world).id), {"body": "Hi", "once": "same"})
    assert Message.objects.filter(direction="out").count() == 1


def test_a_refused_reply_stays_in_the_box_with_its_reason(world: factories.Cast) -> None:
    client, conversation = as_member(world.alice), thread(world)
    client.post(url("conversation_send", world, conversation.id), {"body": " ", "once": "1"})
    page = client.get(url("conversation_detail", world, conversation.id)).content.decode()
    assert "errorlist" in page
    assert not Message.objects.filter(direction="out").exists()


def test_who_may_not_send_is_told_before_he_types(world: factories.Cast) -> None:
    conversation = thread(world)
    page = as_member(world.vera).get(url("conversation_detail", world, conversation.id)).content.decode()
    assert "<textarea" not in page
    assert "Viewers read here and do not write" in page
    assert (
        as_member(world.vera).post(url("conversation_send", world, conversation.id), {"body": "x"}).status_code == 403
    )


def test_an_opted_out_number_cannot_be_answered_and_the_page_says_why(world: factories.Cast) -> None:
    OptOut.objects.create(tenant=world.acme, our_address=OUR_NUMBER, their_address=THEIR_NUMBER, source="text")
    page = as_member(world.alice).get(url("conversation_detail", world, thread(world).id)).content.decode()
    assert "<textarea" not in page
    assert "START" in page


def test_a_one_way_sender_cannot_be_answered(world: factories.Cast) -> None:
    conversation = factories.make_conversation(world.acme, OUR_NUMBER, "ACME Bank")
    page = as_member(world.alice).get(url("conversation_detail", world, conversation.id)).content.decode()
    assert "One-way sender" in page


def test_a_new_message_opens_its_conversation(world: factories.Cast) -> None:
    form = {"to": "(415) 555-2671", "body": "Hello", "sender": OUR_NUMBER, "once": "1"}
    response = as_member(world.alice).post(url("conversation_new", world), form)
    conversation = world.acme.conversations.get(their_address="+14155552671")
    assert response["Location"] == url("conversation_detail", world, conversation.id)


def test_a_wrong_number_is_named_at_its_field(world: factories.Cast) -> None:
    page = as_member(world.alice).post(url("conversation_new", world), {"to": "12", "body": "Hello", "once": "1"})
    assert page.status_code == 200
    assert page.context["form"].errors["to"]


def test_the_log_shows_filters_and_links_each_message(world: factories.Cast) -> None:
    client = as_member(world.alice)
    message = Message.objects.get()
    page = client.get(url("message_list", world)).content.decode()
    assert url("message_detail", world, message.id) in page
    for query, found in (
        ({"q": "shop"}, True),
        ({"q": "0199"}, True),
        ({"q": message.provider_sid}, True),
        ({"direction": "out"}, False),
        ({"state": "unrouted"}, False),
        ({"from": "2999-01-01"}, False),
        ({"from": "nonsense", "to": "2999-01-01"}, True),
    ):
        body = client.get(url("message_list", world), query).content.decode()
        assert ("Is the shop open?" in body) is found, query


def test_a_viewer_sees_numbers_masked(world: factories.Cast) -> None:
    page = as_member(world.vera).get(url("message_list", world)).content.decode()
    assert "555-0199" not in page
    assert "•" in page


def test_a_viewer_reads_no_full_number_anywhere(world: factories.Cast) -> None:
    client, message = as_member(world.vera), Message.objects.get()
    InboundRule.objects.update(position=1)
    rule = InboundRule.objects.create(
        tenant=world.acme, name="Them", conditions=[{"kind": "caller_mask", "mask": "+1202555000*"}]
    )
    InboundTarget.objects.create(tenant=world.acme, rule=rule, kind="drop")
    versions.save(audit.PORTAL, world.acme, "inbound")
    message.deliveries.all().delete()
    Message.objects.update(state="unrouted")
    rerouting.route_again(audit.PORTAL, message)
    for address in (
        url("message_list", world),
        url("message_detail", world, message.id),
        url("conversation_list", world),
        url("conversation_detail", world, thread(world).id),
        reverse("dashboard", args=[world.acme.slug]),
    ):
        page = client.get(address).content.decode()
        assert "555-0199" not in page, address
        assert THEIR_NUMBER not in page, address
    assert "555-0199" in as_member(world.alice).get(url("message_detail", world, message.id)).content.decode()


@pytest.mark.parametrize("name", ["conversation_list", "message_list"])
def test_a_viewer_cannot_find_hidden_digits_by_searching(world: factories.Cast, name: str) -> None:
    client = as_member(world.vera)
    assert "Is the shop open?" not in client.get(url(name, world), {"q": "5550199"}).content.decode()
    assert "Is the shop open?" in client.get(url(name, world), {"q": THEIR_NUMBER}).content.decode()
    assert "Is the shop open?" in as_member(world.alice).get(url(name, world), {"q": "5550199"}).content.decode()


def test_an_unrouted_text_is_routed_once_a_rule_fits(cast: factories.Cast) -> None:
    client = as_member(cast.alice)
    factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, body="Is the shop open?")
    inbound.work()
    message = Message.objects.get()
    assert "Route it now" in client.get(url("message_detail", cast, message.id)).content.decode()
    again = url("message_route_again", cast, message.id)
    assert "No rule fits this text yet" in client.post(again, follow=True).content.decode()
    usual.usual_rules(audit.PORTAL, cast.acme, cast.configuration, cast.alice)
    assert "The text is routed now" in client.post(again, follow=True).content.decode()
    message.refresh_from_db()
    assert (message.state, message.deliveries.get().state) == ("routed", "delivered")
    assert thread(cast).inbox_threads.exists()
    assert cast.acme.audit_entries.filter(action="sms.message.routed_again").exists()
    client.post(again)
    assert message.deliveries.count() == 1


def test_a_conversation_of_a_number_given_up_is_marked(world: factories.Cast) -> None:
    PhoneNumber.objects.filter(e164=OUR_NUMBER).update(released_at=clock.now())
    page = as_member(world.alice).get(url("conversation_detail", world, thread(world).id)).content.decode()
    assert "no longer yours" in page
    assert "<textarea" not in page


def test_a_text_that_was_canceled_or_held_says_why(world: factories.Cast) -> None:
    client = as_member(world.alice)
    client.post(url("conversation_send", world, thread(world).id), {"body": "Until six.", "once": "1"})
    message = Message.objects.get(direction="out")
    configuring.delete(audit.PORTAL, world.configuration)
    page = client.get(url("message_detail", world, message.id)).content.decode()
    assert "Its SMS configuration was deleted" in page
    assert "configuration_deleted" not in page
    assert "Until six." in client.get(url("message_list", world), {"state": "canceled"}).content.decode()
    Message.objects.filter(pk=message.pk).update(state="held", state_reason="disabled")
    page = client.get(url("message_detail", world, message.id)).content.decode()
    assert "was switched off" in page
    assert url("message_cancel", world, message.id) in page


def test_a_message_page_tells_its_story(world: factories.Cast) -> None:
    message = Message.objects.get()
    page = as_member(world.alice).get(url("message_detail", world, message.id)).content.decode()
    assert "Received" in page
    assert message.decision["name"] in page
    assert message.provider_sid in page


def test_a_waiting_text_can_be_canceled_and_a_sent_one_cannot(world: factories.Cast) -> None:
    client = as_member(world.alice)
    client.post(url("conversation_send", world, thread(world).id), {"body": "Until six.", "once": "1"})
    message = Message.objects.get(direction="out")
    client.post(url("message_cancel", world, message.id))
    message.refresh_from_db()
    assert message.state == "canceled"
    Message.objects.filter(pk=message.pk).update(state="accepted")
    page = client.post(url("message_cancel", world, message.id), follow=True).content.decode()
    assert "Too late" in page


def test_only_who_may_send_sends_again_what_failed(world: factories.Cast) -> None:
    client = as_member(world.alice)
    client.post(url("conversation_send", world, thread(world).id), {"body": "Until six.", "once": "1"})
    message = Message.objects.get(direction="out")
    Message.objects.filter(pk=message.pk).update(state="rejected", due_at=None)
    assert "Send again" in client.get(url("message_detail", world, message.id)).content.decode()
    Member.objects.filter(pk=world.alice.pk).update(sending_right="none")
    refused = client.post(url("message_send_again", world, message.id), follow=True).content.decode()
    assert "Ask an administrator for the sending right" in refused
    Member.objects.filter(pk=world.alice.pk).update(sending_right="sender_id")
    client.post(url("message_send_again", world, message.id))
    message.refresh_from_db()
    assert message.state == "queued"


def test_the_log_leads_into_a_conversation_only_who_may_read_it(world: factories.Cast) -> None:
    message, address = Message.objects.get(), url("conversation_detail", world, thread(world).id)
    assert address not in as_member(world.sam).get(url("message_detail", world, message.id)).content.decode()
    assert address in as_member(world.alice).get(url("message_detail", world, message.id)).content.decode()


def test_unknown_texts_are_settled_by_a_person(world: factories.Cast) -> None:
    client = as_member(world.alice)
    client.post(url("conversation_send", world, thread(world).id), {"body": "Until six.", "once": "1"})
    message = Message.objects.get(direction="out")
    Message.objects.filter(pk=message.pk).update(state="unknown", due_at=None)
    page = client.get(url("message_detail", world, message.id)).content.decode()
    assert "Send again" in page
    client.post(url("message_mark_as_sent", world, message.id))
    message.refresh_from_db()
    assert message.state == "accepted"
    assert world.acme.audit_entries.filter(action="sms.message.marked_as_sent").exists()


def test_opt_outs_are_listed_added_and_ended_with_a_record(world: factories.Cast) -> None:
    client = as_member(world.alice)
    form = {"their_address": "(202) 555-0199", "our_address": OUR_NUMBER}
    assert client.post(url("opt_out_new", world), form).status_code == 302
    opt_out = OptOut.objects.get()
    assert opt_out.their_address == THEIR_NUMBER
    assert "0199" in client.get(url("opt_out_list", world), {"q": "0199"}).content.decode()
    client.post(url("opt_out_end", world, opt_out.id))
    opt_out.refresh_from_db()
    assert opt_out.ended_at is not None
    actions = set(world.acme.audit_entries.values_list("action", flat=True))
    assert {"sms.opt_out.added", "sms.opt_out.ended"} <= actions


def test_a_wrong_number_is_no_opt_out(world: factories.Cast) -> None:
    page = as_member(world.alice).post(url("opt_out_new", world), {"their_address": "abc", "our_address": OUR_NUMBER})
    assert page.context["form"].errors["their_address"]
    assert not OptOut.objects.exists()


@pytest.mark.parametrize("name", ["conversation_list", "message_list", "opt_out_list"])
def test_empty_lists_say_the_next_step(cast: factories.Cast, name: str) -> None:
    page = as_member(cast.alice).get(url(name, cast)).content.decode()
    assert "empty-title" in page
