"""Messages of Twilio's REST API: create, list, fetch, update, delete."""

import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta

from sms.sandbox import checks, files, lifecycle, paging, segments, shapes, sids
from sms.sandbox.calls import Call, Reply
from sms.sandbox.checks import Draft
from sms.sandbox.problems import Problem
from sms.sandbox.reports import Reports
from sms.sandbox.things import Message


async def create(call: Call) -> Reply:
    """Accept a message; it is on disk before the answer and moves on after it."""
    message = _message(call, checks.draft(call.hub.world, call.account, call.form))
    call.hub.record("message.created", message=asdict(message))
    kept = call.hub.world.messages[message.sid]
    shown = shapes.message(kept)
    await call.hub.commit()
    lifecycle.start(call.hub, kept)
    return Reply(201, shown, sid=kept.sid)


def _message(call: Call, draft: Draft) -> Message:
    now = time.time()
    return Message(
        sid=sids.new("MM" if draft.media_urls else "SM"),
        seq=call.hub.world.seq + 1,
        account_sid=call.account.sid,
        direction="outbound-api",
        from_=draft.sender,
        to=draft.to,
        body=draft.body,
        status="scheduled" if draft.send_at else "accepted" if draft.service else "queued",
        num_segments=segments.count(draft.body) if draft.sender else 0,
        created=now,
        updated=now,
        messaging_service_sid=draft.service.sid if draft.service else "",
        status_callback=draft.status_callback,
        validity_period=draft.validity_period,
        send_at=draft.send_at,
        media_urls=draft.media_urls,
        num_media=len(draft.media_urls),
    )


async def index(call: Call) -> Reply:
    """List messages, newest first."""
    query = call.request.query
    rows = _matching(call, query.get("To"), query.get("From"))
    return paging.reply(call, "messages", rows, seq=lambda m: m.seq, show=shapes.message)


def _matching(call: Call, to: str | None, sender: str | None) -> Iterator[Message]:
    days = _days(call)
    lag = call.hub.strike(["list_lag"], {"operation": "list", "account": call.account.sid})
    newest = time.time() - (lag.seconds or 30.0) if lag else None
    for message in call.hub.world.newest_messages(call.account.sid, to or sender):
        if (to and message.to != to) or (sender and message.from_ != sender):
            continue
        if newest is not None and message.created > newest:
            continue
        if days is None or (message.sent is not None and days[0] <= _day(message.sent) <= days[1]):
            yield message


def _days(call: Call) -> tuple[date, date] | None:
    """Return the first and last day asked for; Twilio looks at whole days in GMT."""
    query = call.request.query
    exact = query.get("DateSent")
    first, last = query.get("DateSent>", exact), query.get("DateSent<", exact)
    if not first and not last:
        return None
    return _date(first) if first else date.min, _date(last) if last else date.max - timedelta(days=1)


def _date(text: str) -> date:
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise Problem(20001, f"DateSent: {text}") from None


def _day(seconds: float) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()


def found(call: Call) -> Message:
    """Return the message in the path, if it is this account's."""
    message = call.hub.world.messages.get(call.part("sid"))
    if message is None or message.account_sid != call.account.sid or message.is_unlisted:
        raise call.missing()
    return message


async def fetch(call: Call) -> Reply:
    """Show one message."""
    message = found(call)
    return Reply(payload=shapes.message(message), sid=message.sid)


async def update(call: Call) -> Reply:
    """Cancel a scheduled message, or take the text out of a finished one."""
    message = found(call)
    if "Status" in call.form:
        _cancel(call, message)
    elif call.form.get("Body") == "":
        if not message.is_final:
            raise Problem(20009, verb="redact")
        call.hub.record("message.redacted", sid=message.sid)
    else:
        raise Problem(20001, "Body can only be made empty")
    return Reply(payload=shapes.message(message), sid=message.sid)


def _cancel(call: Call, message: Message) -> None:
    if call.form["Status"] != "canceled":
        raise Problem(20001, "Status")
    if message.status != "scheduled":
        raise Problem(30409)
    call.hub.record("message.status", sid=message.sid, status="canceled")
    reports = Reports(call.hub, message)
    reports.tell()
    reports.finish()


async def delete(call: Call) -> Reply:
    """Delete a message that is finished, with its media."""
    message = found(call)
    if not message.is_final:
        raise Problem(20009, verb="delete")
    for item in message.media:
        files.forget(call.hub, item)
    call.hub.record("message.deleted", sid=message.sid)
    return Reply(204, sid=message.sid)
