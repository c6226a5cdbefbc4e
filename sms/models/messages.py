"""Messages of both directions, attempts to send them, and what Twilio reported."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q

from sms.models.configurations import Configuration
from sms.models.conversations import Conversation
from sms.models.trunks import PhoneNumber
from tenants import clock
from tenants.models import ApiKey, Member, Tenant, TenantOwned

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from sms.models.deliveries import Delivery


class Direction(models.TextChoices):
    """Which way a message went."""

    IN = "in"
    OUT = "out"


# Texts that wait for a person, or never left: few, looked for often. Spelled out, because SQLite proves no list; the
# first part, always true, keeps the index for queries with this very condition.
ASIDE = Q(occurred_at__isnull=False) & (
    Q(state="unknown") | Q(state="unrouted") | Q(state="held") | Q(state="canceled")
)

# Texts that Twilio gave an error for: one in some dozens. Written as queries write it, for SQLite, which proves little.
WITH_ERROR = ~Q(error_code="")


class Source(models.TextChoices):
    """How a received text came here: Twilio called, or its list had it."""

    WEBHOOK = "webhook"
    RECONCILED = "reconciled"
    POLLING = "polling"


# Sources of texts of ours that nobody wrote: they answer nobody's question, and what a limit or a rule stops of them
# is stored, blocked, for somebody to see.
AUTOMATIC = ("auto_reply", "forward")

# Up to that, a text that was asked for is as good as one that was brought.
LATE_AFTER = timedelta(minutes=1)


class Message(TenantOwned):
    """One text. `state` is ours; `provider_status`, Twilio's word, is written by `reports` only."""

    # No constraint of its own: its configuration's tenant has one. A second would lock the tenant's row for every text.
    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="messages", db_index=False, db_constraint=False
    )
    direction = models.CharField(max_length=3, choices=Direction.choices)
    configuration = models.ForeignKey(
        Configuration, on_delete=models.PROTECT, null=True, related_name="messages", db_index=False
    )
    number = models.ForeignKey(
        PhoneNumber, on_delete=models.SET_NULL, null=True, related_name="messages", db_index=False
    )
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, null=True, related_name="messages", db_index=False
    )
    our_address = models.CharField(max_length=40)
    their_address = models.CharField(max_length=40)
    body = models.TextField(blank=True, default="")
    raw = models.BinaryField(default=b"")
    # The address over which Twilio signed the request that brought it.
    signed_url = models.CharField(max_length=300, blank=True, default="")
    media: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(default=list)
    segments = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=12)
    state_reason = models.CharField(max_length=60, blank=True, default="")
    provider_status = models.CharField(max_length=20, blank=True, default="")
    error_code = models.CharField(max_length=10, blank=True, default="")
    account_sid = models.CharField(max_length=34, blank=True, default="")
    provider_sid = models.CharField(max_length=34, blank=True, default="")
    decision: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    source = models.CharField(max_length=12, default="webhook")
    author = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    author_label = models.CharField(max_length=254, blank=True, default="")
    api_key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    in_reply_to = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="replies", db_index=False
    )
    occurred_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=clock.now)
    due_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(
        null=True, default=clock.now
    )
    expires_at = models.DateTimeField(null=True)
    lease_token = models.CharField(max_length=32, blank=True, default="")
    lease_until = models.DateTimeField(null=True)
    attempt_count = models.PositiveSmallIntegerField(default=0)
    priority = models.PositiveSmallIntegerField(default=1)

    if TYPE_CHECKING:
        attempts: RelatedManager["Attempt"]
        deliveries: RelatedManager[Delivery]

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "account_sid", "provider_sid"],
                condition=Q(direction="in"),
                name="message_inbound_once",
            ),
        )
        indexes = (
            models.Index(fields=["tenant", "occurred_at", "id"], name="message_log"),
            # Not yet for a text that has just come in: its conversation is found by a worker.
            models.Index(
                fields=["conversation", "occurred_at", "id"],
                condition=Q(conversation__isnull=False),
                name="message_thread",
            ),
            models.Index(fields=["tenant", "their_address", "occurred_at", "id"], name="message_their_address"),
            # One index for each state that waits: SQLite proves no list of states, and with the state as a column it
            # would leave a sender's own queue aside.
            models.Index(fields=["due_at", "id"], condition=Q(state="received"), name="message_received"),
            models.Index(fields=["due_at", "id"], condition=Q(state="queued"), name="message_queued"),
            models.Index(fields=["due_at", "id"], condition=Q(state="unknown"), name="message_unknown"),
            models.Index(
                fields=["due_at", "id"], condition=Q(state="accepted", due_at__isnull=False), name="message_to_check"
            ),
            models.Index(
                fields=["configuration", "our_address", "priority", "due_at", "id"],
                condition=Q(state="queued"),
                name="message_waiting",
            ),
            models.Index(fields=["configuration"], condition=Q(state="held"), name="message_held"),
            # Held by a rule until the office opens.
            models.Index(
                fields=["due_at", "id"],
                condition=Q(state="held", direction="out", due_at__isnull=False),
                name="message_opening",
            ),
            models.Index(fields=["tenant", "occurred_at", "id"], condition=ASIDE, name="message_aside"),
            models.Index(fields=["tenant", "occurred_at", "id"], condition=WITH_ERROR, name="message_with_error"),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="message_leased"),
            # What points here is looked for when a row is deleted: without these, in every message of every tenant.
            models.Index(fields=["in_reply_to"], condition=Q(in_reply_to__isnull=False), name="message_replies"),
            models.Index(fields=["author", "occurred_at"], condition=Q(author__isnull=False), name="message_author"),
            models.Index(fields=["number", "occurred_at"], condition=Q(number__isnull=False), name="message_number"),
        )

    def __str__(self) -> str:
        return f"{self.our_address} {'→' if self.direction == Direction.OUT else '←'} {self.their_address}"

    @property
    def came_late(self) -> bool:
        """Whether no webhook brought this text: it stood in Twilio's list, more than a minute ago."""
        found = self.direction == Direction.IN and self.source in (Source.RECONCILED, Source.POLLING)
        return found and self.created_at - self.occurred_at > LATE_AFTER


