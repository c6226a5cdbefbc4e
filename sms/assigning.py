"""Who of a group has a conversation in hand: given to available members in turn, taken over when nobody is there.

A caller holds the conversation's row, then at most one group's row is held: nobody waits in a ring.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Max, OuterRef, Q, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from rules.times.availability import available_members, is_available
from sms import conversations
from sms.models import Conversation, Direction, Message
from tenants import clock
from tenants.models import Group, GroupMember, Member
from tenants.models.members import Assignment
from tenants.roles import Permission, permissions_of

# A conversation keeps a member busy while it waits for an answer, and for a day after its last text.
BUSY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Given:
    """Who has a conversation now, by way of which groups, and why he; nobody when `member` is None."""

    member: Member | None
    groups: tuple[Group, ...]
    why: str

    def __str__(self) -> str:
        names = [str(group) for group in self.groups] + ([str(self.member)] if self.member else [])
        return " → ".join(names) + (f" ({self.why})" if self.why else "")


def is_shared_out(group: Group) -> bool:
    """Whether more is to be done with a text for a group than to show it to all members."""
    takes_over = group.fallback_member_id or group.fallback_group_id
    return bool(group.assignment or takes_over or group.escalate_minutes)


def may_answer(member: Member) -> bool:
    """Whether a member's role lets him answer at all: viewers read."""
    return Permission.MESSAGES_SEND in permissions_of(member.role)


def lock(conversation_id: uuid.UUID) -> Conversation | None:
    """Hold a conversation to the end of the transaction, and return it as it is now; None when it is gone."""
    rows = Conversation.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("tenant", "assigned_to__user").filter(pk=conversation_id).first()


def assign_text(message: Message, group: Group) -> str:
    """Give the conversation of a text that came for a group to somebody; returns in words to whom.

    Of several groups that one text goes to, the first has it; the others see it.
    """
    conversation = lock(message.conversation_id) if message.conversation_id else None
    if conversation is None:
        return str(group)
    if conversation.assigned_group_id and _was_given_before(message, group):
        return str(group)
    given = assign(conversation, group)
    _expect_answer(conversation, given.groups[-1], message)
    return str(given)


def _was_given_before(message: Message, group: Group) -> bool:
    others = message.deliveries.filter(state="delivered").exclude(group=None).exclude(group=group)
    return any(is_shared_out(delivery.group) for delivery in others.select_related("group") if delivery.group)


def _expect_answer(conversation: Conversation, group: Group, message: Message) -> None:
    """Note until when somebody must have answered; a text that already waits keeps its time."""
    if not group.escalate_minutes or conversation.answer_due_at is not None:
        return
    answers = conversations.answers_of(conversation).filter(occurred_at__gt=message.occurred_at)
    if not answers.exists():
        due = clock.now() + timedelta(minutes=group.escalate_minutes)
        Conversation.objects.filter(pk=conversation.pk).update(answer_due_at=due)


def assign(conversation: Conversation, group: Group) -> Given:
    """Give a locked conversation to somebody of a group, or of those who take over when nobody of it is there.

    Whoever has it already keeps it while he is available. With nobody at all it stands in the group's inbox.
    """
    given = _find(conversation, group, clock.now())
    conversations.add_to_inbox(conversation, group=given.groups[-1])
    note(conversation, given.member, given.groups[-1])
    return given


def foresee(conversation: Conversation, group: Group, at: datetime) -> Given:
    """Say who would get a conversation at an instant (aware), which need not be stored; writes and holds nothing."""
    return _find(conversation, group, at, dry=True)


def note(conversation: Conversation, member: Member | None, group: Group | None) -> None:
    """Write down who has a locked conversation, on behalf of which group."""
    if (conversation.assigned_to_id, conversation.assigned_group_id) == (member and member.pk, group and group.pk):
        return
    conversation.assigned_to, conversation.assigned_group = member, group
    conversation.assigned_at = clock.now() if member else None
    Conversation.objects.filter(pk=conversation.pk).update(
        assigned_to=member, assigned_group=group, assigned_at=conversation.assigned_at, version=F("version") + 1
    )


def _find(conversation: Conversation, first: Group, at: datetime, *, dry: bool = False) -> Given:
    """Go from a group to the one that takes over for it, each once."""
    way: list[Group] = []
    group: Group | None = first
    while group is not None and group not in way:
        way.append(group)
        if given := _in_group(conversation, group, at, dry=dry):
            member, why = given
            return Given(member, tuple(way), why)
        stand_in = group.fallback_member
        if stand_in is not None and may_answer(stand_in) and is_available(stand_in, at):
            return Given(stand_in, tuple(way), _("takes over, since nobody else is available"))
        group = group.fallback_group
    return Given(None, (first,), _("nobody is available"))


