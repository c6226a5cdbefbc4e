"""Counted texts: what stays when rows are erased, and what long spans are read from."""

from datetime import date, datetime

from django.db import models

from tenants.models import Tenant, TenantOwned


class UsageDay(TenantOwned):
    """What passed in one tenant on one day of UTC: all of it, and by quarters of an hour.

    Every time zone begins its days on such a quarter. Counted from the texts' own rows, again and again, never added
    to; a day on which nothing passed has no row.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="usage_days", db_index=False)
    day: "models.DateField[date, date]" = models.DateField()
    received = models.PositiveIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    delivered = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    segments_received = models.PositiveIntegerField(default=0)
    segments_sent = models.PositiveIntegerField(default=0)
    # Of the quarters in which something passed: which of the 96 it is, then the six counts in the order above.
    quarters: "models.JSONField[list[list[int]], list[list[int]]]" = models.JSONField(default=list)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "day"], name="usage_day_once"),)

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.day}"


class UsageProgress(models.Model):
    """Between which moments every tenant's texts are counted. At most one row, with id 1.

    The end moves on with the time; the beginning moves back, day by day, until the oldest text is counted.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    since: "models.DateTimeField[datetime, datetime]" = models.DateTimeField()
    until: "models.DateTimeField[datetime, datetime]" = models.DateTimeField()
    # The look back over the last days goes from tenant to tenant: the last one that it came to.
    checked_tenant = models.UUIDField(null=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="usage_progress_once"),)

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d %H:%M} … {self.until:%Y-%m-%d %H:%M}"
