"""Write texts of the past as if they had passed through the portal: rows only, nothing is sent."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from rules import routing
from rules.e164 import E164
from rules.engine import Decision
from rules.facts import InboundFacts
from rules.targets import Target, ToGroup, ToMember
from sms import conversations, segments
from sms.composing import choosing, drafting
from sms.composing.choosing import Writer
from sms.models import (
    Attempt,
    Configuration,
    Conversation,
    ConversationRead,
    Delivery,
    Direction,
    Message,
    PhoneNumber,
    StatusEvent,
)
from sms.queueing.outcomes import Outcome, Phase
from sms.status import MessageState, rank_of
from tenants.ids import id_at, new_id
from tenants.models import Member, Tenant


@dataclass(frozen=True, slots=True)
class Past:
    """A text that passed some time ago; `author` is a member's e-mail address, nobody is the tenant's program."""

    at: datetime
    way: str
    ours: str
    theirs: str
    body: str
    author: str = ""
    fate: str = "delivered"
    name: str = ""
    picture: bool = False
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a text that was sent: our state, Twilio's reports, each some seconds later."""

    state: MessageState = MessageState.ACCEPTED
    reports: tuple[tuple[str, int], ...] = ()
    code: str = ""
    note: str = ""


FATES = {
    "delivered": Fate(reports=(("sent", 1), ("delivered", 4))),
    "sent": Fate(reports=(("sent", 1),)),
    "phone_off": Fate(reports=(("sent", 1), ("undelivered", 90)), code="30003"),
    "no_such_phone": Fate(reports=(("sent", 1), ("undelivered", 6)), code="30005"),
    "filtered": Fate(reports=(("failed", 3),), code="30007"),
    "not_a_number": Fate(state=MessageState.REJECTED, code="21211"),
    "unknown": Fate(state=MessageState.UNKNOWN, note="The connection broke after the text had been posted."),
}


class _Writer:
    """Collects the rows of one tenant's past, so that they are written in a few statements."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        found = tenant.configurations.select_related("account").filter(deleted_at=None)
        self.configuration: Configuration = found[0]
        self.members = {member.user.email: member for member in tenant.members.select_related("user")}
        self.numbers: dict[str, PhoneNumber] = {n.e164: n for n in tenant.phone_numbers.select_related("pool")}
        self.key = tenant.api_keys.first()
        self.threads: dict[tuple[str, str], Conversation] = {}
        self.passed: defaultdict[UUID, list[Past]] = defaultdict(list)
        self.rows: defaultdict[type[Any], list[Any]] = defaultdict(list)

    def thread(self, past: Past) -> Conversation:
        pair = (past.ours, past.theirs)
        if pair not in self.threads:
            self.threads[pair] = conversations.find_or_make(self.tenant, *pair)
        thread = self.threads[pair]
        self.passed[thread.pk].append(past)
        return thread

    def common(self, past: Past) -> dict[str, Any]:
        return {
            "id": id_at(past.at),
            "tenant": self.tenant,
            "configuration": self.configuration,
            "number": self.numbers.get(past.ours),
            "conversation": self.thread(past),
            "our_address": past.ours,
            "their_address": past.theirs,
            "body": past.body,
            "segments": max(1, segments.count(past.body).segments),
            "account_sid": self.configuration.account.account_sid,
            "occurred_at": past.at,
            "created_at": past.at,
            "due_at": None,
        }


def write(tenant: Tenant, texts: Sequence[Past]) -> None:
    """Write a tenant's past, oldest first."""
    writer = _Writer(tenant)
    for past in sorted(texts, key=lambda text: text.at):
        (_receive if past.way == Direction.IN else _send)(writer, past)
    for model in (Message, Attempt, StatusEvent, Delivery):
        model.objects.bulk_create(writer.rows[model], batch_size=200)
    _settle_threads(writer)
    last = {way: max((t.at for t in texts if t.way == way), default=None) for way in Direction.values}
    tenant.configurations.update(last_in_at=last["in"], last_out_at=last["out"])


# --- Received ---


def _receive(writer: _Writer, past: Past) -> None:
    number = writer.numbers[past.ours]
    facts = InboundFacts(
        our_address=past.ours,
        their_address=past.theirs,
        body=past.body,
        num_media=int(past.picture),
        trunk=number.pool.trunk_id.hex,
        number=number.id.hex,
    )
    decision, rule_set = routing.route_inbound(writer.tenant, facts)
    lost = past.fate == "unrouted"
    sid = f"{'MM' if past.picture else 'SM'}{new_id().hex}"
    message = Message(
        direction=Direction.IN,
        state=MessageState.UNROUTED if lost else MessageState.ROUTED,
        decision={"action": "unrouted", "facts": facts.to_json()} if lost else decision.to_snapshot(rule_set),
        provider_sid=sid,
        media=[_picture(writer, sid)] if past.picture else [],
        raw=_form(writer, past, sid),
        **writer.common(past),
    )
    writer.rows[Message].append(message)
    if not lost:
        _hand_over(writer, message, decision)


def _picture(writer: _Writer, sid: str) -> dict[str, str]:
    base = f"https://api.twilio.com/2010-04-01/Accounts/{writer.configuration.account.account_sid}"
    return {"url": f"{base}/Messages/{sid}/Media/ME{new_id().hex}", "content_type": "image/jpeg"}


