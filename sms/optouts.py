"""Opt-outs: exact words in, a live row per pair of addresses out. The scope is the pair, as at Twilio."""

from django.db import transaction

from sms import claims, conversations
from sms.models import Direction, Message, OptOut
from sms.models.messages import Source
from sms.status import MessageState
from sms.webhooks import payloads
from tenants import audit, clock
from tenants.audit import Actor
from tenants.models import Tenant

# Twilio's default words for long codes (documented under "Twilio support for opt-out keywords").
STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
# Opt-outs that a text of theirs began: by its word here, or at Twilio, which then refuses ours.
BY_TEXT = ("text", "twilio")


def word_of(body: str) -> str:
    """Return the word if the whole text is one: "Stop please" is not an opt-out."""
    return body.strip().upper()


def is_word(message: Message) -> bool:
    """Whether a received text starts or ends an opt-out."""
    return bool(_opt_out_type(message)) or word_of(message.body) in STOP_WORDS | START_WORDS


def pair_of(message: Message) -> claims.Pair:
    """Return the pair of addresses that a text is between, as the locks know it."""
    return message.tenant_id, message.our_address, message.their_address


def is_opted_out(tenant: Tenant, ours: str, theirs: str) -> bool:
    """Whether their address has stopped texts from ours."""
    return tenant.opt_outs.filter(our_address=ours, their_address=theirs, ended_at=None).exists()


def note_inbound(message: Message) -> None:
    """Start or end an opt-out when a received text is exactly such a word, or Twilio says that it is."""
    said = _opt_out_type(message)
    word = word_of(message.body)
    if _is_overtaken(message):
        return
    if said == "STOP" or (not said and word in STOP_WORDS):
        add(message.tenant, message.our_address, message.their_address, source="text", word=word[:20])
    elif said == "START" or (not said and word in START_WORDS):
        _reopen(message)


def _is_overtaken(message: Message) -> bool:
    """Whether a text that came late says what they have taken back since: at Twilio, the last word counts."""
    if message.source == Source.WEBHOOK or not is_word(message):
        return False
    later = message.tenant.messages.filter(
        direction=Direction.IN,
        our_address=message.our_address,
        their_address=message.their_address,
        occurred_at__gt=message.occurred_at,
    )
    return any(is_word(text) for text in later.order_by("occurred_at")[:100])


def _opt_out_type(message: Message) -> str:
    """Return what Twilio's Advanced Opt-Out recognised: STOP, START, HELP or nothing."""
    parameters = dict(payloads.decode_form(bytes(message.raw))) if message.raw else {}
    return parameters.get("OptOutType", "").upper()


@transaction.atomic
def add(tenant: Tenant, ours: str, theirs: str, *, source: str, word: str = "", actor: Actor = audit.PORTAL) -> None:
    """Stop texts from ours to theirs. Once that is committed, no marker passes; then the waiting ones are closed."""
    claims.lock_pairs([(tenant.pk, ours, theirs)], shared=False)
    if is_opted_out(tenant, ours, theirs):
        return
    row = OptOut(tenant=tenant, our_address=ours, their_address=theirs, source=source, word=word)
    OptOut.objects.bulk_create([row], ignore_conflicts=True)
    audit.record(actor, "sms.opt_out.added", row, {"source": source}, tenant=tenant)
    transaction.on_commit(lambda: close_waiting(tenant, ours, theirs), robust=True)


@transaction.atomic
def close_waiting(tenant: Tenant, ours: str, theirs: str) -> int:
    """Close the texts between a pair that wait to be sent; one that is just being leased is left to its marker."""
    waiting = tenant.messages.filter(direction=Direction.OUT, our_address=ours, their_address=theirs)
    states = (MessageState.QUEUED, MessageState.HELD)
    rows = waiting.filter(state__in=states).select_for_update(no_key=True, skip_locked=True).order_by("pk")
    found = dict(rows.values_list("pk", "conversation_id"))
    Message.objects.filter(pk__in=found).update(state=MessageState.SUPPRESSED, state_reason="", due_at=None)
    for conversation in sorted({key for key in found.values() if key}):
        conversations.bump(conversation)
    return len(found)


def _reopen(message: Message) -> None:
    """End what a STOP began. What a person entered by hand ends by a person's hand only."""
    live = message.tenant.opt_outs.filter(our_address=message.our_address, their_address=message.their_address)
    row = live.filter(ended_at=None, source__in=BY_TEXT).first()
    if row is not None:
        _end(row, by="text", actor=audit.PORTAL)


def end(actor: Actor, opt_out: OptOut) -> None:
    """Let texts pass again, by a person's decision."""
    _end(opt_out, by=actor.label, actor=actor)


@transaction.atomic
def _end(row: OptOut, *, by: str, actor: Actor) -> None:
    if OptOut.objects.filter(pk=row.pk, ended_at=None).update(ended_at=clock.now(), ended_by=by):
        audit.record(actor, "sms.opt_out.ended", row, {"by": by}, tenant=row.tenant)
