"""Links by which a person becomes a system administrator."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants import clock
from tenants.ids import new_id


class AdministratorInvitation(models.Model):
    """Works once, for one e-mail address; the token itself is never stored."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(_("E-mail"))
    token_digest = models.CharField(max_length=64, unique=True)
    invited_by = models.CharField(max_length=254)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return self.email
