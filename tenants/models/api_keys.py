"""Keys by which a tenant's programs use the API."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants.models.base import TenantOwned


class ApiKey(TenantOwned):
    """`smsp_<key id>_<secret>_<check>`: shown once, only the digest is stored."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(_("Name"), max_length=64)
    key_id = models.CharField(max_length=8, unique=True)
    digest = models.CharField(max_length=64)
    created_by = models.CharField(max_length=254)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "name"], condition=Q(revoked_at=None), name="api_key_name_unique"
            ),
        )

    def __str__(self) -> str:
        return self.name
