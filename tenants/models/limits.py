"""What limits sending: message quotas that are counted, and the switch that stops all of it."""

from django.db import models

from tenants.models.base import TenantOwned
from tenants.models.tenants import Tenant


class QuotaCounter(TenantOwned):
    """How many texts a tenant was given in one window of its own time zone: a day `2026-11-22`, a month `2026-11`."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="quota_counters", db_index=False)
    window = models.CharField(max_length=10)
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "window"], name="quota_window_once"),)

    def __str__(self) -> str:
        return f"{self.window}: {self.used}"


class SystemState(models.Model):
    """What holds for the whole installation. At most one row, with id 1; without it nothing is stopped."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sending_stopped_at = models.DateTimeField(null=True, blank=True)
    sending_stopped_by = models.CharField(max_length=254, blank=True, default="")
    # Grows by the hour, here and in a file beside the portal: a database behind its file was restored from a copy.
    epoch = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="system_state_once"),)

    def __str__(self) -> str:
        return "stopped" if self.sending_stopped_at else "running"
