"""Conversations: find or make one, note what passes, say who sees it and who has read it."""

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypedDict

from django.db.models import F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest

from sms import claims
from sms.models import Conversation, ConversationRead, Direction, InboxThread, Message
from sms.models.messages import AUTOMATIC
from tenants.models import Group, Member, Tenant
from tenants.roles import Permission, Role, permissions_of

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

_PREVIEW = 160
_COUNTED = 500


class Unread(TypedDict):
    """How many inbound texts of a conversation the viewer has not seen."""

    unread: int


def find_or_make(tenant: Tenant, ours: str, theirs: str) -> Conversation:
    """Return the conversation between two addresses, making it at the first text."""
    return get_or_make(tenant, ours, theirs)[0]


def get_or_make(tenant: Tenant, ours: str, theirs: str) -> tuple[Conversation, bool]:
    """Return the conversation between two addresses, and whether it was made now."""
    return Conversation.objects.get_or_create(tenant=tenant, our_address=ours, their_address=theirs)


def hold_on(conversation: Conversation) -> str:
    """Say in a rule's word whether somebody has a conversation in hand: "assigned" or "open"."""
    return "assigned" if conversation.assigned_to_id else "open"


def answers_of(conversation: Conversation) -> QuerySet[Message]:
    """Return the texts by which a person or a program, and no machine of ours, has answered."""
    return conversation.messages.filter(direction=Direction.OUT).exclude(source__in=AUTOMATIC)


def lock_between(pairs: Iterable[claims.Pair]) -> None:
    """Hold the conversations between pairs of addresses, in the order of their ids, as everybody who takes several."""
    wanted = set(pairs)
    rows = Conversation.objects.filter(
        tenant__in={tenant for tenant, _ours, _theirs in wanted},
        our_address__in={ours for _tenant, ours, _theirs in wanted},
        their_address__in={theirs for _tenant, _ours, theirs in wanted},
    )
    found = rows.values_list("pk", "tenant", "our_address", "their_address") if wanted else ()
    held = [pk for pk, *pair in found if tuple(pair) in wanted]
    list(Conversation.objects.select_for_update(no_key=True).filter(pk__in=held).order_by("pk").values_list("pk"))


def note_inbound(conversation: Conversation, message: Message) -> None:
    """Count an arrived text as unread and show it on top of the list."""
    _note(conversation, message, inbound_count=F("inbound_count") + 1)


def note_outbound(conversation: Conversation, message: Message) -> None:
    """Show a text that was written on top of the list; unless a machine of ours wrote it, it is an answer."""
    _note(conversation, message, **({} if message.source in AUTOMATIC else {"answer_due_at": None}))


def _note(conversation: Conversation, message: Message, **counts: object) -> None:
    preview = message.body or ("📎" if message.media else "")
    Conversation.objects.filter(pk=conversation.pk).update(
        preview=preview[:_PREVIEW],
        last_direction=message.direction,
        last_message_at=Greatest(F("last_message_at"), message.occurred_at),
        version=F("version") + 1,
        **counts,
    )


def bump(conversation_id: uuid.UUID) -> None:
    """Tell live pages that something in a conversation has changed."""
    Conversation.objects.filter(pk=conversation_id).update(version=F("version") + 1)


def add_to_inbox(conversation: Conversation, *, member: Member | None = None, group: Group | None = None) -> None:
    """Put a conversation into the inbox of a member or a group, once."""
    InboxThread.objects.get_or_create(
        tenant_id=conversation.tenant_id, conversation=conversation, member=member, group=group
    )


def in_inbox(rows: QuerySet[Conversation], member: Member | None, inbox: str) -> QuerySet[Conversation]:
    """Narrow conversations to one inbox: `mine`, or that of the group with this id; anything else narrows nothing."""
    if inbox == "mine":
        return rows.filter(pk__in=_or_given_to(member, InboxThread.objects.filter(member=member))) if member else rows
    try:
        group = uuid.UUID(hex=inbox)
    except ValueError:
        return rows
    return rows.filter(pk__in=InboxThread.objects.filter(group=group).values("conversation"))


def groups_seen_by(tenant: Tenant, member: Member | None) -> list[Group]:
    """Return the groups whose inboxes a member may read: all for those who see everything, else the own ones."""
    sees_all = member is None or _sees_all(member)
    return list(tenant.groups.all()[:100] if sees_all else tenant.groups.filter(members=member)[:100])


def _sees_all(member: Member) -> bool:
    return member.role == Role.ADMIN or Permission.CONVERSATIONS_VIEW_ALL in permissions_of(member.role)


def visible_to(tenant: Tenant, member: Member | None) -> QuerySet[Conversation]:
    """Return the conversations a member may read; None is a system administrator who manages the tenant.

    Administrators and viewers see all; supervisors and agents their own, their groups' and those given to them.
    """
    everything = tenant.conversations.all()
    if member is None or _sees_all(member):
        return everything
    own = InboxThread.objects.filter(tenant=tenant).filter(Q(member=member) | Q(group__members=member))
    return everything.filter(pk__in=_or_given_to(member, own))


def _or_given_to(member: Member, threads: QuerySet[InboxThread]) -> QuerySet[Any, Any]:
    """Return the conversations that stand in inboxes, and those that a member has in hand."""
    given = Conversation.objects.filter(assigned_to=member).order_by().values("pk")
    return threads.order_by().values("conversation").union(given, all=True)


def had_by(rows: QuerySet[Conversation], member: Member | None, who: str) -> QuerySet[Conversation]:
    """Narrow conversations to those that the member has in hand, `me`, or nobody, `none`; else to nothing."""
    if who == "me" and member is not None:
        return rows.filter(assigned_to=member)
    return rows.filter(assigned_to=None) if who == "none" else rows


def with_unread(
    conversations: QuerySet[Conversation], member: Member | None
) -> "QuerySet[WithAnnotations[Conversation, Unread]]":
    """Annotate each conversation with `unread`: inbound texts the member has not seen."""
    if member is None:
        return conversations.annotate(unread=Value(0, output_field=IntegerField()))
    seen = ConversationRead.objects.filter(conversation=OuterRef("pk"), member=member).values("seen_count")[:1]
    return conversations.annotate(unread=F("inbound_count") - Coalesce(Subquery(seen), 0))


def mark_read(conversation: Conversation, member: Member) -> None:
    """Remember that a member has seen every text that has arrived so far."""
    ConversationRead.objects.update_or_create(
        conversation=conversation,
        member=member,
        defaults={"seen_count": conversation.inbound_count},
        create_defaults={"tenant_id": conversation.tenant_id, "seen_count": conversation.inbound_count},
    )


def rename(conversation: Conversation, name: str) -> None:
    """Set the name shown for the other end; empty shows the number again."""
    Conversation.objects.filter(pk=conversation.pk).update(contact_name=name.strip()[:120], version=F("version") + 1)


def unread_count(tenant: Tenant, member: Member) -> int:
    """Return how many of the conversations that moved last hold something a member has not seen, up to 100.

    Those with something new are on top of the list: further down nothing is looked at, or a member who has read all
    would have his whole inbox read again and again.
    """
    newest = visible_to(tenant, member).order_by("-last_message_at", "-id").values("pk")[:_COUNTED]
    rows = Conversation.objects.filter(pk__in=newest)
    return with_unread(rows, member).filter(unread__gt=0)[:100].count()
