"""Tell a tenant's administrators by mail what got worse: one mail a round and tenant, tried again while it fails.

What the mail says stands on the page of the configuration as well; without a mail server only there.
"""

import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rules.e164 import format_for_people
from sms.health import reasons, words
from sms.models import Configuration, HealthChange
from tenants import clock, letters, links
from tenants.letters import MailError
from tenants.models import Tenant
from tenants.roles import PERMISSIONS, Permission

log = logging.getLogger(__name__)

_BACK_OFF_SECONDS = (60, 300, 1800, 7200, 21_600)
_LEASE_SECONDS = 120
# Of one tenant at a time; more than that is one event, and one mail tells it.
_MOST = 5000
_NAMED = 5
_LINES = 50


@dataclass(slots=True)
class Line:
    """What got worse for one or several numbers of a configuration, for one reason."""

    aspect: str
    text: str
    advice: str
    tone: str
    addresses: list[str] = field(default_factory=list)

    @property
    def numbers(self) -> str:
        """Some of the numbers, and how many more."""
        if not self.addresses:
            return ""
        shown = ", ".join(format_for_people(address) for address in self.addresses[:_NAMED])
        more = len(self.addresses) - _NAMED
        return shown + (ngettext(" and %d more", " and %d more", more) % more if more > 0 else "")


def work(should_stop: Callable[[], bool] = lambda: False) -> int:
    """Send the mails that are due; returns how many left."""
    due = HealthChange.objects.filter(mail_due_at__lte=clock.now())
    tenants = list(due.order_by().values_list("tenant_id", flat=True).distinct()[:200])
    sent = 0
    for tenant_id in tenants:
        if should_stop():
            break
        sent += _tell(tenant_id)
    return sent


def _tell(tenant_id: uuid.UUID) -> int:
    changes = _take(tenant_id)
    if not changes:
        return 0
    people = _people(changes[0].tenant)
    if not settings.MAIL_IS_SET_UP or not people:
        _end(changes, mailed=False)
        return 0
    subject, body = _written(changes[0].tenant, changes)
    sent = sum(_hand_over(person, subject, body) for person in people)
    if sent:
        _end(changes, mailed=True)
    else:
        _try_again(changes)
    return sent


@transaction.atomic
def _take(tenant_id: uuid.UUID) -> list[HealthChange]:
    """Take a tenant's due changes: for others they are not due as long as this mail takes."""
    now = clock.now()
    due = HealthChange.objects.filter(tenant_id=tenant_id, mail_due_at__lte=now).select_for_update(of=("self",))
    found = list(due.select_related("tenant", "configuration__account", "configuration__tenant").order_by("id")[:_MOST])
    _update(found, mail_due_at=now + timedelta(seconds=_LEASE_SECONDS))
    return found


def _people(tenant: Tenant) -> list[str]:
    """Return the addresses of those who may mend a configuration."""
    roles = [role for role, allowed in PERMISSIONS.items() if Permission.CONFIGURATIONS_EDIT in allowed]
    members = tenant.members.filter(enabled=True, role__in=roles, user__is_active=True)
    return list(members.order_by("user__email").values_list("user__email", flat=True)[:50])


def _hand_over(person: str, subject: str, body: str) -> bool:
    try:
        letters.deliver(person, subject, body)
    except MailError as error:
        log.warning("sms.health.unmailed error=%s", error)
        return False
    return True


def _end(changes: Sequence[HealthChange], *, mailed: bool) -> None:
    done = {"mail_due_at": None, "mail_tries": max(change.mail_tries for change in changes) + 1}
    _update(changes, **done, **({"mailed_at": clock.now()} if mailed else {}))


def _try_again(changes: Sequence[HealthChange]) -> None:
    tries = max(change.mail_tries for change in changes)
    if tries >= len(_BACK_OFF_SECONDS):
        _end(changes, mailed=False)
        return
    wait = clock.in_seconds(_BACK_OFF_SECONDS[tries] * settings.TIME_SCALE)
    _update(changes, mail_due_at=wait, mail_tries=tries + 1)


def _update(changes: Sequence[HealthChange], **values: object) -> None:
    keys = [change.pk for change in changes]
    for start in range(0, len(keys), 500):
        HealthChange.objects.filter(pk__in=keys[start : start + 500]).update(**values)


# --- What it says ---


def _written(tenant: Tenant, changes: Sequence[HealthChange]) -> tuple[str, str]:
    """Write one mail about all of a tenant's changes, by configuration."""
    by_configuration: dict[Configuration, list[HealthChange]] = defaultdict(list)
    for change in changes:
        by_configuration[change.configuration].append(change)
    parts = [
        {
            "name": configuration.name,
            "url": links.absolute("sms:configuration_health", configuration.tenant.slug, configuration.pk),
            "lines": lines(configuration, its)[:_LINES],
        }
        for configuration, its in by_configuration.items()
    ]
    names = ", ".join(f"“{part['name']}”" for part in parts[:3])
    bad = any(change.after == reasons.BAD for change in changes)
    subject = _("%s does not work") % names if bad else _("%s needs attention") % names
    return subject, render_to_string("sms/mail/health.txt", {"tenant": tenant, "parts": parts})


def lines(configuration: Configuration, changes: Iterable[HealthChange]) -> list[Line]:
    """Put together what is said of several numbers for one reason; what does not work stands first."""
    operators = configuration.account.tenant_id is None
    found: dict[tuple[str, str, str], Line] = {}
    for change in changes:
        said = words.say(change.reason, change.facts, operators=operators)
        line = found.setdefault(
            (change.aspect, change.reason, said.text),
            Line(words.label_of(change.aspect), said.text, said.advice, change.after),
        )
        if change.address:
            line.addresses.append(change.address)
    return sorted(found.values(), key=lambda line: reasons.ORDER.index(line.tone))
