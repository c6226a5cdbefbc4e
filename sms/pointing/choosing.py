"""What of an account a person chose to set: only what the tenant may touch, as it stands at Twilio."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from sms.mirror import keeping
from sms.models import Configuration, TwilioNumber, TwilioService
from sms.setup import configuring
from sms.twilio import numbers as at_twilio
from sms.twilio import services as services_at_twilio
from sms.twilio.numbers import is_short_code

# So many are asked from Twilio anew while the person waits.
FEW = 3
# More than a page of a list are chosen as a whole.
_MOST = 500


@dataclass(slots=True)
class Choice:
    """The numbers and services that were chosen; `everything` stands for the whole pool."""

    everything: bool
    numbers: list[TwilioNumber] = field(default_factory=list)
    services: list[TwilioService] = field(default_factory=list)

    @property
    def is_small(self) -> bool:
        """Whether it can be asked from Twilio anew at once."""
        return not self.everything and len(self.numbers) + len(self.services) <= FEW


def choose(configuration: Configuration, ids: Sequence[str], sids: Sequence[str]) -> Choice:
    """Return what was chosen, by our ids or by Twilio's SIDs; nothing chosen means the whole pool."""
    if not ids and not sids:
        return Choice(True, list(of_pool(configuration)))
    named = Q(pk__in=_uuids(ids)) | Q(sid__in=list(sids)[:_MOST])
    numbers = visible_numbers(configuration).filter(named).select_related("service").order_by("e164")
    services = visible_services(configuration).filter(named)
    return Choice(False, list(numbers), list(services))


def _uuids(texts: Iterable[str]) -> list[uuid.UUID]:
    found = []
    for text in list(texts)[:_MOST]:
        try:
            found.append(uuid.UUID(hex=text))
        except ValueError:
            continue
    return found


def of_pool(configuration: Configuration) -> QuerySet[TwilioNumber]:
    """Return the account's numbers that are in the pool."""
    rows = configuration.account.twilio_numbers.filter(_in_pool(configuration), gone_at=None)
    return rows.select_related("service").order_by("e164")


def _in_pool(configuration: Configuration) -> Exists:
    return Exists(configuring.numbers_of(configuration).filter(e164=OuterRef("e164")))


def visible_numbers(configuration: Configuration) -> QuerySet[TwilioNumber]:
    """Return the account's numbers that the tenant may know of: of an operator's account only the own pool's."""
    rows = configuration.account.twilio_numbers.all()
    return rows if _owned(configuration) else rows.filter(_in_pool(configuration))


def visible_services(configuration: Configuration) -> QuerySet[TwilioService]:
    """Return the account's Messaging Services; of an operator's account only those of the own pool's numbers."""
    rows = configuration.account.services.all()
    if _owned(configuration):
        return rows
    return rows.filter(Exists(of_pool(configuration).filter(service=OuterRef("pk")).order_by()))


def _owned(configuration: Configuration) -> bool:
    return configuration.account.tenant_id == configuration.tenant_id


def missing(configuration: Configuration) -> QuerySet[Any]:
    """Return the pool's numbers that the account does not have, as far as it was read."""
    there = configuration.account.twilio_numbers.filter(e164=OuterRef("e164"), gone_at=None)
    return configuring.numbers_of(configuration).filter(~Exists(there)).order_by("e164")


def ask_anew(configuration: Configuration, choice: Choice) -> None:
    """Ask Twilio how a small choice stands now.

    Raises:
        TwilioProblem: Twilio could not be asked.
    """
    account = configuration.account
    keeping.numbers(account, [at_twilio.fetch_number(account, number.sid) for number in choice.numbers])
    keeping.services(account, [services_at_twilio.fetch_service(account, found.sid) for found in choice.services])


def look_up(configuration: Configuration, sids: Iterable[str]) -> None:
    """Keep numbers that were never read: they may have been bought a minute ago. What Twilio knows not is left out.

    Raises:
        TwilioProblem: Twilio could not be asked.
    """
    account = configuration.account
    known = set(account.twilio_numbers.filter(sid__in=list(sids)).values_list("sid", flat=True))
    for sid in [sid for sid in sids if sid not in known and (sid.startswith("PN") or is_short_code(sid))][:FEW]:
        keeping.numbers(account, [at_twilio.fetch_number(account, sid)])
