"""Twilio asks an account to slow down (429): fewer of its texts in flight at once, and more again when it is content.

The limit stands on the account, so that every worker keeps to it; accounts without one are never counted.
"""

import logging
import random
import uuid
from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from sms import pacing
from sms.models import TwilioAccount
from sms.queueing import waiting
from tenants import clock

log = logging.getLogger(__name__)

_dice = random.SystemRandom()


@transaction.atomic
def slow_down(account_id: uuid.UUID, asked: float | None = None) -> bool:
    """Halve what an account may have in flight and let it pause; once for all answers of one moment."""
    now = clock.now()
    rows = TwilioAccount.objects.select_for_update(no_key=True).filter(pk=account_id)
    account = rows.only("concurrency", "slow_step", "slow_until").first()
    if account is None:
        return False
    if account.slow_until is not None and account.slow_until > now:
        # Answers to what was posted before the pause began; only a longer wait is news.
        longer = now + timedelta(seconds=pacing.slow_pause(1, asked, 0.5)) if asked else account.slow_until
        rows.filter(slow_until__lt=longer).update(slow_until=longer)
        return False
    in_flight = waiting.flying([account_id]).get(account_id, 1)
    step = min(account.slow_step + 1, 20)
    limit = pacing.slowed(in_flight, account.concurrency)
    pause = pacing.slow_pause(step, asked, _dice.random())
    rows.update(concurrency=limit, slow_step=step, slow_until=now + timedelta(seconds=pause))
    log.warning("sms.account.slowed account=%s limit=%d pause=%.1f", account_id.hex, limit, pause)
    return True


@transaction.atomic
def speed_up(account_id: uuid.UUID) -> bool:
    """Give an account whose texts are taken again a step more, a few seconds after the last change."""
    now = clock.now()
    due = Q(slow_until=None) | Q(slow_until__lte=now - timedelta(seconds=pacing.RECOVERY_SECONDS))
    rows = TwilioAccount.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=account_id)
    account = rows.filter(due, concurrency__isnull=False).only("concurrency", "slow_step").first()
    if account is None or account.concurrency is None:
        return False
    limit = pacing.recovered(account.concurrency)
    step = max(0, account.slow_step - 1) if limit else 0
    rows.update(concurrency=limit, slow_step=step, slow_until=now if limit else None)
    if limit is None:
        log.info("sms.account.recovered account=%s", account_id.hex)
    return True
