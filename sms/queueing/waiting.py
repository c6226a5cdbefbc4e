"""Which senders have texts that may go now, fair between tenants. Senders without work cost nothing to find.

A claim must not look at each of thousands of idle senders, nor at each of thousands of texts: the senders that have
work are read from the index of queued texts by jumping from one sender to the next.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sms import claims, pacing
from sms.models import Message, Sender, TwilioAccount
from tenants import clock

MOST_SENDERS = 200

_TABLES = """
    sms_sender AS sender
    JOIN sms_configuration AS configuration ON configuration.id = sender.configuration_id
    JOIN tenants_tenant AS tenant ON tenant.id = sender.tenant_id
    JOIN sms_twilioaccount AS account ON account.id = configuration.account_id
"""
# What holds a sender's texts: nothing here may be true of one that sends.
_OPEN = """
    tenant.enabled AND tenant.sms_enabled AND tenant.deleted_at IS NULL AND tenant.sending_stopped_at IS NULL
    AND configuration.enabled AND configuration.deleted_at IS NULL AND configuration.held_reason = ''
    AND sender.stopped_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM tenants_systemstate WHERE sending_stopped_at IS NOT NULL)
"""
# The two columns of the next sender in the index `message_waiting`; NULL after the last one.
_NEXT = """
    (SELECT {column} FROM sms_message WHERE state = 'queued' {after}
     ORDER BY configuration_id, our_address LIMIT 1)
"""
_AFTER = "AND (configuration_id, our_address) > (busy.configuration_id, busy.address)"
_BUSY = f"""
    busy(configuration_id, address) AS (
        SELECT {_NEXT.format(column="configuration_id", after="")}, {_NEXT.format(column="our_address", after="")}
        UNION ALL
        SELECT {_NEXT.format(column="configuration_id", after=_AFTER)},
               {_NEXT.format(column="our_address", after=_AFTER)}
        FROM busy WHERE busy.configuration_id IS NOT NULL
    )
"""  # noqa: S608 (constants)
# Their senders, with when the first of their texts that still counts is due. Limited, so that it stays a look into
# the sender's own queue and is never turned into a join over every text.
_DUE = """
    SELECT 1 FROM sms_message AS text WHERE text.state = 'queued' AND text.configuration_id = busy.configuration_id
    AND text.our_address = busy.address AND text.due_at <= %s AND (text.expires_at IS NULL OR text.expires_at > %s)
    LIMIT 1
"""
_SENDERS = f"""
    FROM busy
    JOIN sms_configuration AS configuration ON configuration.id = busy.configuration_id
    JOIN sms_twilioaccount AS account ON account.id = configuration.account_id
    JOIN tenants_tenant AS tenant ON tenant.id = configuration.tenant_id
    JOIN sms_sender AS sender ON sender.tenant_id = configuration.tenant_id
        AND sender.configuration_id = configuration.id AND sender.address = busy.address
    WHERE {_OPEN} AND ({_DUE}) IS NOT NULL
"""
_READY = "AND sender.next_send_at <= %s AND (account.slow_until IS NULL OR account.slow_until <= %s)"
# One sender of each tenant, then the second of each: a tenant with thousands of them makes nobody else wait.
_ROSTER = f"""
    WITH RECURSIVE {_BUSY}, ready AS (
        SELECT sender.id, sender.tenant_id, account.id AS account_id, sender.rate, account.concurrency,
               sender.served_at,
               ROW_NUMBER() OVER (PARTITION BY sender.tenant_id ORDER BY sender.served_at, sender.id) AS turn
        {_SENDERS} {_READY}
    )
    SELECT id, tenant_id, account_id, rate, concurrency FROM ready ORDER BY turn, served_at, id LIMIT %s
"""  # noqa: S608 (constants)
_SOON = f"""
    WITH RECURSIVE {_BUSY}
    SELECT sender.next_send_at, account.slow_until {_SENDERS}
    AND (sender.next_send_at > %s OR account.slow_until > %s)
