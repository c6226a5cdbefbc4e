"""Find out what became of texts: search Twilio's list for unknown ones, ask about those that it says nothing about.

A few texts are looked up one by one. Of many, the account's list is read page by page: one page tells of a thousand.
"""

import logging
import uuid
from collections import defaultdict
from collections.abc import Generator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from sms import reports, restored
from sms.composing import storing
from sms.lists import asking
from sms.models import Attempt, Configuration, Direction, Message, TwilioAccount
from sms.models.configurations import UnknownPolicy
from sms.queueing.outcomes import Outcome
from sms.status import FINAL, MessageState
from sms.twilio import history
from sms.twilio.history import Entry, SentText, TwilioUnreachable
from tenants import audit, clock, hints

log = logging.getLogger(__name__)

# More than so many pairs, or silent texts, of one account: its list is read instead.
_FEW = 10
_MOST_AT_ONCE = 5000
_PAGES = 20
_BUDGET_SECONDS = 15.0
# After so many texts, other accounts have their turn.
_CHUNK = 50
# Seconds after the POST, and after the acceptance; then hourly while the text could still go out, then never again.
SEARCH_LADDER = (20, 60, 300, 900, 3600)
ASK_LADDER = (600, 3600, 6 * 3600, 24 * 3600, 72 * 3600)
_HOUR = 3600
_SLACK = timedelta(seconds=120)
# Only a list read so long after the POST may speak against a text; how far Twilio's lists lag is not documented.
_GRACE_SECONDS = 900
# And only a second one, so long after the first.
_APART_SECONDS = 300
_TRY_AGAIN_SECONDS = 60

Search = Generator[asking.Question, Any, int]


def _scaled(seconds: float) -> timedelta:
    return timedelta(seconds=seconds * settings.TIME_SCALE)


def _pause() -> None:
    """Ask nothing: let others go on."""


# --- Unknown texts ---


def search_unknown() -> int:
    """Look for texts of unknown outcome in Twilio's list and bind those that are there; returns how many were bound."""
    return asking.together(map(_search, _accounts(_unknown())), seconds=_BUDGET_SECONDS)


def _unknown() -> QuerySet[Attempt]:
    return Attempt.objects.filter(
        message__state=MessageState.UNKNOWN,
        message__direction=Direction.OUT,
        message__due_at__lte=clock.now(),
        number=F("message__attempt_count"),
        provider_sid="",
        outcome=Outcome.AMBIGUOUS,
    )


def _accounts(rows: QuerySet[Any]) -> list[TwilioAccount]:
    ids = rows.order_by().values_list("configuration__account", flat=True).distinct()
    return list(TwilioAccount.objects.filter(pk__in=list(ids)).order_by("pk"))


def _search(account: TwilioAccount) -> Search:
    """Search one account's list for its unknown texts; oldest first, each listed text once."""
    due = _unknown().filter(configuration__account=account).select_related("message", "configuration__account")
    attempts = list(due.order_by("posting_at", "id")[:_MOST_AT_ONCE])
    pairs = _in_pairs(attempts)
    read = _read_pairs if len(pairs) <= _FEW else _read_window
    try:
        return (yield from read(account, pairs))
    except TwilioUnreachable as error:
        log.warning("sms.reconcile.unreachable account=%s status=%d error=%s", account.pk.hex, error.status, error)
        _postpone([attempt.message_id for attempt in attempts])
        return 0


_Pairs = dict[tuple[str, str], list[Attempt]]


def _in_pairs(attempts: Sequence[Attempt]) -> _Pairs:
    pairs: _Pairs = defaultdict(list)
    for attempt in attempts:
        pairs[attempt.message.their_address, attempt.sender].append(attempt)
    return pairs


