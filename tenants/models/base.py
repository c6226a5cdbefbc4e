"""What every tenant-owned table has: its own id and its own tenant."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models

from tenants import clock
from tenants.ids import new_id

if TYPE_CHECKING:
    from tenants.models.tenants import Tenant


class TenantOwned(models.Model):
    """A row that belongs to one tenant, children included."""

    id: "models.UUIDField[uuid.UUID | str, uuid.UUID]" = models.UUIDField(
        primary_key=True, default=new_id, editable=False
    )
    tenant: "models.ForeignKey[Tenant, Tenant]" = models.ForeignKey(
        "tenants.Tenant", on_delete=models.CASCADE, related_name="%(class)ss"
    )
    created_at: "models.DateTimeField[datetime | str, datetime]" = models.DateTimeField(
        default=clock.now, editable=False
    )

    class Meta:
        abstract = True
