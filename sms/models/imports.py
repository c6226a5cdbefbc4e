"""What Twilio's own list of messages is compared with: how far it was read, and what must not come back."""

from datetime import datetime

from django.db import models

from sms.models.configurations import TwilioAccount
from tenants.ids import new_id
from tenants.models import Tenant, TenantOwned


class ImportCursor(models.Model):
    """How far one account's list of received texts was read. The cursor moves after a window was read in full."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.OneToOneField(TwilioAccount, on_delete=models.CASCADE, related_name="import_cursor")
    cursor: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    due_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    read_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    # The nightly pass over seven days, and what a person asked for ("since …"): read once, then forgotten.
    full_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    wanted_since: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    wanted_by = models.CharField(max_length=254, blank=True, default="")
    # Something went wrong (an outage, refused signatures, new credentials): look soon, whatever the ladder says.
    trouble = models.CharField(max_length=40, blank=True, default="")
    trouble_until: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    # The window that is being read, and where to go on in it.
    reading_from: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    reading_to: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    next_page = models.CharField(max_length=1000, blank=True, default="")
    # The long pass, back to a day, beside it: a poll every 30 seconds does not wait for 400 days.
    back_from: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    back_to: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    back_page = models.CharField(max_length=1000, blank=True, default="")
    back_reached: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    imported = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=250, blank=True, default="")
    failures = models.PositiveSmallIntegerField(default=0)
    lease_token = models.CharField(max_length=32, blank=True, default="")
    lease_until: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.account}"


class Tombstone(TenantOwned):
    """A text that was erased here: its digest keeps Twilio's list, or a replayed request, from bringing it back."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="tombstones", db_index=False)
    # SHA-256 of Account SID and message SID, hexadecimal.
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "digest"], name="tombstone_once"),)

    def __str__(self) -> str:
        return self.digest[:8]