def _read_pairs(account: TwilioAccount, pairs: _Pairs) -> Search:
    """Read one list for each pair of addresses."""
    found = 0
    left: list[Attempt] = []
    for (theirs, ours), attempts in pairs.items():
        listed = yield partial(history.sent_to, account, theirs, ours)
        free = _unbound(account.account_sid, listed)
        reached = min((text.created_at for text in listed), default=None) if len(listed) >= history.MOST else None
        for attempt in attempts:
            if _bind(attempt, free):
                found += 1
            elif reached is None or reached <= _posted(attempt) - _SLACK:
                left.append(attempt)
            else:
                _look_later(attempt)
    if any(_is_late(attempt) for attempt in left):
        newest = _newest((yield partial(history.page, account, size=history.MOST)).entries)
        _miss(account, left, newest)
    else:
        _miss(account, left, None)
    return found


def _read_window(account: TwilioAccount, pairs: _Pairs) -> Search:
    """Read the account's list back to its oldest unknown text."""
    attempts = sorted((one for some in pairs.values() for one in some), key=lambda one: (_posted(one), one.pk))
    start = _posted(attempts[0]) - _SLACK
    free, newest, reached = yield from _listed_since(account, start)
    found = 0
    missing: list[Attempt] = []
    beyond: list[Attempt] = []
    for number, attempt in enumerate(attempts, 1):
        if number % _CHUNK == 0:
            yield _pause
        mine = [text for text in free[attempt.message.their_address] if _sent_by(attempt, text)]
        texts = [text.as_sent for text in mine]
        bound = _bind(attempt, texts)
        if bound:
            free[attempt.message.their_address] = [
                text for text in free[attempt.message.their_address] if text.sid != bound
            ]
            found += 1
        elif reached <= _posted(attempt) - _SLACK:
            missing.append(attempt)
        else:
            beyond.append(attempt)
    _miss(account, missing, newest)
    # Older than what was read of a very long list: a few by their own lists, the others in a minute.
    _postpone([attempt.message_id for attempt in beyond[_FEW:]])
    return found + (yield from _read_pairs(account, _in_pairs(beyond[:_FEW])))


_Free = defaultdict[str, list[Entry]]


def _listed_since(
    account: TwilioAccount, start: datetime
) -> Generator[asking.Question, Any, tuple[_Free, datetime | None, datetime]]:
    """Return the list's unbound texts by recipient, oldest first, its newest date, and how far back it was read."""
    free: _Free = defaultdict(list)
    newest: datetime | None = None
    reached, url = clock.now(), ""
    for _number in range(_PAGES):
        page = yield partial(history.page, account, url=url)
        newest = newest or _newest(page.entries)
        sent = {entry.sid: entry for entry in page.entries if entry.direction == "outbound-api"}
        for text in _unbound(account.account_sid, [entry.as_sent for entry in sent.values()]):
            free[sent[text.sid].to_address].append(sent[text.sid])
        reached, url = min([reached, *(entry.created_at for entry in page.entries)]), page.next_url
        if not url or page.is_before(start):
            reached = min(reached, start)
            break
    for texts in free.values():
        texts.sort(key=lambda text: text.created_at)
    return free, newest, reached


def _newest(entries: Sequence[Entry]) -> datetime | None:
    return max((entry.created_at for entry in entries), default=None)


def _unbound(account_sid: str, listed: Sequence[SentText]) -> list[SentText]:
    """Leave out what is known already, to whichever tenant: several may send by one account."""
    sharing = Configuration.objects.filter(account__account_sid=account_sid).values("tenant")
    theirs = Attempt.objects.filter(tenant__in=sharing, account_sid=account_sid)
    bound = reports.with_sid(theirs, [text.sid for text in listed])
    known = set(bound.values_list("provider_sid", flat=True))
    return sorted((text for text in listed if text.sid not in known), key=lambda text: text.created_at)


def _posted(attempt: Attempt) -> datetime:
    return attempt.posting_at or attempt.created_at


def _sent_by(attempt: Attempt, text: Entry) -> bool:
    """Whether the sender fits; a service's texts have none until Twilio has chosen one."""
    if attempt.sender.startswith("MG"):
        return text.messaging_service_sid in ("", attempt.sender)
    return text.from_address == attempt.sender


