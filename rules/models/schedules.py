"""A tenant's office hours and holidays."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models import Tenant, TenantOwned


class OfficeHours(TenantOwned):
    """A tenant's week, as rules/schedule.py reads it; a tenant without a row is always open."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="office_hours")
    week: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"Office hours of {self.tenant}"


class Holiday(TenantOwned):
    """Days on which the office is closed, first and last included; with `yearly` every year anew."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="holidays")
    name = models.CharField(_("Name"), max_length=120)
    country = models.CharField(_("Country"), max_length=2, blank=True, default="")
    starts_on = models.DateField(_("First day"))
    ends_on = models.DateField(_("Last day"))
    yearly = models.BooleanField(_("Every year"), default=False)

    class Meta:
        ordering = ("starts_on", "name", "id")
        constraints = (
            models.UniqueConstraint(fields=["tenant", "name", "starts_on"], name="holiday_once"),
            models.CheckConstraint(condition=models.Q(ends_on__gte=models.F("starts_on")), name="holiday_runs_forward"),
        )

    def __str__(self) -> str:
        return self.name
