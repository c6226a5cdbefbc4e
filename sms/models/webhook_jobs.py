"""Webhooks set at Twilio for many numbers at once, and the addresses under which this portal was known."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from sms.models.configurations import Configuration
from tenants import clock
from tenants.ids import new_id
from tenants.models import ManageSession, Member, Tenant, User

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from sms.models.configurations import WebhookChange


class JobPurpose(models.TextChoices):
    """What a job does to webhooks at Twilio."""

    SET = "set", _("Set the webhook")
    UNDO = "undo", _("Put back what stood there")
    MOVE = "move", _("Follow the new public address")


class JobState(models.TextChoices):
    """How far a job is."""

    RUNNING = "running", _("Under way")
    STOPPED = "stopped", _("Stopped")
    DONE = "done", _("Done")


class WebhookJob(models.Model):
    """Changes at Twilio, one row of `changes` each: paced, resumable, undone as a whole; the system's without tenant.

    A worker that is killed leaves each change either planned, or noted as begun with what stood there before.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, blank=True, related_name="webhook_jobs")
    configuration = models.ForeignKey(
        Configuration, on_delete=models.CASCADE, null=True, blank=True, related_name="webhook_jobs"
    )
    purpose = models.CharField(max_length=8, choices=JobPurpose.choices)
    state = models.CharField(max_length=8, choices=JobState.choices, default=JobState.RUNNING)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    # The job whose changes this one takes back.
    undoes = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="undone_by")
    made_by = models.CharField(max_length=254)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    managing = models.ForeignKey(ManageSession, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    created_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=clock.now, editable=False)
    # Not before then: Twilio asked to wait, or could not be reached.
    due_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=clock.now)
    problem = models.CharField(max_length=250, blank=True, default="")
    lease_token = models.CharField(max_length=32, blank=True, default="")
    lease_until: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    finished_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)

    if TYPE_CHECKING:
        changes: RelatedManager[WebhookChange]

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (models.Index(fields=["due_at"], condition=models.Q(state="running"), name="webhook_job_due"),)

    def __str__(self) -> str:
        return f"{self.purpose} {self.done}/{self.total}"


class PublicAddress(models.Model):
    """A base address (https://host) under which this portal was reachable; former ones stay valid in signatures."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    url = models.CharField(max_length=300, unique=True)
    first_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=clock.now)
    last_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=clock.now)
    # Found at numbers at Twilio, with a key of ours, but never set here: signatures over it do not count.
    is_accepted = models.BooleanField(default=True)
    # How many numbers and Messaging Services at Twilio point to it, when they were last counted.
    pointing = models.PositiveIntegerField(default=0)
    counted_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-last_at", "-id")

    def __str__(self) -> str:
        return self.url
