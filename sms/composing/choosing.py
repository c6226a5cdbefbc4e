"""Choose the way out of a text: configuration, number to dial and sender. Reads only."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from rules.documents import RewriteError, Route
from rules.e164 import E164
from rules.senders import SenderChoice, SenderFacts, SenderRefusal, SenderStep, choose_sender, is_one_way
from sms.composing import matching
from sms.composing.matching import Matching
from sms.models import Configuration, MemberNumber, PhoneNumber
from tenants.models import Member, Tenant
from tenants.models.members import SendingRight


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes (None: a program, the portal, or an administrator of the system) and what he asked for."""

    member: Member | None = None
    chosen: str = ""
    replying_as: str = ""

    @property
    def may_use_all(self) -> bool:
        """Whether every number of the tenant, and a Sender ID, may be used."""
        return self.member is None or self.member.sending_right == SendingRight.SENDER_ID

    @property
    def has_decided(self) -> bool:
        """Whether the sender is settled, whatever the routes say: it is a reply, or one was chosen."""
        return bool(self.chosen) or bool(self.replying_as and not is_one_way(self.replying_as))


@dataclass(frozen=True, slots=True)
class Way:
    """The way a text takes."""

    configuration: Configuration
    route: Route
    to: E164
    choice: SenderChoice
    number: PhoneNumber | None

    def to_json(self) -> dict[str, Any]:
        """Return what is stored beside the decision."""
        return {"route": self.route.to_json(), "sender": asdict(self.choice)}


