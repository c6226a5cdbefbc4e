"""How each configuration does, aspect by aspect, with what changed and who was told."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sms.models.configurations import Configuration
from tenants import clock
from tenants.models import Tenant, TenantOwned


class Tone(models.TextChoices):
    """How well something is, worst last; unknown says that nobody could look."""

    GOOD = "good", _("Good")
    UNKNOWN = "unknown", _("Not known")
    WARN = "warn", _("Needs attention")
    BAD = "bad", _("Does not work")


class HealthSchedule(TenantOwned):
    """When a configuration is looked at next, and who does it now."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="health_schedules")
    configuration = models.OneToOneField(Configuration, on_delete=models.CASCADE, related_name="health_schedule")
    due_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=clock.now)
    checked_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    lease_token = models.CharField(max_length=32, blank=True, default="")
    lease_until: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["due_at"], name="health_schedule_due"),)

    def __str__(self) -> str:
        return f"{self.configuration}"


class HealthReading(TenantOwned):
    """How one aspect of a configuration, or of one of its numbers (`address`, E.164), was when last looked at."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="health_readings", db_index=False)
    configuration = models.ForeignKey(Configuration, on_delete=models.CASCADE, related_name="health_readings")
    address = models.CharField(max_length=40, blank=True, default="")
    aspect = models.CharField(max_length=24)
    tone = models.CharField(max_length=8, choices=Tone.choices)
    # A key of the table of reasons, and what its sentence names.
    reason = models.CharField(max_length=40, blank=True, default="")
    facts: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    checked_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=clock.now)
    since: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "configuration", "address", "aspect"], name="health_reading_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.aspect} {self.tone}"


class HealthChange(TenantOwned):
    """One change of an aspect, for its history; a change for the worse is a notice, and is mailed once."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="health_changes", db_index=False)
    configuration = models.ForeignKey(Configuration, on_delete=models.CASCADE, related_name="health_changes")
    address = models.CharField(max_length=40, blank=True, default="")
    aspect = models.CharField(max_length=24)
    before = models.CharField(max_length=8, blank=True, default="")
    after = models.CharField(max_length=8)
    reason = models.CharField(max_length=40, blank=True, default="")
    facts: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    is_worse = models.BooleanField(default=False)
    # The mail about it, until it was handed over.
    mail_due_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)
    mailed_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=["tenant", "created_at", "id"], name="health_change_log"),
            models.Index(fields=["mail_due_at"], condition=Q(mail_due_at__isnull=False), name="health_change_mail"),
        )

    def __str__(self) -> str:
        return f"{self.aspect} {self.before} → {self.after}"
