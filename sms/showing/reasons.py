"""Why texts failed: counted by Twilio's code, each reason with who must act, a button, and the list it counts."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet

from sms.errors import explain
from sms.models import Configuration, Message
from sms.models.messages import WITH_ERROR
from sms.showing import log, remedies
from sms.showing.remedies import Problem
from tenants.access import TenantRequest

# So many failed texts are counted, the newest ones; and so many reasons are shown.
MOST_COUNTED = 10_000
MOST_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, and how many texts failed for it."""

    count: int
    problem: Problem


def since(
    request: TenantRequest,
    messages: QuerySet[Message],
    moment: datetime,
    configurations: Collection[Configuration],
) -> list[Reason]:
    """Return why texts failed since a moment, the most frequent reason first, with one query.

    The texts with an error have an index of their own. `configurations` are the tenant's with their accounts: a reason
    brings the button for the one that met it most often.
    """
    failed = messages.filter(WITH_ERROR, log.STATES["failed"], occurred_at__gte=moment)
    newest = failed.order_by("-occurred_at", "-id").values("pk")[:MOST_COUNTED]
    rows = Message.objects.filter(pk__in=newest).order_by().values_list("error_code", "configuration")
    counts: Counter[str] = Counter()
    places: defaultdict[str, Counter[UUID | None]] = defaultdict(Counter)
    for code, place, number in rows.annotate(number=Count("pk")):
        counts[code] += number
        places[code][place] += number
    known = {configuration.pk: configuration for configuration in configurations}
    found = []
    for code, number in counts.most_common(MOST_SHOWN):
        ((place, _most),) = places[code].most_common(1)
        met = known.get(place) if place else None
        found.append(Reason(number, remedies.of(request, explain(code), configuration=met)))
    return found