class NoWay(Exception):
    """No route can carry the text; the message says what is missing."""

    def __init__(self, code: str, message: str, steps: Sequence[SenderStep] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.steps = tuple(steps)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of every route; `tried` are configurations and senders that this text has been refused from."""

    tenant: Tenant
    writer: Writer
    to: E164
    num_media: int
    wanted: Matching
    tried: Collection[tuple[uuid.UUID, str]]


@dataclass(frozen=True, slots=True)
class _Found:
    """The numbers that come into question on one route; `owned` are those that its configuration sends from."""

    preferred: str
    known: str | None
    near: tuple[str, ...] | None
    rows: dict[str, PhoneNumber] = field(default_factory=dict)
    owned: frozenset[str] = frozenset()


def choose(
    tenant: Tenant,
    writer: Writer,
    routes: Iterable[Route],
    to: E164,
    *,
    num_media: int = 0,
    wanted: Matching | None = None,
    tried: Collection[tuple[uuid.UUID, str]] = (),
) -> Way:
    """Return the first route that has a usable configuration and a sender.

    One whose sender Twilio will not carry is taken only when there is no other: the text waits there. `wanted` is what
    the rule asks of the number; `tried` are configurations, by id, with senders that are not to be taken again.

    Raises:
        NoWay: none has; the reason of the first one is given.
    """
    asked = _Asked(tenant, writer, to, num_media, wanted or Matching(), tried)
    first: NoWay | None = None
    waiting: Way | None = None
    for route in routes:
        try:
            way = _try(asked, route)
        except NoWay as error:
            first = first or error
            continue
        if not _is_stopped(way):
            return way
        waiting = waiting or way
    if waiting is not None:
        return waiting
    raise first or NoWay("route", _("No route of the outbound rule is switched on. Switch one on."))


def _is_stopped(way: Way) -> bool:
    sender = way.configuration.senders.filter(address=way.choice.address, tenant=way.configuration.tenant_id)
    return sender.filter(stopped_at__isnull=False).exists()


def _try(asked: _Asked, route: Route) -> Way:
    configuration = _configuration(asked.tenant, route)
    try:
        dialled = route.dial(asked.to)
    except RewriteError as error:
        raise NoWay("route", str(error)) from error
    found = _find(asked, route, configuration, dialled)
    choice = choose_sender(_facts(asked, route, configuration, dialled, found))
    if isinstance(choice, SenderRefusal):
        raise NoWay(choice.code, choice.message, choice.steps)
    if (configuration.pk, choice.address) in asked.tried:
        raise NoWay("route", _("This text was refused from that sender already."), choice.steps)
    return Way(configuration, route, dialled, choice, found.rows.get(choice.address))


def _configuration(tenant: Tenant, route: Route) -> Configuration:
    found = (
        tenant.configurations.select_related("account")
        .filter(pk=uuid.UUID(hex=route.configuration), deleted_at=None)
        .first()
    )
    if found is None:
        raise NoWay(
            "route", _("The route “%s” leads to an SMS configuration that is gone. Change the rule.") % route.label
        )
    if not found.enabled:
        raise NoWay("route", _("The SMS configuration “%s” is switched off. Switch it on.") % found.name)
    return found


def _find(asked: _Asked, route: Route, configuration: Configuration, to: E164) -> _Found:
    """Look up those of the addresses in question that are numbers of the tenant; pools may be large."""
    preferred = _preferred(asked.writer)
    known, near = _matched(asked, route, configuration, to)
    names = {asked.writer.replying_as, asked.writer.chosen, route.sender, preferred, asked.tenant.default_number}
    wanted = {*names, known or "", *(near or ())} - {""}
    live = asked.tenant.phone_numbers.filter(e164__in=wanted, released_at=None).select_related("pool")
    rows = {number.e164: number for number in live}
    return _Found(preferred, known, near, rows, _owned(asked.tenant, configuration, rows))


def _preferred(writer: Writer) -> str:
    if writer.member is None:
        return ""
    own = writer.member.numbers.filter(preferred=True, number__released_at=None)
    return own.values_list("number__e164", flat=True).first() or ""


def _matched(
    asked: _Asked, route: Route, configuration: Configuration, to: E164
) -> tuple[str | None, tuple[str, ...] | None]:
    """Return the number that this person knows and those like theirs; None for what the rule does not ask."""
    if asked.writer.has_decided:
        return None, None
    tried = [sender for key, sender in asked.tried if key == configuration.pk]
    where = (asked.tenant, configuration.trunk_id, to, tried)
    known = matching.known_number(*where) if asked.wanted.sticky else None
    is_open = asked.wanted.area and not known and not route.sender
    return known, matching.near_numbers(*where) if is_open else None


def _facts(asked: _Asked, route: Route, configuration: Configuration, to: E164, found: _Found) -> SenderFacts:
    return SenderFacts(
        to=to,
        owned=found.owned,
        replying_as=asked.writer.replying_as,
        chosen=asked.writer.chosen,
        choosable=_choosable(asked.writer, configuration, found.rows),
        route_sender=route.sender,
        sender_id=configuration.sender_id,
        may_use_sender_id=asked.writer.may_use_all,
        preferred=found.preferred,
        company_default=asked.tenant.default_number,
        messaging_service=configuration.messaging_service_sid,
        num_media=asked.num_media,
        known=found.known,
        near=found.near,
    )


def _owned(tenant: Tenant, configuration: Configuration, numbers: dict[str, PhoneNumber]) -> frozenset[str]:
    """Return which of the numbers in question are on the configuration's trunk; if none, any other that is."""
    owned = {number.e164 for number in numbers.values() if number.pool.trunk_id == configuration.trunk_id}
    others = tenant.phone_numbers.filter(pool__trunk=configuration.trunk_id, released_at=None)
    return frozenset(owned or others.values_list("e164", flat=True)[:1])


def _choosable(writer: Writer, configuration: Configuration, numbers: dict[str, PhoneNumber]) -> frozenset[str]:
    """Say whether the chosen sender is one that the writer may choose; nothing else is asked."""
    if not writer.chosen:
        return frozenset()
    if writer.may_use_all:
        return frozenset({*numbers, configuration.sender_id} - {""})
    own = MemberNumber.objects.filter(member=writer.member, number__e164=writer.chosen, number__released_at=None)
    return frozenset({writer.chosen}) if own.exists() else frozenset()
