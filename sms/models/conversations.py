"""Conversations, the inboxes they stand in, who has read them, and opt-outs."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants import clock
from tenants.models import Group, Member, Tenant, TenantOwned


class Conversation(TenantOwned):
    """All texts between one of our addresses and one of theirs. `version` counts changes, for live pages."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="conversations", db_index=False)
    our_address = models.CharField(max_length=40)
    their_address = models.CharField(max_length=40)
    contact_name = models.CharField(_("Name"), max_length=120, blank=True, default="")
    preview = models.CharField(max_length=160, blank=True, default="")
    last_direction = models.CharField(max_length=3, blank=True, default="")
    last_message_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=clock.now)
    inbound_count = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    # Who has it in hand, given by which group; if nobody has answered by `answer_due_at`, the group's escalation.
    assigned_to = models.ForeignKey(
        Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="assigned_conversations"
    )
    assigned_group = models.ForeignKey(
        Group, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    assigned_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True, blank=True)
    answer_due_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(
        null=True, blank=True
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "our_address", "their_address"], name="conversation_once"),
        )
        indexes = (
            models.Index(fields=["tenant", "last_message_at", "id"], name="conversation_list"),
            models.Index(
                fields=["answer_due_at"], condition=Q(answer_due_at__isnull=False), name="conversation_answer_due"
            ),
        )

    def __str__(self) -> str:
        return self.contact_name or self.their_address


class InboxThread(TenantOwned):
    """A conversation's place in the inbox of one member or one group."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="inbox_threads", db_index=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="inbox_threads")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, null=True, related_name="inbox_threads")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, related_name="inbox_threads")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["conversation", "member"], condition=Q(group=None), name="inbox_thread_member_once"
            ),
            models.UniqueConstraint(
                fields=["conversation", "group"], condition=Q(member=None), name="inbox_thread_group_once"
            ),
            models.CheckConstraint(condition=Q(member=None) ^ Q(group=None), name="inbox_thread_member_or_group"),
        )

    def __str__(self) -> str:
        return f"{self.conversation} → {self.member or self.group}"


class ConversationRead(TenantOwned):
    """How many inbound texts of a conversation a member has seen."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="conversation_reads", db_index=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="reads")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    seen_count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["conversation", "member"], name="conversation_read_once"),)

    def __str__(self) -> str:
        return f"{self.member} saw {self.seen_count}"


class OptOut(TenantOwned):
    """Their address does not want texts from ours: the pair is the scope, as at Twilio."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="opt_outs", db_index=False)
    our_address = models.CharField(max_length=40)
    their_address = models.CharField(max_length=40)
    source = models.CharField(max_length=12)
    word = models.CharField(max_length=20, blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=254, blank=True, default="")

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "our_address", "their_address"], condition=Q(ended_at=None), name="opt_out_live_once"
            ),
        )
        indexes = (models.Index(fields=["tenant", "created_at", "id"], name="opt_out_list"),)

    def __str__(self) -> str:
        return f"{self.their_address} ⛔ {self.our_address}"
