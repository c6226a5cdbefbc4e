"""Choose the way out of a text: configuration, number to dial and sender. Reads only."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _

from rules.documents import RewriteError, Route
from rules.e164 import E164
from rules.senders import SenderChoice, SenderFacts, SenderRefusal, SenderStep, choose_sender
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


def choose(tenant: Tenant, writer: Writer, routes: Iterable[Route], to: E164, *, num_media: int = 0) -> Way:
    """Return the first route that has a usable configuration and a sender.

    One whose sender Twilio will not carry is taken only when there is no other: the text waits there.

    Raises:
        NoWay: none has; the reason of the first one is given.
    """
    first: NoWay | None = None
    waiting: Way | None = None
    for route in routes:
        try:
            way = _try(tenant, writer, route, to, num_media)
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


def _try(tenant: Tenant, writer: Writer, route: Route, to: E164, num_media: int) -> Way:
    configuration = _configuration(tenant, route)
    try:
        dialled = route.dial(to)
    except RewriteError as error:
        raise NoWay("route", str(error)) from error
    numbers = _numbers(tenant, writer, route)
    choice = choose_sender(_facts(tenant, writer, route, configuration, dialled, numbers, num_media))
    if isinstance(choice, SenderRefusal):
        raise NoWay(choice.code, choice.message, choice.steps)
    return Way(configuration, route, dialled, choice, numbers.get(choice.address))


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


def _numbers(tenant: Tenant, writer: Writer, route: Route) -> dict[str, PhoneNumber]:
    """Return those of the addresses in question that are numbers of the tenant; pools may be large."""
    asked = {writer.replying_as, writer.chosen, route.sender, _preferred(writer), tenant.default_number} - {""}
    live = tenant.phone_numbers.filter(e164__in=asked, released_at=None).select_related("pool")
    return {number.e164: number for number in live}


def _preferred(writer: Writer) -> str:
    if writer.member is None:
        return ""
    own = writer.member.numbers.filter(preferred=True, number__released_at=None)
    return own.values_list("number__e164", flat=True).first() or ""


def _facts(
    tenant: Tenant,
    writer: Writer,
    route: Route,
    configuration: Configuration,
    to: E164,
    numbers: dict[str, PhoneNumber],
    num_media: int,
) -> SenderFacts:
    return SenderFacts(
        to=to,
        owned=_owned(tenant, configuration, numbers),
        replying_as=writer.replying_as,
        chosen=writer.chosen,
        choosable=_choosable(writer, configuration, numbers),
        route_sender=route.sender,
        sender_id=configuration.sender_id,
        may_use_sender_id=writer.may_use_all,
        preferred=_preferred(writer),
        company_default=tenant.default_number,
        messaging_service=configuration.messaging_service_sid,
        num_media=num_media,
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
