"""What a worker has in hand while it sends: leased texts, and the configurations they go by."""

import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sms import claims
from sms.models import Configuration

_KNOWN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Claimed:
    """A text that this worker has leased, with everything its POST needs."""

    message: uuid.UUID
    attempt: uuid.UUID
    number: int
    token: str
    tenant: uuid.UUID
    configuration: Configuration
    sender: uuid.UUID
    ours: str
    theirs: str
    body: str
    media: tuple[str, ...]
    segments: int
    expires_at: datetime | None
    callback: str

    @property
    def pair(self) -> claims.Pair:
        """What an opt-out is about."""
        return self.tenant, self.ours, self.theirs

    @property
    def account(self) -> uuid.UUID:
        """Whose limits at Twilio it counts against."""
        return self.configuration.account_id


@dataclass
class Known:
    """The configurations that a worker has lately read; after a change of credentials they are read anew."""

    rows: dict[tuple[uuid.UUID, int], tuple[float, Configuration]] = field(default_factory=dict)

    def configurations(self, wanted: Collection[uuid.UUID]) -> dict[uuid.UUID, Configuration]:
        """Return configurations with account and webhook keys; those read a moment ago are not read again."""
        versions = dict(Configuration.objects.filter(pk__in=wanted).values_list("pk", "account__version"))
        since = time.monotonic() - _KNOWN_SECONDS
        stale = [key[0] for key in versions.items() if key not in self.rows or self.rows[key][0] < since]
        rows = Configuration.objects.select_related("account").prefetch_related("webhook_keys")
        found = rows.in_bulk(stale) if stale else {}
        self.rows |= {(pk, row.account.version): (time.monotonic(), row) for pk, row in found.items()}
        return {pk: found[pk] if pk in found else self.rows[pk, version][1] for pk, version in versions.items()}
