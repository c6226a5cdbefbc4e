"""Imports under way: the file, how far it is, what it would do or did."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models import ManageSession, Member, Tenant, TenantOwned, User


class TransferMode(models.TextChoices):
    """What becomes of what is not in the file."""

    ADD = "add", _("Add and change: what is not in the file stays")
    EXACT = "exact", _("Make it exactly so: remove what is not in the file")


class TransferState(models.TextChoices):
    """How far an import is. Only "confirmed" changes anything, all or nothing."""

    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("Waits for you")
    CONFIRMED = "confirmed", _("Being carried out")
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed")


class TransferJob(TenantOwned):
    """One import; the file goes once it is done, the row after a week."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="transfer_jobs")
    kind = models.CharField(max_length=16)
    mode = models.CharField(
        _("What is not in the file"), max_length=8, choices=TransferMode.choices, default=TransferMode.ADD
    )
    state = models.CharField(max_length=12, choices=TransferState.choices, default=TransferState.CHECKING)
    file_name = models.CharField(max_length=120, blank=True, default="")
    file = models.BinaryField(default=b"")
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    result: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    made_by = models.CharField(max_length=254)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    managing = models.ForeignKey(ManageSession, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    # A worker's: a job whose lease is over is taken up again, three times at most.
    tries = models.PositiveSmallIntegerField(default=0)
    lease_token = models.CharField(max_length=32, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return self.file_name or self.kind

    @property
    def is_under_way(self) -> bool:
        """Whether a worker has it, or is to take it."""
        return self.state in (TransferState.CHECKING, TransferState.CONFIRMED)