def _in_group(conversation: Conversation, group: Group, at: datetime, *, dry: bool) -> tuple[Member | None, str] | None:
    """Return who of one group has it, and why; None when nobody is there."""
    there = [member for member in available_members(group, at) if may_answer(member)]
    if _keeps(conversation, group, there, at):
        return conversation.assigned_to, _("has it already")
    if not there:
        return None
    if not group.assignment:
        return None, ""
    words, choose = _STRATEGIES[group.assignment]
    if not dry:
        _hold(group)
    places = list(group.group_members.filter(member__in=there).order_by(*_TURN))
    chosen = choose(conversation, places) or _in_turn(conversation, places)
    if not dry:
        _note_turn(chosen, at)
    return next(member for member in there if member.pk == chosen.member_id), _(words)


def _keeps(conversation: Conversation, group: Group, there: Sequence[Member], at: datetime) -> bool:
    """Whether whoever has the conversation goes on: one of the group, or one who has it on its behalf."""
    holder = conversation.assigned_to
    if holder is None:
        return False
    return holder in there or (conversation.assigned_group_id == group.pk and is_available(holder, at))


def _hold(group: Group) -> None:
    """Hold the group to the end of the transaction, so that two texts at once go to two members."""
    Group.objects.select_for_update(no_key=True).only("pk").get(pk=group.pk)


def _note_turn(chosen: GroupMember, at: datetime) -> None:
    """Note when a member was given one: never the same moment twice, since who had the last must be last."""
    places = GroupMember.objects.filter(group=chosen.group_id)
    last = places.aggregate(last=Max("last_given_at"))["last"] or at
    chosen.last_given_at = max(at, last + timedelta(microseconds=1))
    chosen.save(update_fields=["last_given_at"])


_TURN = (F("last_given_at").asc(nulls_first=True), "member__name", "member_id")

Choose = Callable[[Conversation, Sequence[GroupMember]], GroupMember | None]


def _in_turn(conversation: Conversation, places: Sequence[GroupMember]) -> GroupMember:
    return places[0]


def _longest_idle(conversation: Conversation, places: Sequence[GroupMember]) -> GroupMember:
    """Whoever was given one, or has answered anybody, the longest ago."""
    answers = Message.objects.filter(author=OuterRef("pk")).order_by("-occurred_at").values("occurred_at")[:1]
    members = Member.objects.filter(pk__in=[place.member_id for place in places]).annotate(answered=Subquery(answers))
    answered = {member.pk: member.answered for member in members}

    def busy_until(place: GroupMember) -> float:
        moments = (place.last_given_at, answered[place.member_id])
        return max((moment.timestamp() for moment in moments if moment), default=0.0)

    return min(places, key=busy_until)


def _least_busy(conversation: Conversation, places: Sequence[GroupMember]) -> GroupMember:
    """Whoever has the fewest conversations that wait for an answer or had a text within a day."""
    busy = Q(last_direction=Direction.IN) | Q(last_message_at__gt=clock.now() - BUSY)
    rows = Conversation.objects.filter(busy, assigned_to__in=[place.member_id for place in places])
    counted = rows.exclude(pk=conversation.pk).order_by().values_list("assigned_to").annotate(count=Count("pk"))
    open_now = dict(counted)
    return min(places, key=lambda place: open_now.get(place.member_id, 0))


def _last_handler(conversation: Conversation, places: Sequence[GroupMember]) -> GroupMember | None:
    """Whoever of the tenant wrote to this person last, if he is there."""
    texts = conversation.tenant.messages.filter(direction=Direction.OUT, their_address=conversation.their_address)
    last = texts.exclude(author=None).order_by("-occurred_at", "-id").values_list("author", flat=True).first()
    return next((place for place in places if place.member_id == last), None)


_STRATEGIES: Mapping[str, tuple[str, Choose]] = {
    Assignment.ROUND_ROBIN: (gettext_noop("one after the other"), _in_turn),
    Assignment.LONGEST_IDLE: (gettext_noop("waited longest"), _longest_idle),
    Assignment.LEAST_BUSY: (gettext_noop("has the fewest open conversations"), _least_busy),
    Assignment.LAST_HANDLER: (gettext_noop("answered this person last, or is next in turn"), _last_handler),
}
