"""Let texts go that a rule holds until the office opens: once each, when their time has come."""

from django.db import transaction
from django.db.models import Exists, OuterRef

from sms import inbound, reports
from sms.composing import storing
from sms.models import Direction, Message, OptOut
from sms.status import MessageState
from tenants import clock, hints, slices

_BATCH = 500


def let_go() -> int:
    """Queue the texts whose opening has come; returns how many were looked at.

    The rules are not asked again. Texts of a tenant or a configuration that is switched off stay until it is on again,
    or until their time is over; those to somebody who has opted out meanwhile are closed, and those from a number that
    is gone are blocked.
    """
    return slices.each(_let_some_go)


@transaction.atomic
def _let_some_go() -> int:
    # Written as the index `message_opening` has it.
    due = Message.objects.filter(direction=Direction.OUT, state=MessageState.HELD, due_at__lte=clock.now())
    rows = due.filter(**inbound.OPEN_TENANT, **inbound.OPEN_CONFIGURATION).order_by("due_at", "id")
    rows = rows.select_for_update(no_key=True, skip_locked=True, of=("self",))
    opted_out = OptOut.objects.filter(
        tenant=OuterRef("tenant"),
        our_address=OuterRef("our_address"),
        their_address=OuterRef("their_address"),
        ended_at=None,
    )
    columns = ("pk", "conversation_id", "stopped", "number__released_at")
    found = list(rows.annotate(stopped=Exists(opted_out)).values_list(*columns)[:_BATCH])
    closed = {pk for pk, _conversation, stopped, _gone in found if stopped}
    blocked = {pk for pk, _conversation, _stopped, gone in found if gone} - closed
    held = Message.objects.filter(state=MessageState.HELD)
    held.filter(pk__in=closed).update(state=MessageState.SUPPRESSED, state_reason="", due_at=None)
    held.filter(pk__in=blocked).update(state=MessageState.BLOCKED, state_reason=storing.NUMBER_GONE, due_at=None)
    going = {row[0] for row in found} - closed - blocked
    if held.filter(pk__in=going).update(state=MessageState.QUEUED, state_reason=""):
        hints.hint("send")
    reports.touch(row[1] for row in found)
    return len(found)
