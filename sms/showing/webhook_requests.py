"""The last requests that a configuration's webhook got, as people may see them: taken and refused, masked, explained.

Nothing is written down for this page: a text keeps what brought it, so does a report, and refused requests are kept
for three days. No index leads from a configuration to its texts, so a limited number of the tenant's newest ones is
looked through; reports are found by the attempts of those that were sent. Older requests are not listed.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from sms.models import Configuration, Delivery, Direction, Message, RefusedRequest, StatusEvent
from sms.models.messages import Source
from sms.showing import refusals, threads
from sms.showing.masking import mask
from sms.status import MessageState, describe_status
from sms.webhooks import payloads
from tenants import keyset

SIZE = 25
# So many of the tenant's newest texts are looked through, and so many of the configuration's among them are listed.
LOOKED_THROUGH = 5000
TEXTS = 300
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_KEY = re.compile(r"(/webhooks/twilio/)[a-z0-9]+([a-z0-9]{4})(?=/|$)")
_ACCOUNT = re.compile(r"AC[0-9a-f]{32}")
# What says nothing about the person at the other end, and nothing of the text.
_HARMLESS = re.compile(
    r"(Message|Sms|SmsMessage|Account|MessagingService)Sid|NumMedia|NumSegments|(Sms|Message)Status|ApiVersion"
    r"|Error(Code|Url|Message)|OptOutType|RawDlrDoneDate|MediaContentType\d+|(From|To)Country"
)
_NUMBERS = ("From", "To")

KINDS: Mapping[str, StrOrPromise] = {
    "message": gettext_lazy("Text"),
    "fallback": gettext_lazy("Text, at the fallback address"),
    "status": gettext_lazy("Delivery report"),
}


@dataclass(frozen=True, slots=True)
class Looks:
    """Whose requests are looked at, and how much the visitor may see of them."""

    configuration: Configuration
    is_unmasked: bool

    def address(self, text: str) -> str:
        """Hide the key in an address, and its query: that holds the text."""
        path, mark, _query = text.partition("?")
        return _KEY.sub(r"\1…\2", path) + ("?…" if mark else "")

    def parameters(self, found: Iterable[tuple[str, str]], kind: str) -> list[tuple[str, str]]:
        """Return what was sent, as the visitor may see it."""
        theirs = "To" if kind == "status" else "From"
        return [(name, self._value(name, value, theirs)) for name, value in found]

    def _value(self, name: str, value: str, theirs: str) -> str:
        if not self.is_unmasked and name in _NUMBERS:
            return mask(value) if name == theirs else value
        if not self.is_unmasked and not _HARMLESS.fullmatch(name):
            return _("hidden, %d characters") % len(value) if value else ""
        return _ACCOUNT.sub(self._account, _KEY.sub(r"\1…\2", value))

    def _account(self, found: re.Match[str]) -> str:
        """Hide the SID of every account that is not the tenant's own."""
        account = self.configuration.account
        is_own = account.tenant_id is not None and found[0] == account.account_sid
        return found[0] if is_own else f"AC…{found[0][-4:]}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One request: what came, over which address, and what became of it.

    `again` says what can be tried again: a text that was taken and went nowhere, or a request that was refused.
    """

    id: uuid.UUID
    at: datetime
    kind: str
    method: str
    title: str
    tone: str
    fate: str
    url: str = ""
    tried: tuple[str, ...] = ()
    signature: str = ""
    cause: str = ""
    parameters: list[tuple[str, str]] = field(default_factory=list)
    message_id: uuid.UUID | None = None
    again: str = ""

    @property
    def words(self) -> StrOrPromise:
        """What kind of request it is."""
        return KINDS.get(self.kind, self.kind)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page is narrowed to, and from where on it goes back in time."""

    kind: str = ""
    outcome: str = ""
    sid: str = ""
    before: keyset.Cursor | None = None

    def wants(self, *kinds: str, outcome: str) -> bool:
        """Whether requests of one of these kinds that ended so are asked for."""
        return self.outcome in ("", outcome) and (not self.kind or self.kind in kinds)


