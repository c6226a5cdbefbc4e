"""What setting the webhook would change at Twilio: for each number and Messaging Service, or why it is left alone.

Nothing is written here, and Twilio is not asked: a plan is made from what was last read there.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from sms.models import ChangeKind, Configuration, NumberKind, TwilioNumber, TwilioService
from sms.pointing import judging, looking
from sms.pointing.judging import Pointing, Verdict
from sms.setup import configuring
from sms.twilio.numbers import WEBHOOK_FIELDS
from sms.twilio.services import SERVICE_FIELDS

Values = dict[str, Any]


class ServiceMode(StrEnum):
    """What to do with a Messaging Service that takes the texts of its numbers."""

    SERVICE = "service"
    NUMBERS = "numbers"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Planned:
    """One number or Messaging Service: what stands there, what will, or in `left` why it stays as it is."""

    kind: ChangeKind
    sid: str
    name: str
    before: Values
    after: Values
    pointing: Pointing
    left: str = ""
    warnings: tuple[str, ...] = ()
    # Messaging Services alone: what was chosen for it, of what can be.
    mode: str = ""
    modes: tuple[str, ...] = ()

    @property
    def told(self) -> looking.Told:
        """Where its texts go now, in words."""
        return looking.told(self.pointing)

    @property
    def is_service(self) -> bool:
        """Whether it is a Messaging Service."""
        return self.kind == ChangeKind.SERVICE

    @property
    def e164(self) -> str:
        """The number; nothing for a service."""
        return "" if self.is_service else self.name

    @property
    def differences(self) -> list[tuple[str, str, str]]:
        """What will change: the setting, its value now, its value then, as they may be shown."""
        return differences(self.before, self.after)


def plan(
    configuration: Configuration,
    numbers: Iterable[TwilioNumber],
    services: Iterable[TwilioService] = (),
    modes: Mapping[str, str] | None = None,
) -> list[Planned]:
    """Return what will change, services first; `modes` says for a service's SID what to do with it.

    A service that takes the texts of one of the numbers is planned with it: its number's own address would not count.
    """
    listed = list(numbers)
    wanted = looking.ours(configuration)
    known = {service.sid: service for service in services}
    for number in listed:
        if number.service is not None and not number.service.use_inbound_webhook_on_number:
            known.setdefault(number.service.sid, number.service)
    owned = configuration.account.tenant_id == configuration.tenant_id
    held = set(configuring.numbers_of(configuration).values_list("e164", flat=True))
    inside = _members(known.values()) if owned else {}
    found = [
        _service(configuration, service, wanted, (modes or {}).get(sid, ""), inside.get(sid, []), held)
        for sid, service in known.items()
    ]
    chosen = {one.sid: one for one in found}
    in_question = {number.sid for number in listed}
    for one in found:
        if one.mode == ServiceMode.NUMBERS:
            listed += [number for number in inside[one.sid] if number.e164 in held and number.sid not in in_question]
    return found + [_number(configuration, number, wanted, chosen, held) for number in listed]


def _members(services: Iterable[TwilioService]) -> dict[str, list[TwilioNumber]]:
    """Return the numbers of each service, all in one question."""
    by_id = {service.pk: service for service in services}
    members: dict[str, list[TwilioNumber]] = {service.sid: [] for service in by_id.values()}
    if by_id:
        for number in TwilioNumber.objects.filter(service__in=list(by_id), gone_at=None).order_by("e164"):
            number.service = by_id[number.service_id]  # type: ignore[index]
            members[number.service.sid].append(number)
    return members


# --- Messaging Services ---


def _service(
    configuration: Configuration,
    service: TwilioService,
    wanted: judging.Ours,
    asked: str,
    members: Sequence[TwilioNumber],
    held: set[str],
) -> Planned:
    pointing = looking.at_service(service, wanted)
    before = {name: getattr(service, name) for name in SERVICE_FIELDS}
    if configuration.account.tenant_id != configuration.tenant_id:
        left = _("It belongs to your operator's account. Ask the operator to set it.")
        return Planned(ChangeKind.SERVICE, service.sid, str(service), before, {}, pointing, left)
    usual = ServiceMode.NUMBERS if service.use_inbound_webhook_on_number else ServiceMode.SERVICE
    mode = ServiceMode(asked) if asked in set(ServiceMode) else usual
    after = service_values(configuration, mode)
    left = ""
    if service.gone_at is not None:
        left = _("The account does not have it any more.")
    elif mode == ServiceMode.LEAVE:
        left = _("You chose to leave it.")
    elif not differences(before, after):
        left = _("It stands so already.")
    warnings = [] if left else _service_warnings(pointing, members, held, mode)
    return Planned(
        ChangeKind.SERVICE,
        service.sid,
        str(service),
        before,
        {} if left else after,
        pointing,
        left,
        tuple(warnings),
        mode,
        tuple(ServiceMode),
    )


def _service_warnings(pointing: Pointing, members: Sequence[TwilioNumber], held: set[str], mode: str) -> list[str]:
    found = []
    if pointing.verdict == Verdict.SERVICE:
        text = _("Its texts go to %s now. Whatever takes them there gets none any more.")
        found.append(text % pointing.detail)
    strangers = [number for number in members if number.e164 not in held]
    if strangers and mode == ServiceMode.SERVICE:
        text = _("It also sends from %(count)d numbers that are not in this pool: their texts come here, too.")
        found.append(text % {"count": len(strangers)})
    if strangers and mode == ServiceMode.NUMBERS:
        text = _("It also sends from %(count)d numbers that are not in this pool: each goes where it says itself.")
        found.append(text % {"count": len(strangers)})
    return found


def service_values(configuration: Configuration, mode: str) -> Values:
    """Return what a Messaging Service is set to."""
    if mode == ServiceMode.LEAVE:
        return {}
    if mode == ServiceMode.NUMBERS:
        return {"use_inbound_webhook_on_number": True}
    return {
        "inbound_request_url": configuring.webhook_url(configuration),
        "inbound_method": "POST",
        "fallback_url": configuring.fallback_url(configuration),
        "fallback_method": "POST",
        "use_inbound_webhook_on_number": False,
    }


# --- Numbers ---


def _number(
    configuration: Configuration,
    number: TwilioNumber,
    wanted: judging.Ours,
    services: Mapping[str, Planned],
    held: set[str],
) -> Planned:
    short = number.kind == NumberKind.SHORT_CODE
    kind = ChangeKind.SHORT_CODE if short else ChangeKind.NUMBER
    pointing = looking.at_number(number, wanted)
    before = {name: getattr(number, name) for name in WEBHOOK_FIELDS}
    after = number_values(configuration, before)
    service = services.get(number.service.sid) if number.service else None
    left = _why_left(configuration, number, service, held)
    if not left and not differences(before, after):
        left = _("It stands so already.")
    warnings = [] if left else _warnings(before, wanted)
    after = {} if left else after
    return Planned(kind, number.sid, number.e164, before, after, pointing, left, tuple(warnings))


def number_values(configuration: Configuration, before: Values) -> Values:
    """Return what a number is set to: both addresses, and no application in the way."""
    after = {
        "sms_url": configuring.webhook_url(configuration),
        "sms_method": "POST",
        "sms_fallback_url": configuring.fallback_url(configuration),
        "sms_fallback_method": "POST",
    }
    return after | ({"sms_application_sid": ""} if before.get("sms_application_sid") else {})


def is_held(configuration: Configuration, number: TwilioNumber, held: set[str]) -> bool:
    """Whether a tenant may set this number: one of its pool, or, as no pool takes those, a short code of its own."""
    own_code = number.kind == NumberKind.SHORT_CODE and configuration.account.tenant_id == configuration.tenant_id
    return number.e164 in held or own_code


def _why_left(configuration: Configuration, number: TwilioNumber, service: Planned | None, held: set[str]) -> str:
    if number.gone_at is not None:
        return _("The account does not have it any more.")
    if not is_held(configuration, number, held):
        return _("It is not in the pool of this trunk. Add it there first.")
    if not number.sms:
        return _("It cannot take texts.")
    if service is None or service.mode == ServiceMode.NUMBERS:
        return ""
    if service.pointing.verdict.arrives or service.after:
        return _("Messaging Service “%s” takes its texts; the number's own address does not count.") % service.name
    return _("Messaging Service “%s” takes its texts and is left as it is.") % service.name


def _warnings(before: Values, wanted: judging.Ours) -> list[str]:
    if before["sms_application_sid"]:
        text = _("TwiML application %s takes its texts now and gets none any more. The application itself stays.")
        return [text % before["sms_application_sid"]]
    url = before["sms_url"]
    base, key = judging.split(url)
    if not url or key in (*wanted.keys, *wanted.retiring):
        return []
    if base in map(judging.plain, wanted.bases):
        return [_("Its texts go to another SMS configuration of this portal now, which gets none any more.")]
    return [_("Its texts go to %s now. Whatever takes them there gets none any more.") % judging.masked(url)]


# --- Showing and comparing ---


def differences(before: Values, after: Values) -> list[tuple[str, str, str]]:
    """Return the settings that differ: their names for people, the value before, the value after."""
    labels = _labels()
    return [
        (labels[name], shown(before.get(name, "")), shown(after[name]))
        for name in after
        if not same(before.get(name, ""), after[name])
    ]


def same(one: Any, other: Any) -> bool:
    """Whether two values are one, as far as they are kept here."""
    return one == other if isinstance(one, bool) or isinstance(other, bool) else str(one)[:500] == str(other)[:500]


def shown(value: Any) -> str:
    """Write a value for people: no key of a webhook, no password, but the part that steers Twilio's tries."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = str(value)
    if "://" not in text:
        return text
    address, _mark, tail = text.partition("#")
    # Of the key of a webhook its end, and what the address is for.
    key, _slash, purpose = address.partition(judging.PATH)[2].partition("/")
    return judging.masked(address) + (f"{key[-4:]}/{purpose}" if purpose else "") + (f"#{tail}" if tail else "")


def _labels() -> dict[str, str]:
    return {
        "sms_url": _("A message comes in"),
        "sms_method": _("Method"),
        "sms_fallback_url": _("Primary handler fails"),
        "sms_fallback_method": _("Method of the fallback"),
        "sms_application_sid": _("TwiML application"),
        "inbound_request_url": _("Incoming messages"),
        "inbound_method": _("Method"),
        "fallback_url": _("Fallback"),
        "fallback_method": _("Method of the fallback"),
        "use_inbound_webhook_on_number": _("Leave texts to the numbers"),
    }


def changing(planned: Iterable[Planned]) -> list[Planned]:
    """Return what would be written."""
    return [one for one in planned if one.after]


def digest(planned: Iterable[Planned]) -> str:
    """Return a short text that is another one as soon as what would be written is."""
    rows = sorted(([one.sid, one.before, one.after] for one in changing(planned)), key=lambda row: str(row[0]))
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:32]
