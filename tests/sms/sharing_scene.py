"""A group that shares its texts: the scene of the tests about who has a conversation."""

from datetime import UTC, datetime
from typing import Any

from sms import conversations, delivering, inbound
from sms.models import Conversation, Message
from tenants import clock
from tenants.models import Group, Member
from tests import factories
from tests.factories import OUR_NUMBER
from tests.sms.test_inbound import rules

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def theirs(number: int) -> str:
    return f"+1202556{number:04d}"


def sales(cast: factories.Cast, assignment: str = "round_robin", **fields: Any) -> Group:
    """Make the group Sales of Alice, Bob and Sam, and let all texts go there."""
    group = factories.make_group(cast.acme, "Sales", cast.alice, cast.bob, cast.sam)
    Group.objects.filter(pk=group.pk).update(assignment=assignment, **fields)
    rules(cast.acme, {"targets": [to(group)]})
    return Group.objects.get(pk=group.pk)


def to(group: Group) -> dict[str, Any]:
    return {"kind": "group", "id": group.id.hex, "label": group.name}


def arrive(cast: factories.Cast, number: int = 1) -> Message:
    """Let a text come in, be processed and delivered."""
    message = factories.make_inbound(
        cast.configuration, ours=OUR_NUMBER, theirs=theirs(number), occurred_at=clock.now()
    )
    inbound.work()
    delivering.work()
    message.refresh_from_db()
    return message


def holder(message: Message) -> Member | None:
    assert message.conversation_id is not None
    return Conversation.objects.get(pk=message.conversation_id).assigned_to


def answer(cast: factories.Cast, member: Member, message: Message, **fields: Any) -> Message:
    """Write a text of a member's into a conversation, as sending does."""
    assert message.conversation is not None
    text = Message.objects.create(
        tenant=cast.acme,
        direction="out",
        configuration=cast.configuration,
        our_address=OUR_NUMBER,
        their_address=message.their_address,
        body="Yes",
        state="accepted",
        author=member,
        conversation=message.conversation,
        occurred_at=clock.now(),
        **{"source": "page"} | fields,
    )
    conversations.note_outbound(message.conversation, text)
    return text


def away(*members: Member) -> None:
    Member.objects.filter(pk__in=[member.pk for member in members]).update(available=False)
