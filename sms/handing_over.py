"""A conversation goes from one to another: taken, given or released by a person, or escalated when nobody answers."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sms import assigning
from sms.models import Conversation
from tenants import audit, clock, slices
from tenants.audit import Actor
from tenants.failpoints import failpoint
from tenants.models import AuditEntry, Group, Member, Tenant
from tenants.roles import Role

_AT_ONCE = 100
_MOST_OFFERED = 500
# They may give to anybody of the tenant; agents to the members of their own groups.
_GIVES_TO_ALL = frozenset({Role.ADMIN.value, Role.SUPERVISOR.value})


@dataclass(frozen=True, slots=True)
class Takers:
    """To whom a person may give a conversation."""

    members: list[Member]
    groups: list[Group]


def takers(tenant: Tenant, giver: Member | None) -> Takers:
    """Return to whom somebody may give conversations; None is a system administrator who manages the tenant."""
    groups, members = tenant.groups.all(), tenant.members.filter(enabled=True, user__is_active=True)
    if giver is not None and giver.role not in _GIVES_TO_ALL:
        groups = groups.filter(members=giver)
        members = members.filter(groups__in=groups.values("pk")).distinct()
    found = members.select_related("user")[:_MOST_OFFERED]
    return Takers([member for member in found if assigning.may_answer(member)], list(groups[:_MOST_OFFERED]))


@transaction.atomic
def give_to_member(actor: Actor, conversation: Conversation, member: Member) -> None:
    """Give a conversation to a member, on behalf of the group that it was given by."""
    if (row := assigning.lock(conversation.pk)) is not None:
        _move(actor, row, "sms.conversation.assigned", member, row.assigned_group)


@transaction.atomic
def give_to_group(actor: Actor, conversation: Conversation, group: Group) -> str:
    """Give a conversation to a group, which gives it on by its own way of sharing; returns in words to whom."""
    row = assigning.lock(conversation.pk)
    if row is None:
        return str(group)
    before = _holder(row)
    assigning.note(row, None, group)
    given = str(assigning.assign(row, group))
    audit.record(actor, "sms.conversation.assigned", row, {"assigned": [before, given]}, tenant=row.tenant)
    return given


@transaction.atomic
def release(actor: Actor, conversation: Conversation) -> None:
    """Take a conversation from whoever has it; it stays in the inboxes in which it stands."""
    row = assigning.lock(conversation.pk)
    if row is not None and row.assigned_to is not None:
        _move(actor, row, "sms.conversation.released", None, row.assigned_group)


def _move(actor: Actor, row: Conversation, action: str, member: Member | None, group: Group | None) -> None:
    before = _holder(row)
    assigning.note(row, member, group)
    if _holder(row) != before:
        audit.record(actor, action, row, {"assigned": [before, _holder(row)]}, tenant=row.tenant)


def _holder(row: Conversation) -> str:
    return str(row.assigned_to or "")


def escalate_due() -> int:
    """Give on the conversations that nobody has answered in time; returns how many."""
    return slices.each(_escalate_some)


def _escalate_some() -> int:
    """Take them one by one, each in a transaction of its own: never are two groups held at once."""
    late = Conversation.objects.filter(answer_due_at__lte=clock.now()).order_by("answer_due_at", "pk")
    return sum(map(_escalate, late.values_list("pk", flat=True)[:_AT_ONCE]))


@transaction.atomic
def _escalate(conversation_id: uuid.UUID) -> bool:
    """Give one to whom its group names; once, for its time is cleared in the same transaction."""
    row = assigning.lock(conversation_id)
    if row is None or row.answer_due_at is None or row.answer_due_at > clock.now():
        return False
    Conversation.objects.filter(pk=row.pk).update(answer_due_at=None, version=F("version") + 1)
    before, group = _holder(row), row.assigned_group
    given = _to_the_next(row, group) if group else _("nobody: the group is gone")
    changes = {"assigned": [before, given], "minutes": group.escalate_minutes if group else None}
    audit.record(audit.PORTAL, "sms.conversation.escalated", row, changes, tenant=row.tenant)
    failpoint("escalate.before_commit")
    return True


def _to_the_next(row: Conversation, group: Group) -> str:
    member, other = group.escalate_member, group.escalate_group
    if member is not None and member.enabled and assigning.may_answer(member):
        assigning.note(row, member, group)
        return str(member)
    if other is not None:
        assigning.note(row, None, other)
        return str(assigning.assign(row, other))
    return _("nobody: the group names nobody")


@dataclass(frozen=True, slots=True)
class Step:
    """One change of who has a conversation."""

    at: datetime
    words: str


def history(conversation: Conversation) -> list[Step]:
    """Return how a conversation went from one to another, the newest first."""
    entries = conversation.tenant.audit_entries.filter(target_id=conversation.pk.hex, action__in=_WORDS)
    return [Step(entry.occurred_at, _in_words(entry)) for entry in entries[:_SHOWN]]


def _in_words(entry: AuditEntry) -> str:
    before, after = entry.changes.get("assigned", ("", ""))
    minutes = entry.changes.get("minutes")
    return _(_WORDS[entry.action]) % {"who": entry.actor_label, "before": before, "to": after, "minutes": minutes}


_SHOWN = 5
_WORDS = {
    "sms.conversation.assigned": gettext_noop("%(who)s gave it to %(to)s"),
    "sms.conversation.released": gettext_noop("%(who)s released it from %(before)s"),
    "sms.conversation.escalated": gettext_noop("No answer within %(minutes)s minutes: given on to %(to)s"),
}
