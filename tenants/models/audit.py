"""The audit log: who did what, where, when. Rows are only ever added."""

from django.db import models

from tenants import clock
from tenants.ids import new_id
from tenants.models.users import User


class AuditEntry(models.Model):
    """One change. Without a tenant it stands in the system's own log."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.SET_NULL, null=True, related_name="audit_entries")
    tenant_label = models.CharField(max_length=1024, blank=True, default="")
    occurred_at = models.DateTimeField(default=clock.now)
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    actor_label = models.CharField(max_length=254)
    managing = models.BooleanField(default=False)
    action = models.CharField(max_length=64)
    target_type = models.CharField(max_length=40, blank=True, default="")
    target_id = models.CharField(max_length=32, blank=True, default="")
    target_label = models.CharField(max_length=254, blank=True, default="")
    changes = models.JSONField(default=dict, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    request_id = models.CharField(max_length=32, blank=True, default="")

    class Meta:
        ordering = ("-occurred_at", "-id")
        indexes = (
            models.Index(fields=["tenant", "-occurred_at", "-id"], name="audit_by_tenant"),
            models.Index(fields=["tenant", "target_id", "-occurred_at", "-id"], name="audit_by_target"),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.target_label}"
