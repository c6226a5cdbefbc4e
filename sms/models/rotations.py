"""A change of an account's Auth Token at Twilio, step by step."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sms.models.configurations import TwilioAccount
from tenants import clock
from tenants.ids import new_id


class RotationStep(models.TextChoices):
    """The last step that is known to be done."""

    STARTED = "started", _("Started")
    CREATED = "created", _("Secondary token made and stored")
    VERIFIED = "verified", _("Secondary token works")
    PROMOTED = "promoted", _("Secondary token is the primary one")
    FINISHED = "finished", _("Former token dropped")
    GIVEN_UP = "given_up", _("Given up")


class TokenRotation(models.Model):
    """One rotation of one account's Auth Token, for all configurations that use the account; resumable at each step.

    `begun` names the step whose call was made and whose answer is not yet known: what Twilio really did is asked first.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(TwilioAccount, on_delete=models.CASCADE, related_name="rotations")
    step = models.CharField(max_length=12, choices=RotationStep.choices, default=RotationStep.STARTED)
    begun = models.CharField(max_length=12, blank=True, default="")
    problem = models.CharField(max_length=250, blank=True, default="")
    made_by = models.CharField(max_length=254)
    created_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=clock.now, editable=False)
    changed_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=clock.now)
    # When a webhook signed with the new token was first seen after the promotion.
    seen_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    finished_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=["account"], condition=Q(finished_at=None), name="rotation_one_at_a_time"),
        )

    def __str__(self) -> str:
        return f"{self.account} {self.step}"
