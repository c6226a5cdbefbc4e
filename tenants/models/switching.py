"""A system administrator's stay inside a tenant."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants.models.base import TenantOwned
from tenants.models.users import User


class ManageSession(TenantOwned):
    """From Manage to Leave; ends by itself when idle."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="manage_sessions")
    administrator = models.ForeignKey(User, on_delete=models.CASCADE, related_name="manage_sessions")
    reason = models.CharField(_("Reason"), max_length=200, blank=True, default="")
    expires_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["administrator", "tenant"], condition=Q(left_at=None), name="manage_session_live"),
        )

    def __str__(self) -> str:
        return f"{self.administrator} in {self.tenant}"
