"""What pages show of health: the strip of a configuration, the worst light of many, each with the button that mends."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from sms.health import reasons, rounds, words
from sms.models import Configuration, HealthChange, HealthReading, HealthSchedule
from sms.models.health import Tone
from sms.setup.guide import CONSOLE

# What the badges of a page call a tone.
_BADGES = {reasons.UNKNOWN: "neutral"}


@dataclass(frozen=True, slots=True)
class Button:
    """What mends it: a page of ours, a page of Twilio's console, or something to be done at once (`is_post`)."""

    label: StrOrPromise
    url: str
    icon: str
    is_post: bool = False


@dataclass(frozen=True, slots=True)
class Light:
    """How one aspect is, in words, with the button that mends it."""

    aspect: str
    label: str
    tone: str
    text: str
    advice: str = ""
    numbers: str = ""
    button: Button | None = None
    checked_at: datetime | None = None
    since: datetime | None = None

    @property
    def badge(self) -> str:
        """The tone of a badge."""
        return _BADGES.get(self.tone, self.tone)

    @property
    def tone_word(self) -> str:
        """The tone in a word, for those who do not see colours."""
        return str(Tone(self.tone).label)

    @property
    def is_trouble(self) -> bool:
        """Whether somebody should do something."""
        return reasons.RANK[self.tone] > 0


def strip(configuration: Configuration) -> list[Light]:
    """Return one light for each aspect of a configuration, in the order of the page; one query."""
    rows = {row.aspect: row for row in _sums([configuration.pk])}
    return [light_of(configuration, rows[aspect]) for aspect in reasons.ASPECTS if aspect in rows]


def worst(configurations: Iterable[Configuration]) -> dict[uuid.UUID, Light]:
    """Return for each configuration that was looked at its worst light; one query for all."""
    by_key = {configuration.pk: configuration for configuration in configurations}
    found: dict[uuid.UUID, HealthReading] = {}
    for row in _sums(list(by_key)):
        if (kept := found.get(row.configuration_id)) is None or _place(row) < _place(kept):
            found[row.configuration_id] = row
    return {pk: light_of(by_key[pk], row) for pk, row in found.items()}


def _sums(keys: list[uuid.UUID]) -> QuerySet[HealthReading]:
    return HealthReading.objects.filter(configuration__in=keys, address="")


def _place(row: HealthReading) -> tuple[int, int]:
    """Order by tone, and within it as the page does."""
    known = list(reasons.ASPECTS)
    return reasons.ORDER.index(row.tone), known.index(row.aspect) if row.aspect in known else len(known)


def light_of(configuration: Configuration, row: HealthReading) -> Light:
    """Return one reading as people see it."""
    lent = configuration.account.tenant_id is None
    said = words.say(row.reason, row.facts, operators=lent)
    return Light(
        aspect=row.aspect,
        label=words.label_of(row.aspect),
        tone=row.tone,
        text=said.text,
        advice=said.advice,
        numbers=said.numbers,
        button=_button(configuration, row.reason, lent=lent),
        checked_at=row.checked_at,
        since=row.since,
    )


# --- Buttons ---


def _page(name: str, query: str = "") -> Callable[[Configuration], str]:
    def make(configuration: Configuration) -> str:
        return reverse(f"sms:{name}", args=[configuration.tenant.slug, configuration.pk]) + query

    return make


def _console(path: str) -> Callable[[Configuration], str]:
    return lambda configuration: CONSOLE + path


def _trunk(configuration: Configuration) -> str:
    return reverse("sms:trunk_detail", args=[configuration.tenant.slug, configuration.trunk_id])


def _failed(configuration: Configuration) -> str:
    return reverse("sms:message_list", args=[configuration.tenant.slug]) + "?direction=out&state=failed"


