"""Rule sets: every save of a tenant's rules is an immutable version."""

from typing import Any

from django.db import models

from tenants.models import Tenant, TenantOwned


class RuleKind(models.TextChoices):
    """Which rules a set holds."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class RuleSet(TenantOwned):
    """One version of a tenant's inbound or outbound rules; the newest is live."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="rule_sets", db_index=False)
    kind = models.CharField(max_length=8, choices=RuleKind.choices)
    version = models.PositiveIntegerField()
    document: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    saved_by = models.CharField(max_length=254, blank=True, default="")
    # What was done, in words, when it was more than one rule: "Restored version 5".
    note = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "kind", "version"], name="rule_set_version_once"),)

    def __str__(self) -> str:
        return f"{self.kind} rules, version {self.version}"
