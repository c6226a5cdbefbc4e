"""What becomes of a message after it was accepted: one status after the other, each reported."""

import asyncio
import time
from dataclasses import asdict, dataclass

from sms.sandbox import files, inbound, segments, webhooks
from sms.sandbox.hub import Hub
from sms.sandbox.reports import Reports
from sms.sandbox.things import Message

LARGEST_MEDIA = 5 * 1024 * 1024
REPORTED = frozenset({"sent", "delivered", "undelivered", "failed", "canceled"})
FAILED_CODES = frozenset({30001, 30002, 30007, 30008, 30036})


@dataclass(frozen=True, slots=True)
class Step:
    """A status that a message will reach."""

    status: str
    error_code: int | None = None


SENDING = Step("sending")
SENT = Step("sent")
DELIVERED = Step("delivered")

# The last four digits of a phone choose what happens; everybody else, and the sandbox's own numbers, get the text.
MAGIC: dict[str, tuple[Step, ...]] = {
    "0001": (SENDING, SENT, Step("undelivered", 30003)),
    "0002": (SENDING, Step("failed", 30007)),
    "0003": (SENDING, SENT, Step("undelivered", 30005)),
    "0004": (SENDING, SENT, Step("undelivered", 30006)),
    "0005": (SENDING, Step("failed", 30008)),
    "0006": (SENDING, SENT),
    "0007": (SENDING, SENT, Step("undelivered", 30003), DELIVERED),
    "0008": (),
}
USUAL = (SENDING, SENT, DELIVERED)


def start(hub: Hub, message: Message) -> None:
    """Let a message go its way in the background."""
    hub.spawn(walk(hub, message.sid))


def resume(hub: Hub) -> None:
    """Take up the messages that were under way when the sandbox last stopped."""
    for message in list(hub.world.messages.values()):
        if message.direction == "outbound-api" and (not message.is_final or _steps(hub, message, fault=False)):
            start(hub, message)


async def walk(hub: Hub, sid: str) -> None:
    """Move a message from status to status until its last one."""
    message = hub.world.messages[sid]
    await _until_due(hub, message)
    if message.is_final and not _steps(hub, message, fault=False):
        return
    reports = Reports(hub, message)
    try:
        await _prepare(hub, message, reports)
        for step in _steps(hub, message):
            await asyncio.sleep(hub.settings.step_seconds)
            if not await _reach(hub, message, step, reports):
                return
        await _expire(hub, message, reports)
    finally:
        reports.finish()


async def _until_due(hub: Hub, message: Message) -> None:
    # Short naps, because a scheduled message may be canceled meanwhile.
    while message.status == "scheduled" and time.time() < (message.send_at or 0):
        await hub.rest(min(1.0, (message.send_at or 0) - time.time()))


async def _prepare(hub: Hub, message: Message, reports: Reports) -> None:
    if message.status in {"accepted", "scheduled"}:
        await asyncio.sleep(hub.settings.step_seconds)
        await _choose_sender(hub, message, reports)
    if message.status == "queued" and message.media_urls:
        await _fetch_media(hub, message, reports)


async def _choose_sender(hub: Hub, message: Message, reports: Reports) -> None:
    service = hub.world.services[message.messaging_service_sid]
    sender = message.from_ or next(iter(service.numbers))
    hub.record(
        "message.status",
        sid=message.sid,
        status="queued",
        **{"from": sender},
        num_segments=segments.count(message.body),
    )
    await hub.commit()
    reports.tell()


async def _fetch_media(hub: Hub, message: Message, reports: Reports) -> None:
    for url in message.media_urls[len(message.media) :]:
        got = await webhooks.fetch(hub, url, most_bytes=LARGEST_MEDIA)
        code = 11200 if got is None else 11751 if len(got[1]) > LARGEST_MEDIA else None
        if got is None or code:
            account = hub.world.accounts[message.account_sid]
            hub.alert(account, code or 11200, message.sid, url, method="GET", text="The media could not be fetched")
            await _reach(hub, message, Step("failed", code), reports)
            return
        media = files.keep(hub, got[0], got[1], time.time())
        hub.record("message.media", sid=message.sid, media=asdict(media))


async def _reach(hub: Hub, message: Message, step: Step, reports: Reports) -> bool:
    if message.sid not in hub.world.messages or message.status == "canceled":
        return False
    hub.record("message.status", sid=message.sid, status=step.status, error_code=step.error_code)
    await hub.commit()
    if step.status in REPORTED:
        reports.tell()
    if step.status == "delivered":
        hub.spawn(inbound.arrive(hub, message))
    return True


async def _expire(hub: Hub, message: Message, reports: Reports) -> None:
    if message.status != "queued":
        return
    await hub.rest(message.created + message.validity_period - time.time())
    await _reach(hub, message, Step("failed", 30036), reports)


def _steps(hub: Hub, message: Message, *, fault: bool = True) -> tuple[Step, ...]:
    """Return what is still to come."""
    if message.status in {"failed", "canceled"}:
        return ()
    plan = USUAL if hub.world.number_of(message.to) else MAGIC.get(message.to[-4:], USUAL)
    if fault and message.status == "queued":
        plan = _failing(hub, message) or _dropped(hub, message) or plan
    reached = [step.status for step in plan]
    if message.status in reached:
        return plan[reached.index(message.status) + 1 :]
    return () if message.is_final else plan


def _dropped(hub: Hub, message: Message) -> tuple[Step, ...] | None:
    code = hub.world.why_dropped(message.from_, message.to)
    return (SENDING, SENT, Step("undelivered", code)) if code else None


def _failing(hub: Hub, message: Message) -> tuple[Step, ...] | None:
    facts = {"to": message.to, "from": message.from_, "account": message.account_sid}
    fault = hub.strike(["fail_delivery"], facts)
    if fault is None:
        return None
    code = fault.code or 30008
    if code in FAILED_CODES:
        return (SENDING, Step("failed", code))
    return (SENDING, SENT, Step("undelivered", code))
