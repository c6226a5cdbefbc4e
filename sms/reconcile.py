"""Find out what became of texts: search Twilio's list for unknown ones, ask about those that it says nothing about."""

import logging
import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext as _

from sms import reports
from sms.models import Attempt, Configuration, Direction, Message
from sms.outcomes import Outcome
from sms.status import MessageState
from sms.twilio import history
from sms.twilio.history import SentText, TwilioUnreachable
from sms.webhooks.payloads import StatusReport
from tenants import clock

log = logging.getLogger(__name__)

_BATCH = 20
# Seconds after the POST, and after the acceptance; then hourly while the text could still go out, then never again.
SEARCH_LADDER = (20, 60, 300, 900, 3600)
ASK_LADDER = (600, 3600, 6 * 3600, 24 * 3600, 72 * 3600)
_HOUR = 3600
_SLACK = timedelta(seconds=120)
# Only a list read so long after the POST may speak against a text; how far Twilio's lists lag is not documented.
_GRACE_SECONDS = 900
_TRY_AGAIN_SECONDS = 60


def search_unknown() -> int:
    """Look for texts of unknown outcome in Twilio's list and bind those that are there; returns how many were bound."""
    due = Attempt.objects.filter(
        message__state=MessageState.UNKNOWN,
        message__direction=Direction.OUT,
        message__due_at__lte=clock.now(),
        number=F("message__attempt_count"),
        provider_sid="",
        outcome=Outcome.AMBIGUOUS,
    )
    groups: defaultdict[tuple[uuid.UUID, str, str], list[Attempt]] = defaultdict(list)
    for attempt in due.select_related("message", "configuration__account").order_by("posting_at", "id")[:_BATCH]:
        groups[attempt.configuration_id, attempt.sender, attempt.message.their_address].append(attempt)
    return sum(_search(attempts) for attempts in groups.values())


def _search(attempts: Sequence[Attempt]) -> int:
    """Read one list for all unknown texts of a pair; oldest first, each listed text once."""
    first = attempts[0]
    try:
        listed = history.sent_to(first.configuration.account, first.message.their_address, first.sender)
    except TwilioUnreachable as error:
        log.warning("sms.reconcile.unreachable configuration=%s error=%s", first.configuration_id.hex, error)
        _postpone([attempt.message for attempt in attempts])
        return 0
    free = _unbound(first.account_sid, listed)
    return sum(_bind_or_wait(attempt, free) for attempt in attempts)


def _unbound(account_sid: str, listed: Sequence[SentText]) -> list[SentText]:
    """Leave out what is known already, to whichever tenant: several may send by one account."""
    sharing = Configuration.objects.filter(account__account_sid=account_sid).values("tenant")
    theirs = Attempt.objects.filter(tenant__in=sharing, account_sid=account_sid)
    bound = reports.with_sid(theirs, [text.sid for text in listed])
    known = set(bound.values_list("provider_sid", flat=True))
    return sorted((text for text in listed if text.sid not in known), key=lambda text: text.created_at)


def _bind_or_wait(attempt: Attempt, free: list[SentText]) -> int:
    found = next((text for text in free if _is_the_one(attempt, text)), None)
    if found is None:
        _wait(attempt)
        return 0
    free.remove(found)
    reports.apply_report(
        attempt.tenant_id,
        _report(found),
        message_id=attempt.message_id,
        attempt_number=attempt.number,
        source="list",
    )
    return 1


def _is_the_one(attempt: Attempt, text: SentText) -> bool:
    message, posted = attempt.message, attempt.posting_at or attempt.created_at
    # A trial account puts words of its own before the text.
    same_body = text.body == message.body or text.body.endswith(f" {message.body}")
    return same_body and text.num_media == len(message.media) and text.created_at >= posted - _SLACK


def _wait(attempt: Attempt) -> None:
    """Look again later. After the grace period, say that Twilio does not list the text; a person decides."""
    message, now = attempt.message, clock.now()
    posted = attempt.posting_at or attempt.created_at
    reason = message.state_reason
    if (now - posted).total_seconds() >= _GRACE_SECONDS * settings.TIME_SCALE:
        reason = _("Not in Twilio's list of messages")
    last = (message.expires_at or posted) + timedelta(hours=1)
    due = _next(posted, now, SEARCH_LADDER) or now + timedelta(seconds=_HOUR * settings.TIME_SCALE)
    still = Message.objects.filter(pk=message.pk, state=MessageState.UNKNOWN)
    still.update(due_at=due if due <= last else None, state_reason=reason)


def _next(since: datetime, now: datetime, ladder: Sequence[int]) -> datetime | None:
    """Return the next moment of a ladder that is still ahead."""
    moments = (since + timedelta(seconds=step * settings.TIME_SCALE) for step in ladder)
    return next((moment for moment in moments if moment > now), None)


def _postpone(messages: Sequence[Message]) -> None:
    due = clock.in_seconds(_TRY_AGAIN_SECONDS * settings.TIME_SCALE)
    Message.objects.filter(pk__in=[message.pk for message in messages]).update(due_at=due)


def ask_silent() -> int:
    """Ask Twilio about accepted texts without a final status; returns how many were asked about."""
    waiting = Message.objects.filter(state=MessageState.ACCEPTED, direction=Direction.OUT, due_at__lte=clock.now())
    found = list(waiting.select_related("configuration__account").defer("raw").order_by("due_at", "id")[:_BATCH])
    for message in found:
        _ask(message)
    return len(found)


def _ask(message: Message) -> None:
    now = clock.now()
    account = message.configuration.account if message.configuration else None
    due = _next(message.occurred_at, now, ASK_LADDER)
    Message.objects.filter(pk=message.pk).update(due_at=due)
    if account is None or not message.provider_sid:
        return
    try:
        text = history.find(account, message.provider_sid)
    except TwilioUnreachable as error:
        log.warning("sms.reconcile.unreachable message=%s error=%s", message.id.hex, error)
        _postpone([message])
        return
    if text is not None:
        reports.apply_report(message.tenant_id, _report(text), source="fetch")


def _report(text: SentText) -> StatusReport:
    return StatusReport(
        message_sid=text.sid,
        account_sid=text.account_sid,
        status=text.status,
        error_code=text.error_code,
        error_message="",
        from_address="",
        to_address="",
        messaging_service_sid="",
        carrier_done_at="",
        parameters=(),
    )
