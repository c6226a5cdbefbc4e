"""Deliveries: one inbound message to one destination."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

from sms.models.messages import Message
from tenants import clock
from tenants.models import Group, Member, Tenant, TenantOwned


class Delivery(TenantOwned):
    """One inbound message to one destination, tried from its due row until it is delivered or exhausted.

    `due_at` says when it is tried next; of one that is exhausted, when it was given up.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deliveries")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=16)
    member = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    group = models.ForeignKey(Group, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    settings: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    label = models.CharField(max_length=254, blank=True, default="")
    state = models.CharField(max_length=12, default="pending")
    due_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=clock.now)
    lease_token = models.CharField(max_length=32, blank=True, default="")
    lease_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=250, blank=True, default="")
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=["message", "position"], name="delivery_position_once"),)
        indexes = (
            models.Index(fields=["state", "due_at", "id"], condition=Q(delivered_at=None), name="delivery_due"),
            models.Index(fields=["tenant", "due_at", "id"], condition=Q(state="exhausted"), name="delivery_exhausted"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.label}"
