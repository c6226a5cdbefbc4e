"""A phone texts a number: store it, obey the opt-out words, tell the number's webhook, then its fallback."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sms.sandbox import files, routes, segments, shapes, sids, webhooks
from sms.sandbox.hub import Hub
from sms.sandbox.routes import Route
from sms.sandbox.things import Message, Number
from sms.sandbox.webhooks import Try, Webhook

STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START = frozenset({"START", "YES", "UNSTOP"})
HELP = frozenset({"HELP", "INFO"})

STOPPED = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
STARTED = (
    "You have successfully been re-subscribed to messages from this number. "
    "Reply HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
HELPED = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."


@dataclass(frozen=True, slots=True)
class File:
    """A file that a phone sends along."""

    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Dates:
    """What a text is dated: some seconds ago, and perhaps without a date of sending."""

    ago: float = 0.0
    undated: bool = False


NOW = Dates()


def receive(
    hub: Hub, number: Number, phone: str, body: str, attached: Sequence[File] = (), dates: Dates = NOW
) -> Message:
    """Store a text from a phone; the caller commits and then calls `deliver`."""
    now = time.time() - dates.ago
    media = [files.keep(hub, item.content_type, item.content, now) for item in attached]
    service = hub.world.service_of(number.phone_number)
    message = Message(
        sid=sids.new("MM" if media else "SM"),
        seq=hub.world.seq + 1,
        account_sid=number.account_sid,
        direction="inbound",
        from_=phone,
        to=number.phone_number,
        body=body,
        status="received",
        num_segments=segments.count(body),
        created=now,
        updated=now,
        sent=None if dates.undated else now,
        messaging_service_sid=service.sid if service else "",
        media=media,
        num_media=len(media),
        is_unlisted=service is not None and routes.is_deaf(service),
    )
    hub.record("message.created", message=asdict(message))
    _obey(hub, hub.world.messages[message.sid])
    return hub.world.messages[message.sid]


def _obey(hub: Hub, message: Message) -> None:
    word = message.body.strip().upper()
    pair = (message.account_sid, message.messaging_service_sid or message.to, message.from_)
    is_out = pair in hub.world.opt_outs
    data = dict(zip(("account_sid", "ours", "theirs"), pair, strict=True))
    if word in STOP and not is_out:
        hub.record("opt_out.added", **data, sid=message.sid)
        _reply(hub, message, STOPPED)
    elif word in START and is_out:
        hub.record("opt_out.removed", **data, sid=message.sid)
        _reply(hub, message, STARTED)
    elif word in HELP and not is_out:
        _reply(hub, message, HELPED)


def _reply(hub: Hub, message: Message, body: str) -> None:
    now = time.time()
    answer = Message(
        sid=sids.new("SM"),
        seq=hub.world.seq + 1,
        account_sid=message.account_sid,
        direction="outbound-reply",
        from_=message.to,
        to=message.from_,
        body=body,
        status="delivered",
        num_segments=segments.count(body),
        created=now,
        updated=now,
        sent=now,
        messaging_service_sid=message.messaging_service_sid,
    )
    hub.record("message.created", message=asdict(answer))


async def deliver(hub: Hub, number: Number, message: Message) -> list[Try]:
    """Tell the webhook of the number, and the fallback once when that failed."""
    route = routes.route(hub.world, number)
    if not route.url:
        return []
    facts = {"to": message.to, "from": message.from_, "account": message.account_sid}
    webhook = Webhook(
        account=hub.world.accounts[message.account_sid],
        url=route.url,
        method=route.method,
        params=params(message),
        purpose="message",
        resource=message.sid,
        signed=not hub.strike(["unsigned_webhooks"], facts),
    )
    tries = await webhooks.send(hub, webhook)
    if hub.strike(["duplicate_webhooks"], facts):
        tries += await webhooks.send(hub, webhook)
    failure = tries[-1]
    if failure.code and route.fallback_url:
        tries += await webhooks.send(hub, _fallback(route, webhook, failure))
    return tries


def _fallback(route: Route, webhook: Webhook, failure: Try) -> Webhook:
    return replace(
        webhook,
        url=route.fallback_url,
        method=route.fallback_method,
        params={**webhook.params, "ErrorCode": str(failure.code), "ErrorUrl": failure.url},
        purpose="fallback",
    )


def params(message: Message) -> dict[str, str]:
    """Return the form that Twilio posts for a text."""
    form = {
        "ToCountry": "US",
        "ToState": "",
        "ToCity": "",
        "ToZip": "",
        "FromCountry": "US",
        "FromState": "",
        "FromCity": "",
        "FromZip": "",
        "SmsMessageSid": message.sid,
        "SmsSid": message.sid,
        "MessageSid": message.sid,
        "AccountSid": message.account_sid,
        "From": message.from_,
        "To": message.to,
        "Body": message.body,
        "NumMedia": str(message.num_media),
        "NumSegments": str(message.num_segments),
        "SmsStatus": "received",
        "ApiVersion": shapes.VERSION,
    }
    if message.messaging_service_sid:
        form["MessagingServiceSid"] = message.messaging_service_sid
    for index, item in enumerate(message.media):
        form[f"MediaUrl{index}"] = shapes.media_url(message, item)
        form[f"MediaContentType{index}"] = item.content_type
    return form


async def arrive(hub: Hub, sent: Message) -> None:
    """Hand a text on when its recipient is a number of the sandbox itself."""
    number = hub.world.number_of(sent.to)
    if number and number.sms and hub.world.accounts[number.account_sid].status == "active":
        attached = [File(item.content_type, files.read(hub, item)) for item in sent.media]
        message = receive(hub, number, sent.from_, sent.body, attached)
        await hub.commit()
        await deliver(hub, number, message)


def shown(tries: list[Try]) -> dict[str, Any]:
    """Return what came of a delivery, for the phone page."""
    return {"delivered": bool(tries) and tries[-1].is_success, "attempts": [t.shown() for t in tries]}