class Attempt(TenantOwned):
    """One POST to Twilio, or the intention of one. Status, SID and rank belong here."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="attempts", db_index=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attempts", db_index=False)
    number = models.PositiveSmallIntegerField()
    configuration = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="attempts", db_index=False)
    sender = models.CharField(max_length=40)
    lease_token = models.CharField(max_length=32)
    phase = models.CharField(max_length=8, default="claimed")
    outcome = models.CharField(max_length=12, blank=True, default="")
    account_sid = models.CharField(max_length=34)
    provider_sid = models.CharField(max_length=34, blank=True, default="")
    provider_status = models.CharField(max_length=20, blank=True, default="")
    provider_rank = models.PositiveSmallIntegerField(default=0)
    http_status = models.PositiveSmallIntegerField(null=True)
    error_code = models.CharField(max_length=10, blank=True, default="")
    note = models.CharField(max_length=250, blank=True, default="")
    posting_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # When Twilio's list was first seen without it, late enough to mean something; a second time proves it.
    missed_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)

    if TYPE_CHECKING:
        status_events: RelatedManager["StatusEvent"]

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=["message", "number"], name="attempt_number_once"),
            models.UniqueConstraint(
                fields=["tenant", "account_sid", "provider_sid"], condition=~Q(provider_sid=""), name="attempt_sid_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.message_id} #{self.number}"


class StatusEvent(TenantOwned):
    """One status that Twilio reported; rows are only ever added. Without an attempt it is an orphan."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="status_events", db_index=False)
    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, null=True, related_name="status_events")
    account_sid = models.CharField(max_length=34)
    provider_sid = models.CharField(max_length=34)
    status = models.CharField(max_length=20)
    error_code = models.CharField(max_length=10, blank=True, default="")
    source = models.CharField(max_length=10, default="callback")
    note = models.CharField(max_length=60, blank=True, default="")
    raw = models.JSONField(default=dict)
    received_at = models.DateTimeField(default=clock.now)
    # The address that was called, until a worker has applied the report; nothing is due after that.
    asked_message = models.UUIDField(null=True)
    asked_attempt = models.PositiveSmallIntegerField(default=0)
    due_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)

    class Meta:
        ordering = ("received_at", "id")
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "account_sid", "provider_sid", "status", "error_code"], name="status_event_once"
            ),
        )
        indexes = (
            models.Index(fields=["provider_sid"], condition=Q(attempt=None), name="status_event_orphans"),
            models.Index(fields=["due_at", "id"], condition=Q(due_at__isnull=False), name="status_event_due"),
        )

    def __str__(self) -> str:
        return f"{self.provider_sid} {self.status}"


class Sender(TenantOwned):
    """The pace of one sending address in one configuration, and when its tenant was last served."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="senders", db_index=False)
    configuration = models.ForeignKey(Configuration, on_delete=models.CASCADE, related_name="senders")
    address = models.CharField(max_length=40)
    rate = models.FloatField(default=1.0)
    next_send_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=clock.now)
    stopped_reason = models.CharField(max_length=40, blank=True, default="")
    stopped_at = models.DateTimeField(null=True)
    served_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "configuration", "address"], name="sender_once"),)

    def __str__(self) -> str:
        return self.address


class IdempotencyKey(TenantOwned):
    """What a program's `Idempotency-Key` was answered with; kept seven days."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="idempotency_keys", db_index=False)
    key = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=64)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "key"], name="idempotency_key_once"),)

    def __str__(self) -> str:
        return self.key
