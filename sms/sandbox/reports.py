"""Status callbacks of one message, in order unless a fault says otherwise."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime

from sms.sandbox import shapes, sids, webhooks
from sms.sandbox.hub import Hub
from sms.sandbox.things import Message
from sms.sandbox.webhooks import Webhook

DEFAULT_LATE = 5.0


@dataclass(frozen=True, slots=True)
class Report:
    """One callback to make."""

    webhook: Webhook
    times: int = 1
    late: float = 0.0


class Reports:
    """Tells the message's StatusCallback; each report waits for the one before it."""

    def __init__(self, hub: Hub, message: Message) -> None:
        self._hub = hub
        self._message = message
        self._facts = {"to": message.to, "from": message.from_, "account": message.account_sid}
        self._line: deque[Report] = deque()
        self._is_busy = False
        self._held: Report | None = None

    def tell(self) -> None:
        """Report the message's status of this moment."""
        if not self._message.status_callback or self._strikes("drop_callbacks"):
            return
        report = self._report()
        if self._held is None and self._strikes("out_of_order_callbacks"):
            self._held = report
            return
        self._put(report)
        self.finish()

    def finish(self) -> None:
        """Let go of a report that waited for a later one to overtake it."""
        held, self._held = self._held, None
        if held:
            self._put(held)

    def _put(self, report: Report) -> None:
        self._line.append(report)
        if not self._is_busy:
            self._is_busy = True
            self._hub.spawn(self._work())

    def _strikes(self, kind: str) -> bool:
        return self._hub.strike([kind], self._facts) is not None

    def _report(self) -> Report:
        late = self._hub.strike(["late_callbacks"], self._facts)
        form = params(self._message, time.time())
        if self._strikes("wrong_sid_callbacks"):
            form["MessageSid"] = form["SmsSid"] = sids.new("SM")
        webhook = Webhook(
            account=self._hub.world.accounts[self._message.account_sid],
            url=self._message.status_callback,
            method="POST",
            params=form,
            purpose="status",
            resource=self._message.sid,
            signed=not self._strikes("unsigned_callbacks"),
        )
        times = 2 if self._strikes("duplicate_callbacks") else 1
        return Report(webhook, times, (late.seconds or DEFAULT_LATE) if late else 0.0)

    async def _work(self) -> None:
        while self._line:
            report = self._line.popleft()
            if report.late:
                self._hub.spawn(self._send(report))
            else:
                await self._send(report)
        self._is_busy = False

    async def _send(self, report: Report) -> None:
        await asyncio.sleep(report.late)
        for _ in range(report.times):
            await webhooks.send(self._hub, report.webhook)


def params(message: Message, now: float) -> dict[str, str]:
    """Return the form that Twilio posts about a status."""
    form = {
        "MessageSid": message.sid,
        "MessageStatus": message.status,
        "SmsSid": message.sid,
        "SmsStatus": message.status,
        "To": message.to,
        "From": message.from_,
        "AccountSid": message.account_sid,
        "ApiVersion": shapes.VERSION,
    }
    if message.messaging_service_sid:
        form["MessagingServiceSid"] = message.messaging_service_sid
    if message.error_code:
        form["ErrorCode"] = str(message.error_code)
        form["ErrorMessage"] = shapes.ERROR_TEXTS.get(message.error_code, "Unknown error")
    if message.status in {"delivered", "undelivered"}:
        form["RawDlrDoneDate"] = datetime.fromtimestamp(now, UTC).strftime("%y%m%d%H%M")
    return form