"""


_ID = claims.columns(Sender, "id")
_ROSTER_COLUMNS = (
    *claims.columns(Sender, "id", "tenant"),
    *claims.columns(TwilioAccount, "id"),
    *claims.columns(Sender, "rate"),
    *claims.columns(TwilioAccount, "concurrency"),
)
_SOON_COLUMNS = (*claims.columns(Sender, "next_send_at"), *claims.columns(TwilioAccount, "slow_until"))
_COUNT = claims.columns(TwilioAccount, "id", "concurrency")


@dataclass(frozen=True, slots=True)
class Roster:
    """The senders whose turn it is, in order, and the limits of those accounts that have one."""

    waiting: tuple[pacing.Waiting, ...]
    limits: dict[uuid.UUID, int]


def roster(now: datetime, most: int = MOST_SENDERS) -> Roster:
    """Return the senders that have something due and that nothing holds, the least recently served first."""
    rows = claims.fetch(_ROSTER, [now] * 4 + [most], _ROSTER_COLUMNS)
    limits = {account: limit for _sender, _tenant, account, _rate, limit in rows if limit is not None}
    return Roster(tuple(pacing.Waiting(*row[:4]) for row in rows), limits)


def has_due() -> bool:
    """Whether a claim would find something, now."""
    return bool(roster(clock.now(), most=1).waiting)


def seconds_until_due(longest: float) -> float | None:
    """Return when a pausing sender or a text to be tried again is due; None when not within the longest."""
    now = clock.now()
    horizon = now + timedelta(seconds=longest)
    pausing = claims.fetch(_SOON, [horizon, horizon, now, now], _SOON_COLUMNS)
    moments = [max(filter(None, row)) for row in pausing]
    moments += [due for (due,) in claims.fetch(_RETRIED, [now, horizon], claims.columns(Message, "due_at"))]
    found = [moment for moment in moments if now < moment <= horizon]
    return (min(found) - now).total_seconds() if found else None


_RETRIED = f"""
    SELECT text.due_at FROM sms_message AS text
    JOIN sms_configuration AS configuration ON configuration.id = text.configuration_id
    JOIN tenants_tenant AS tenant ON tenant.id = configuration.tenant_id
    JOIN sms_sender AS sender ON sender.tenant_id = configuration.tenant_id
        AND sender.configuration_id = configuration.id AND sender.address = text.our_address
    WHERE text.state = 'queued' AND text.due_at > %s AND text.due_at <= %s AND {_OPEN}
    ORDER BY text.due_at LIMIT 1
"""  # noqa: S608 (constants)


def still_open(senders: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Return those senders whose texts may be posted, now."""
    wanted = sorted(senders)
    if not wanted:
        return set()
    among, values = claims.among("sender.id", wanted)
    statement = f"SELECT sender.id FROM {_TABLES} WHERE {among} AND {_OPEN}"  # noqa: S608 (constants)
    return {found for (found,) in claims.fetch(statement, values, _ID)}


def hold_accounts(limits: dict[uuid.UUID, int]) -> dict[uuid.UUID, int]:
    """Lock the accounts that are slowed and return how many more texts each may have in flight: all workers count.

    One that another worker is just claiming for has no room for us.
    """
    wanted = sorted(limits)
    held = _held(wanted)
    in_flight = flying(wanted)
    return {account: max(0, held.get(account, 0) - in_flight.get(account, 0)) for account in wanted}


def _held(wanted: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    among, values = claims.among("id", wanted)
    statement = (
        f"SELECT id, COALESCE(concurrency, {pacing.UNLIMITED_FROM}) FROM sms_twilioaccount "  # noqa: S608
        f"WHERE {among} ORDER BY id {claims.locked(skip=True)}"
    )
    return dict(claims.fetch(statement, values, _COUNT))


def flying(accounts: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Count the texts that workers have leased, by account."""
    among, values = claims.among("configuration.account_id", accounts)
    statement = f"""
        SELECT configuration.account_id, COUNT(*) FROM sms_message AS text
        JOIN sms_configuration AS configuration ON configuration.id = text.configuration_id
        WHERE text.state = 'sending' AND {among}
        GROUP BY configuration.account_id
    """  # noqa: S608 (constants)
    return dict(claims.fetch(statement, values, _COUNT))