def _bind(attempt: Attempt, free: list[SentText]) -> str:
    """Bind the first text that can be this attempt's, and take it out of the list; returns its SID."""
    found = next((text for text in free if _is_the_one(attempt, text)), None)
    if found is None:
        return ""
    free.remove(found)
    report = history.as_report(found)
    reports.apply_report(
        attempt.tenant_id, report, message_id=attempt.message_id, attempt_number=attempt.number, source="list"
    )
    return found.sid


def _is_the_one(attempt: Attempt, text: SentText) -> bool:
    message = attempt.message
    # A trial account puts words of its own before the text.
    same_body = text.body == message.body or text.body.endswith(f" {message.body}")
    return same_body and text.num_media == len(message.media) and text.created_at >= _posted(attempt) - _SLACK


# --- What the list does not have ---


def _is_late(attempt: Attempt) -> bool:
    return clock.now() - _posted(attempt) >= _scaled(_GRACE_SECONDS)


def _miss(account: TwilioAccount, attempts: Sequence[Attempt], newest: datetime | None) -> None:
    """Note what a list did not have. Twice, late, apart, and in a list that is not stale: then Twilio has it not."""
    now, known = clock.now(), _last_activity(account) if attempts else None
    first: list[Attempt] = []
    for attempt in attempts:
        fresh = known is None or (newest is not None and newest > min(_posted(attempt), known - _SLACK))
        if not _is_late(attempt) or not fresh:
            _look_later(attempt)
        elif attempt.missed_at is None:
            first.append(attempt)
        elif now - attempt.missed_at < _scaled(_APART_SECONDS):
            _look_later(attempt, attempt.missed_at + _scaled(_APART_SECONDS))
        else:
            _conclude(attempt)
    Attempt.objects.filter(pk__in=[attempt.pk for attempt in first]).update(missed_at=now)
    waiting = Message.objects.filter(pk__in=[one.message_id for one in first], state=MessageState.UNKNOWN)
    waiting.update(due_at=now + _scaled(_APART_SECONDS))


def _last_activity(account: TwilioAccount) -> datetime | None:
    """Return when the account's last text passed here: a list that is not stale shows it, or a newer one."""
    moments = account.configurations.values_list("last_in_at", "last_out_at")
    return max((moment for pair in moments for moment in pair if moment is not None), default=None)


def _look_later(attempt: Attempt, due: datetime | None = None, reason: str | None = None) -> None:
    """Look again at the next step of the ladder, hourly after that, until the text could no longer go out."""
    now, posted = clock.now(), _posted(attempt)
    due = due or _next(posted, now, SEARCH_LADDER) or now + _scaled(_HOUR)
    last = (attempt.message.expires_at or posted) + timedelta(hours=1)
    still = Message.objects.filter(pk=attempt.message_id, state=MessageState.UNKNOWN)
    still.update(due_at=due if due <= last else None, **({"state_reason": reason} if reason else {}))


def _conclude(attempt: Attempt) -> None:
    """Do what the configuration says about a text that Twilio certainly does not have.

    One of a restored database was waiting to be sent, or for somebody to release it, and goes on waiting.
    """
    anew = attempt.configuration.unknown_policy == UnknownPolicy.REQUEUE or attempt.lease_token == restored.LEASE
    if anew and _send_anew(attempt):
        return
    _look_later(attempt, reason=_("Not in Twilio's list of messages"))


@transaction.atomic
def _send_anew(attempt: Attempt) -> bool:
    """Queue a text again for a new attempt, while it may still be sent; nothing that came in between is overrun."""
    message = Message.objects.select_for_update(no_key=True).select_related(None).get(pk=attempt.message_id)
    now = clock.now()
    over = message.expires_at is not None and message.expires_at <= now
    if message.state != MessageState.UNKNOWN or message.attempt_count != attempt.number or over:
        return False
    note = "Twice not in Twilio's list: sent again"
    open_still = Attempt.objects.filter(pk=attempt.pk, provider_sid="", outcome=Outcome.AMBIGUOUS)
    if not open_still.update(outcome=Outcome.NOT_SENT, note=note):
        return False
    anew = {"state": MessageState.QUEUED, "state_reason": _("Not in Twilio's list: sent again"), "due_at": now}
    held = storing.hold_again(message) if attempt.lease_token == restored.LEASE else {}
    Message.objects.filter(pk=message.pk).update(**(anew | held))
    facts = {"attempts": message.attempt_count, "reason": "absent"}
    audit.record(audit.PORTAL, "sms.message.sent_again", message, facts, tenant=attempt.tenant)
    reports.touch([message.conversation_id])
    hints.hint("send")
    return True