@dataclass(frozen=True, slots=True)
class Page:
    """The requests of one page, newest first; `older` is where the next page begins ("" = there is none)."""

    rows: list[Entry]
    older: str = ""


def page(looks: Looks, asked: Asked) -> Page:
    """Return one page of a configuration's requests."""
    texts = _texts(looks.configuration, asked) if asked.wants(*KINDS, outcome="taken") else []
    found: list[tuple[datetime, uuid.UUID, Callable[[], Entry]]] = []
    if asked.wants("message", "fallback", outcome="taken"):
        found += _of_texts(looks, asked, texts)
    if asked.wants("status", outcome="taken"):
        found += _of_reports(looks, asked, texts)
    if asked.wants(*KINDS, outcome="refused"):
        found += _of_refusals(looks, asked)
    found.sort(key=lambda row: row[:2], reverse=True)
    shown = [make() for _at, _id, make in found[:SIZE]]
    return Page(shown, keyset.write_place(shown[-1].at, shown[-1].id) if len(found) > SIZE else "")


_Made = Iterator[tuple[datetime, uuid.UUID, Callable[[], Entry]]]
_Text = tuple[uuid.UUID, datetime, str, str, str]


def _texts(configuration: Configuration, asked: Asked) -> list[_Text]:
    """Return the configuration's newest texts, both ways, among the tenant's newest."""
    newest = configuration.tenant.messages.order_by("-occurred_at", "-id")
    rows = configuration.tenant.messages.filter(configuration=configuration)
    if asked.sid:
        rows = rows.filter(_with_sid(configuration, asked.sid))
    else:
        edge = Subquery(newest.values("occurred_at")[LOOKED_THROUGH - 1 : LOOKED_THROUGH])
        rows = rows.filter(occurred_at__gte=Coalesce(edge, Value(_BEGINNING)))
    named = rows.order_by("-occurred_at", "-id").values_list("pk", "occurred_at", "direction", "source", "signed_url")
    return list(named[:TEXTS])


def _with_sid(configuration: Configuration, sid: str) -> Q:
    """Return the condition that leads to a text by its SID: a received one, or the attempts of one that was sent."""
    sent = configuration.tenant.attempts.filter(provider_sid=sid).exclude(provider_sid="").values("message")
    came = configuration.tenant.messages.filter(
        direction=Direction.IN, account_sid=configuration.account.account_sid, provider_sid=sid
    )
    return Q(pk__in=sent) | Q(pk__in=came.values("pk"))


def _kind_of(signed_url: str) -> str:
    return "fallback" if signed_url.rstrip("?").endswith("/fallback") else "message"


def _of_texts(looks: Looks, asked: Asked, texts: list[_Text]) -> _Made:
    came = [
        pk
        for pk, at, direction, source, url in texts
        if direction == Direction.IN
        and source == Source.WEBHOOK
        and asked.kind in ("", _kind_of(url))
        and _is_before(at, pk, asked.before)
    ]
    lost = Delivery.objects.filter(message=OuterRef("pk"), state="exhausted")
    rows = Message.objects.filter(pk__in=came[: SIZE + 1]).annotate(lost=Exists(lost))
    for row in rows if came else ():
        yield row.occurred_at, row.pk, lambda row=row: _text(looks, row)  # type: ignore[misc]


def _text(looks: Looks, row: Any) -> Entry:
    kind = _kind_of(row.signed_url)
    tone, fate, again = _fate_of(row)
    return Entry(
        id=row.pk,
        at=row.occurred_at,
        kind=kind,
        method="GET" if row.signed_url.endswith("?") else "POST",
        title=_("Taken"),
        tone=tone,
        fate=fate,
        url=looks.address(row.signed_url),
        parameters=looks.parameters(_decoded(bytes(row.raw)), kind),
        message_id=row.pk,
        again=again,
    )