def _form(writer: _Writer, past: Past, sid: str) -> bytes:
    account = writer.configuration.account.account_sid
    fields = {"MessageSid": sid, "AccountSid": account, "From": past.theirs, "To": past.ours, "Body": past.body}
    return urlencode(fields | {"NumMedia": str(int(past.picture)), "NumSegments": "1"}).encode()


def _hand_over(writer: _Writer, message: Message, decision: Decision) -> None:
    for position, target in enumerate(decision.targets):
        delivery = Delivery(
            tenant=writer.tenant,
            message=message,
            position=position,
            kind=target.kind,
            label=_label(target),
            state="delivered",
            due_at=message.occurred_at,
            created_at=message.occurred_at,
            delivered_at=message.occurred_at + timedelta(milliseconds=180),
        )
        if isinstance(target, ToGroup) and message.conversation:
            delivery.group = writer.tenant.groups.get(pk=target.id)
            conversations.add_to_inbox(message.conversation, group=delivery.group)
        writer.rows[Delivery].append(delivery)


def _label(target: Target) -> str:
    return target.label if isinstance(target, ToMember | ToGroup) else target.describe()[:60]


# --- Sent ---


def _send(writer: _Writer, past: Past) -> None:
    fate, author = FATES[past.fate], writer.members.get(past.author)
    taken = fate.state == MessageState.ACCEPTED
    message = Message(
        direction=Direction.OUT,
        state=fate.state,
        provider_status=fate.reports[-1][0] if fate.reports else "",
        error_code=fate.code,
        provider_sid=f"SM{new_id().hex}" if taken else "",
        decision=_decision(writer, past, author),
        source="page" if author else "api",
        author=author,
        author_label=str(author) if author else str(writer.key),
        api_key=None if author else writer.key,
        attempt_count=1,
        **writer.common(past),
    )
    writer.rows[Message].append(message)
    if author and message.conversation:
        conversations.add_to_inbox(message.conversation, member=author)
    _attempt(writer, message, fate)


def _decision(writer: _Writer, past: Past, author: Member | None) -> dict[str, Any]:
    """Decide as for a text of today, so that the message's page can explain it."""
    asked, to = Writer(author, past.ours), E164(past.theirs)
    decision, rule_set = routing.route_outbound(writer.tenant, drafting.facts_of(to, past.body, author))
    way = choosing.choose(writer.tenant, asked, decision.routes, to)
    return decision.to_snapshot(rule_set) | way.to_json() | {"asked": {"chosen": past.ours, "replying_as": ""}}


_OUTCOMES = {MessageState.ACCEPTED: Outcome.ACCEPTED, MessageState.REJECTED: Outcome.REJECTED}


def _attempt(writer: _Writer, message: Message, fate: Fate) -> None:
    attempt = Attempt(
        tenant=writer.tenant,
        message=message,
        number=1,
        configuration=writer.configuration,
        sender=message.our_address,
        lease_token=new_id().hex,
        phase=Phase.DONE,
        outcome=_OUTCOMES.get(fate.state, Outcome.AMBIGUOUS),
        account_sid=message.account_sid,
        provider_sid=message.provider_sid,
        provider_status=message.provider_status,
        provider_rank=rank_of(message.provider_status) or 0,
        http_status={MessageState.ACCEPTED: 201, MessageState.REJECTED: 400}.get(fate.state),
        error_code=fate.code,
        note=fate.note,
        posting_at=message.occurred_at + timedelta(milliseconds=220),
        finished_at=message.occurred_at + timedelta(milliseconds=430),
        created_at=message.occurred_at,
    )
    writer.rows[Attempt].append(attempt)
    writer.rows[StatusEvent] += [
        _report(attempt, status, seconds, fate.code if status == fate.reports[-1][0] else "")
        for status, seconds in fate.reports
    ]


def _report(attempt: Attempt, status: str, seconds: int, code: str) -> StatusEvent:
    at = attempt.message.occurred_at + timedelta(seconds=seconds)
    return StatusEvent(
        tenant=attempt.tenant,
        attempt=attempt,
        account_sid=attempt.account_sid,
        provider_sid=attempt.provider_sid,
        status=status,
        error_code=code,
        raw={"MessageSid": attempt.provider_sid, "MessageStatus": status},
        received_at=at,
        created_at=at,
    )


# --- Conversations ---


def _settle_threads(writer: _Writer) -> None:
    """Give each conversation its last text and its name; what is not marked unread has been read by everybody."""
    reads = []
    for thread in writer.threads.values():
        texts = writer.passed[thread.pk]
        thread.contact_name = next((text.name for text in texts if text.name), "")
        thread.preview, thread.last_direction = texts[-1].body[:160], texts[-1].way
        thread.last_message_at = texts[-1].at
        thread.inbound_count = sum(text.way == Direction.IN for text in texts)
        thread.version = len(texts)
        unread = sum(text.unread for text in texts)
        reads += [_read(writer, thread, member, thread.inbound_count - unread) for member in writer.members.values()]
    fields = ["contact_name", "preview", "last_direction", "last_message_at", "inbound_count", "version"]
    Conversation.objects.bulk_update(writer.threads.values(), fields, batch_size=100)
    ConversationRead.objects.bulk_create(reads, batch_size=200)


def _read(writer: _Writer, thread: Conversation, member: Member, seen: int) -> ConversationRead:
    return ConversationRead(tenant=writer.tenant, conversation=thread, member=member, seen_count=seen)