def _next(since: datetime, now: datetime, ladder: Sequence[int]) -> datetime | None:
    """Return the next moment of a ladder that is still ahead."""
    moments = (since + _scaled(step) for step in ladder)
    return next((moment for moment in moments if moment > now), None)


def _postpone(messages: Sequence[uuid.UUID]) -> None:
    due = clock.now() + _scaled(_TRY_AGAIN_SECONDS)
    for start in range(0, len(messages), 500):
        Message.objects.filter(pk__in=messages[start : start + 500], due_at__isnull=False).update(due_at=due)


# --- Silent texts ---


def ask_silent() -> int:
    """Ask Twilio about accepted texts without a final status; returns how many were asked about."""
    return asking.together(map(_ask, _accounts(_silent())), seconds=_BUDGET_SECONDS)


def _silent() -> QuerySet[Message]:
    return Message.objects.filter(state=MessageState.ACCEPTED, direction=Direction.OUT, due_at__lte=clock.now())


def _ask(account: TwilioAccount) -> Search:
    """Ask about one account's silent texts; those due for longest first."""
    due = _silent().filter(configuration__account=account).defer("raw", "body", "decision")
    texts = list(due.order_by("due_at", "id")[:_MOST_AT_ONCE])
    read = _ask_each if len(texts) <= _FEW else _ask_list
    try:
        yield from read(account, texts)
    except TwilioUnreachable as error:
        log.warning("sms.reconcile.unreachable account=%s status=%d error=%s", account.pk.hex, error.status, error)
        _postpone([text.pk for text in texts])
    return len(texts)


def _ask_each(account: TwilioAccount, texts: Sequence[Message]) -> Search:
    for text in texts:
        said = (yield partial(history.find, account, text.provider_sid)) if text.provider_sid else None
        _asked(text, said)
    return len(texts)


def _ask_list(account: TwilioAccount, texts: Sequence[Message]) -> Search:
    """Read the days of these texts in the account's list: one page tells of a thousand."""
    waiting = {text.provider_sid: text for text in texts if text.provider_sid}
    moments, day = [text.occurred_at for text in texts], timedelta(days=1)
    since, until = (min(moments) - day).date(), (max(moments) + day).date()
    url, is_over = "", False
    for _number in range(_PAGES):
        page = yield partial(history.page, account, url=url, since=since, until=until)
        found = [(waiting.pop(entry.sid), entry) for entry in page.entries if entry.sid in waiting]
        for number, (text, entry) in enumerate(found, 1):
            if number % _CHUNK == 0:
                yield _pause
            _asked(text, entry.as_sent)
        url, is_over = page.next_url, not page.next_url
        if is_over or not waiting:
            break
    # What has no date of sending yet is in no day's list; and a long list may end before the oldest.
    left = sorted(waiting.values(), key=lambda text: (text.due_at or text.occurred_at, text.pk))
    yield from _ask_each(account, left[:_FEW])
    for text in left[_FEW:] if is_over else []:
        _asked(text, None)
    for text in (text for text in texts if not text.provider_sid):
        _asked(text, None)
    return len(texts)


def _asked(message: Message, said: SentText | None) -> None:
    """Note the next step of the ladder, unless a report has ended it meanwhile; then apply what was said."""
    is_over = message.provider_status in FINAL
    due = None if is_over else _next(message.occurred_at, clock.now(), ASK_LADDER)
    Message.objects.filter(pk=message.pk, due_at=message.due_at).update(due_at=due)
    if said is not None and said.status != message.provider_status:
        reports.apply_report(message.tenant_id, history.as_report(said), source="fetch")