def _fate_of(row: Any) -> tuple[str, str, str]:
    """Say what became of a text, and what can be tried again."""
    if row.state == MessageState.RECEIVED and row.attempt_count:
        return "bad", _("Stored. Working on it failed %d times; it is tried again.") % row.attempt_count, "process"
    if row.state == MessageState.UNROUTED:
        return "warn", _("Stored. No inbound rule fits it."), "route"
    if row.lost:
        return "bad", _("Stored and routed. A destination was not reached, and given up."), "deliver"
    return "good", f"{_('Stored.')} {threads.state_of(row)[0]}.", ""


def _of_reports(looks: Looks, asked: Asked, texts: list[_Text]) -> _Made:
    sent = [pk for pk, _at, direction, _source, _url in texts if direction == Direction.OUT]
    if not sent:
        return
    rows = StatusEvent.objects.filter(attempt__message__in=sent, source="callback").select_related("attempt")
    if asked.before:
        rows = rows.filter(keyset.beyond(asked.before, "received_at", descending=True))
    for row in rows.order_by("-received_at", "-id")[: SIZE + 1]:
        yield row.received_at, row.pk, lambda row=row: _report(looks, row)  # type: ignore[misc]


def _report(looks: Looks, row: StatusEvent) -> Entry:
    attempt = row.attempt
    told = _("Stored, not applied yet.") if row.due_at else _("Applied: %s.") % describe_status(row.status)
    number = row.asked_attempt or (attempt.number if attempt else 0)
    message_id = row.asked_message or (attempt.message_id if attempt else None)
    return Entry(
        id=row.pk,
        at=row.received_at,
        kind="status",
        method="POST",
        title=_("Taken"),
        tone="warn" if row.note else "good",
        fate=f"{told} ({row.note})" if row.note else told,
        url=f"…/status/{message_id.hex}/{number}" if message_id else "",
        parameters=looks.parameters(((str(name), str(value)) for name, value in row.raw.items()), "status"),
        message_id=attempt.message_id if attempt else None,
    )


def _of_refusals(looks: Looks, asked: Asked) -> _Made:
    rows: QuerySet[RefusedRequest] = looks.configuration.refused_requests.order_by("-created_at", "-id")
    if asked.before:
        rows = rows.filter(keyset.beyond(asked.before, "created_at", descending=True))
    known = refusals.known(looks.configuration)
    taken = 0
    for row in rows if asked.kind or asked.sid else rows[: SIZE + 1]:
        kind = refusals.kind_of(row)
        if asked.kind in ("", kind) and asked.sid.encode() in refusals.form_of(row):
            yield row.created_at, row.pk, lambda row=row, kind=kind: _refusal(looks, row, kind, known)  # type: ignore[misc]
            taken += 1
        if taken > SIZE:
            return


def _refusal(looks: Looks, row: RefusedRequest, kind: str, known: refusals.Known) -> Entry:
    said = refusals.explain(row, known)
    return Entry(
        id=row.pk,
        at=row.created_at,
        kind=kind,
        method=row.method,
        title=_("Refused"),
        tone="bad",
        fate=str(said.reason),
        url=looks.address(row.signed_url),
        tried=tuple(dict.fromkeys(looks.address(url) for url in refusals.tried(row, known))),
        signature=row.signature,
        cause=looks.address(str(said.cause)) if "/webhooks/" in str(said.cause) else str(said.cause),
        parameters=looks.parameters(_decoded(refusals.form_of(row)), kind),
        again="check" if row.path else "",
    )


def _is_before(at: datetime, pk: uuid.UUID, cursor: keyset.Cursor | None) -> bool:
    return cursor is None or (at, pk) < (cursor.value, cursor.id)


def _decoded(form: bytes) -> list[tuple[str, str]]:
    try:
        return payloads.decode_form(form)
    except payloads.PayloadError:
        return []
