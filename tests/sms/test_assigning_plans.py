"""How the engine in use finds what sharing texts asks for: by an index each, however many texts there are."""

from collections.abc import Callable
from typing import Any

import pytest

from sms import assigning, conversations, handing_over
from sms.models import Conversation, Message
from tenants import audit, clock
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.test_plans import no_whole_tables, plans_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]


@pytest.fixture
def talk(cast: factories.Cast) -> Conversation:
    """A conversation of the group Sales that Bob has answered and that waits for an answer."""
    group = factories.make_group(cast.acme, "Sales", cast.bob, cast.sam)
    row = factories.make_conversation(
        cast.acme, OUR_NUMBER, THEIR_NUMBER, assigned_to=cast.bob, assigned_group=group, answer_due_at=clock.now()
    )
    factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, conversation=row)
    Message.objects.update(direction="out", author=cast.bob)
    conversations.add_to_inbox(row, group=group)
    # The log is full of something else.
    for target in (group, row):
        audit.record(audit.PORTAL, "sms.conversation.assigned", target, tenant=cast.acme)
    return row


def places(talk: Conversation) -> list[Any]:
    assert talk.assigned_group is not None
    return list(talk.assigned_group.group_members.all())


@pytest.mark.parametrize(
    ("work", "index"),
    [
        (lambda talk: handing_over.escalate_due(), "conversation_answer_due"),
        (lambda talk: handing_over.history(talk), "audit_by_target"),
        (lambda talk: assigning._longest_idle(talk, places(talk)), "message_author"),
        (lambda talk: assigning._last_handler(talk, places(talk)), "message_their_address"),
        (lambda talk: assigning._least_busy(talk, places(talk)), "sms_conversation_assigned_to_id"),
    ],
)
def test_each_is_found_by_its_index(talk: Conversation, work: Callable[[Conversation], Any], index: str) -> None:
    with no_whole_tables():
        plans = plans_of(lambda: work(talk))
    assert any(index in plan for plan in plans), plans


def test_an_agents_inbox_is_read_from_what_he_sees_not_from_all_conversations(
    cast: factories.Cast, talk: Conversation
) -> None:
    with no_whole_tables():
        [plan] = plans_of(lambda: list(conversations.visible_to(cast.acme, cast.bob).order_by("-last_message_at")[:30]))
    assert "Seq Scan on sms_conversation" not in plan
    assert "SCAN sms_conversation" not in plan
