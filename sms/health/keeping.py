"""Keep what a look at a configuration showed: how each aspect is now, and each change, for the history and for mails.

A change for the worse is mailed at once when one look is proof enough, else when the next look shows the same. What
nobody could look at in between does not make old news new.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from sms.health import reasons
from sms.health.aspects import Verdict
from sms.models import Configuration, HealthChange, HealthReading
from tenants import clock

_CHUNK = 500
_HISTORY_FOR = timedelta(days=400)
_PRUNED_AT_ONCE = 5000
# Not known only because the credentials do not hold, which has a line of its own.
_FOLLOWS = "needs_credentials"
_UNREAD = (_FOLLOWS, "not_read", "not_allowed")
_CONFIRMED_WITHIN = timedelta(days=1)
Place = tuple[str, str]


@transaction.atomic
def keep(configuration: Configuration, verdicts: Sequence[Verdict]) -> list[HealthChange]:
    """Store the verdicts of one look; returns what changed."""
    now = clock.now()
    kept = {(row.aspect, row.address): row for row in HealthReading.objects.filter(configuration=configuration)}
    _confirm(configuration, kept, verdicts, now)
    changes = [
        _change(configuration, verdict, row, now)
        for verdict in verdicts
        if (row := kept.get((verdict.aspect, verdict.address))) is None or _differs(row, verdict)
        if _is_worth_a_line(verdict, row)
    ]
    HealthChange.objects.bulk_create(_judged(configuration, changes), batch_size=_CHUNK)
    _write(configuration, verdicts, kept, now)
    _drop(kept.values(), verdicts)
    return changes


def _differs(row: HealthReading, verdict: Verdict) -> bool:
    return row.tone != verdict.tone or row.reason != verdict.reason


def _is_worth_a_line(verdict: Verdict, row: HealthReading | None) -> bool:
    """Whether the history names it: not what was well from the first, and nothing that stands beside it anyway."""
    is_sum = verdict.aspect in reasons.BY_NUMBER and not verdict.address
    if is_sum and ("count" in verdict.facts or verdict.reason in _UNREAD):
        return False
    if verdict.reason == _FOLLOWS or (row is not None and row.reason == _FOLLOWS and not reasons.RANK[verdict.tone]):
        return False
    return row is not None or reasons.RANK[verdict.tone] > 0


def _change(configuration: Configuration, verdict: Verdict, row: HealthReading | None, now: datetime) -> HealthChange:
    worse = row is not None and reasons.RANK[verdict.tone] > reasons.RANK[row.tone]
    return HealthChange(
        tenant_id=configuration.tenant_id,
        configuration=configuration,
        address=verdict.address,
        aspect=verdict.aspect,
        before=row.tone if row else "",
        after=verdict.tone,
        reason=verdict.reason,
        facts=dict(verdict.facts),
        is_worse=worse,
        mail_due_at=now if worse and _may_mail(configuration) and reasons.of(verdict.reason).certain else None,
        created_at=now,
    )


def _judged(configuration: Configuration, changes: list[HealthChange]) -> list[HealthChange]:
    """Take back "worse" where it was as bad before nobody could look."""
    for change in changes:
        if change.is_worse and change.before == reasons.UNKNOWN:
            known = _last_known(configuration, change)
            if known and reasons.RANK[known] >= reasons.RANK[change.after]:
                change.is_worse, change.mail_due_at = False, None
    return changes


def _last_known(configuration: Configuration, change: HealthChange) -> str:
    """Return how it was before it was not known."""
    place = {"aspect": change.aspect, "address": change.address}
    rows = HealthChange.objects.filter(tenant_id=configuration.tenant_id, configuration=configuration, **place)
    last = rows.order_by("-created_at", "-id").first()
    if last is None:
        return ""
    return last.before if last.after == reasons.UNKNOWN else last.after


def _may_mail(configuration: Configuration) -> bool:
    """Whether anybody wants to know: one that was switched off may be as ill as it likes."""
    return configuration.enabled


def _confirm(
    configuration: Configuration, kept: dict[Place, HealthReading], verdicts: Sequence[Verdict], now: datetime
) -> None:
    """Have those changes mailed that a second look shows again."""
    waiting = HealthChange.objects.filter(
        tenant_id=configuration.tenant_id,
        configuration=configuration,
        created_at__gte=now - _CONFIRMED_WITHIN,
        is_worse=True,
        mail_due_at=None,
        mailed_at=None,
        mail_tries=0,
    )
    shown = {(verdict.aspect, verdict.address): verdict for verdict in verdicts}
    again = [change.pk for change in waiting if _is_shown_again(change, kept, shown)]
    if again and _may_mail(configuration):
        for start in range(0, len(again), _CHUNK):
            HealthChange.objects.filter(pk__in=again[start : start + _CHUNK]).update(mail_due_at=now)


def _is_shown_again(change: HealthChange, kept: dict[Place, HealthReading], shown: dict[Place, Verdict]) -> bool:
    row, verdict = kept.get((change.aspect, change.address)), shown.get((change.aspect, change.address))
    if row is None or verdict is None:
        return False
    lasted = row.tone == change.after and row.since <= change.created_at
    return lasted and reasons.RANK[verdict.tone] >= reasons.RANK[change.after]


def _write(
    configuration: Configuration, verdicts: Sequence[Verdict], kept: dict[Place, HealthReading], now: datetime
) -> None:
    new, changed, same = [], [], []
    for verdict in verdicts:
        row = kept.get((verdict.aspect, verdict.address))
        if row is None:
            new.append(_reading(configuration, verdict, now))
        elif _differs(row, verdict) or row.facts != dict(verdict.facts):
            row.since = now if row.tone != verdict.tone else row.since
            row.tone, row.reason, row.facts, row.checked_at = verdict.tone, verdict.reason, dict(verdict.facts), now
            changed.append(row)
        else:
            same.append(row.pk)
    HealthReading.objects.bulk_create(new, batch_size=_CHUNK)
    HealthReading.objects.bulk_update(
        changed, ["tone", "reason", "facts", "since", "checked_at"], batch_size=_CHUNK // 5
    )
    for start in range(0, len(same), _CHUNK):
        HealthReading.objects.filter(pk__in=same[start : start + _CHUNK]).update(checked_at=now)


def _reading(configuration: Configuration, verdict: Verdict, now: datetime) -> HealthReading:
    return HealthReading(
        tenant_id=configuration.tenant_id,
        configuration=configuration,
        aspect=verdict.aspect,
        address=verdict.address,
        tone=verdict.tone,
        reason=verdict.reason,
        facts=dict(verdict.facts),
        checked_at=now,
        since=now,
    )


def _drop(rows: Iterable[HealthReading], verdicts: Sequence[Verdict]) -> None:
    """Forget what is looked at no longer, such as numbers that left the pool; not what could not be looked at."""
    shown = {(verdict.aspect, verdict.address) for verdict in verdicts}
    unread = {verdict.aspect for verdict in verdicts if verdict.reason in _UNREAD}
    gone: list[Any] = [row.pk for row in rows if (row.aspect, row.address) not in shown and row.aspect not in unread]
    for start in range(0, len(gone), _CHUNK):
        HealthReading.objects.filter(pk__in=gone[start : start + _CHUNK]).delete()


def prune() -> int:
    """Drop the history of long ago, a part each time; returns how many lines went."""
    old = HealthChange.objects.filter(created_at__lt=clock.now() - _HISTORY_FOR).order_by("created_at")
    gone = list(old.values_list("pk", flat=True)[:_PRUNED_AT_ONCE])
    for start in range(0, len(gone), _CHUNK):
        HealthChange.objects.filter(pk__in=gone[start : start + _CHUNK]).delete()
    return len(gone)