_AT_TWILIO = "external-link"
_BUTTONS: Mapping[str, tuple[StrOrPromise, Callable[[Configuration], str], str]] = {
    "pointing": (gettext_lazy("Set the webhook"), _page("pointing_preview"), "webhook"),
    "token": (gettext_lazy("Replace token"), _page("configuration_token"), "key-round"),
    "edit": (gettext_lazy("Edit"), _page("configuration_edit"), "pencil"),
    "verify": (gettext_lazy("Verify"), _page("configuration_verify"), "circle-check-big"),
    "requests": (gettext_lazy("Webhook requests"), _page("webhook_request_list"), "list"),
    "detail": (gettext_lazy("Details"), _page("configuration_detail"), "eye"),
    "numbers": (gettext_lazy("Open the trunk"), _trunk, "phone"),
    "failed": (gettext_lazy("Failed texts"), _failed, "list"),
    "check": (gettext_lazy("Check now"), _page("configuration_health_check"), "refresh-cw"),
    "release": (gettext_lazy("Check the account"), _page("configuration_check"), "refresh-cw"),
    "console_account": (gettext_lazy("Open the Twilio console"), _console(""), _AT_TWILIO),
    "console_geo": (
        gettext_lazy("Open geo permissions"),
        _console("/us1/develop/sms/settings/geo-permissions"),
        _AT_TWILIO,
    ),
    "console_a2p": (
        gettext_lazy("Open A2P 10DLC"),
        _console("/us1/develop/sms/regulatory-compliance/a2p-10dlc"),
        _AT_TWILIO,
    ),
    "console_toll_free": (
        gettext_lazy("Open the number at Twilio"),
        _console("/us1/develop/phone-numbers/manage/incoming"),
        _AT_TWILIO,
    ),
    "console_sender_id": (
        gettext_lazy("Open regulatory compliance"),
        _console("/us1/develop/sms/regulatory-compliance"),
        _AT_TWILIO,
    ),
    "console_services": (gettext_lazy("Open Messaging Services"), _console("/us1/develop/sms/services"), _AT_TWILIO),
    "console_billing": (
        gettext_lazy("Open billing"),
        _console("/us1/billing/manage-billing/billing-overview"),
        _AT_TWILIO,
    ),
    "console_debugger": (gettext_lazy("Open Twilio's debugger"), _console("/us1/monitor/debugger"), _AT_TWILIO),
}
_POSTS = ("check", "release")
BUTTONS = frozenset(_BUTTONS)


def _button(configuration: Configuration, reason: str, *, lent: bool) -> Button | None:
    """Return the button of a reason; with an operator's account there is none for what only the operator can do."""
    name = reasons.of(reason).button
    if name not in _BUTTONS or (lent and name.startswith(words.OPERATORS_BUTTONS)):
        return None
    label, make, icon = _BUTTONS[name]
    return Button(label, make(configuration), icon, is_post=name in _POSTS)


# --- One configuration's page, the history, the system's page ---


def schedule_of(configuration: Configuration) -> HealthSchedule | None:
    """Return when a configuration is looked at, once that is known."""
    return HealthSchedule.objects.filter(configuration=configuration).first()


def state_of(configuration: Configuration) -> dict[str, Any]:
    """Return what the strip says about itself: when it was looked at, and whether it is just now."""
    schedule = schedule_of(configuration)
    return {
        "strip": strip(configuration),
        "health_checked_at": schedule.checked_at if schedule else None,
        "is_checking": rounds.is_under_way(schedule),
    }


def numbers(configuration: Configuration) -> QuerySet[HealthReading]:
    """Return the readings of a configuration's numbers, a row a number."""
    rows = HealthReading.objects.filter(tenant_id=configuration.tenant_id, configuration=configuration)
    return rows.filter(aspect=reasons.WEBHOOK).exclude(address="")


def beside(configuration: Configuration, rows: Iterable[HealthReading]) -> dict[str, Light]:
    """Return the registration of the numbers that a page shows."""
    addresses = [row.address for row in rows]
    found = HealthReading.objects.filter(
        tenant_id=configuration.tenant_id,
        configuration=configuration,
        aspect=reasons.REGISTRATION,
        address__in=addresses,
    )
    return {row.address: light_of(configuration, row) for row in found}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history."""

    label: str
    text: str
    tone: str
    before: str
    after: str
    address: str
    at: datetime
    mailed_at: datetime | None


def entry_of(configuration: Configuration, change: HealthChange) -> Entry:
    """Return one change as people see it."""
    said = words.say(change.reason, change.facts, operators=configuration.account.tenant_id is None)
    tones = dict(Tone.choices)
    return Entry(
        label=words.label_of(change.aspect),
        text=said.text,
        tone=_BADGES.get(change.after, change.after),
        before=str(tones.get(change.before, "")),
        after=str(tones.get(change.after, "")),
        address=change.address,
        at=change.created_at,
        mailed_at=change.mailed_at,
    )


def concern(configuration: Configuration, light: Light) -> str:
    """Say on the dashboard what is the matter."""
    names = {"name": configuration.name, "aspect": light.label, "text": light.text}
    return _("“%(name)s”, %(aspect)s: %(text)s") % names


def failing(most: int) -> list[Configuration]:
    """Return configurations that do not work, of all tenants; by name only, since their causes are the tenants'."""
    bad = HealthReading.objects.filter(tone=reasons.BAD, address="").values("configuration")
    rows = Configuration.objects.filter(pk__in=bad, deleted_at=None, enabled=True)
    alive = rows.filter(tenant__deleted_at=None, tenant__enabled=True)
    return list(alive.select_related("tenant").order_by("tenant__name", "name", "id")[:most])
