"""The tenant and its former addresses."""

import uuid
import zoneinfo
from typing import TYPE_CHECKING

from django.core.validators import MinValueValidator, URLValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tenants import clock
from tenants.ids import new_id

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from rules.models import InboundRule, OutboundRule, RuleSet
    from sms.models import (
        Attempt,
        Configuration,
        Conversation,
        ConversationRead,
        Delivery,
        HealthChange,
        HealthReading,
        HealthSchedule,
        IdempotencyKey,
        InboxThread,
        MemberNumber,
        Message,
        OptOut,
        PhoneNumber,
        Pool,
        RefusedRequest,
        Sender,
        StatusEvent,
        Tombstone,
        TransferJob,
        Trunk,
        TwilioAccount,
        UsageDay,
        WebhookChange,
        WebhookJob,
        WebhookKey,
    )
    from tenants.models import ApiKey, AuditEntry, Group, GroupMember, Invitation, ManageSession, Member, QuotaCounter


class Tenant(models.Model):
    """One customer: people, numbers, rules and messages that nobody else sees."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("Name"), max_length=1024)
    slug = models.SlugField(_("Short name in addresses"), max_length=40, unique=True)
    domain = models.CharField(_("Domain"), max_length=253, blank=True, default="")
    website = models.CharField(
        _("Website"), max_length=200, blank=True, default="", validators=[URLValidator(schemes=["http", "https"])]
    )
    country = models.CharField(_("Country"), max_length=2)
    time_zone = models.CharField(_("Time zone"), max_length=64, default="UTC")
    currency = models.CharField(_("Currency"), max_length=3, default="USD")
    enabled = models.BooleanField(_("Enabled"), default=True)
    sms_enabled = models.BooleanField(_("SMS/MMS"), default=True)
    own_trunks = models.BooleanField(_("Own trunks"), default=True)
    max_members = models.PositiveIntegerField(_("Members at most"), default=1000, validators=[MinValueValidator(1)])
    keep_bodies_days = models.PositiveIntegerField(_("Keep texts (days)"), null=True, blank=True)
    keep_messages_days = models.PositiveIntegerField(_("Keep messages (days)"), null=True, blank=True)
    keep_audit_days = models.PositiveIntegerField(_("Keep the audit log (days)"), null=True, blank=True)
    password_min_length = models.PositiveSmallIntegerField(_("Shortest password"), default=12)
    two_factor_required = models.BooleanField(_("Second factor required"), default=False)
    messages_per_day = models.PositiveIntegerField(
        _("Texts a day at most"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    messages_per_month = models.PositiveIntegerField(
        _("Texts a month at most"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    sending_stopped_at = models.DateTimeField(null=True, blank=True, editable=False)
    sending_stopped_by = models.CharField(max_length=254, blank=True, default="", editable=False)
    registered_us_only = models.BooleanField(
        _("Refuse texts to +1 from US numbers that are not registered"),
        default=False,
        help_text=_("US networks block them. Without this the writer is warned."),
    )
    default_number = models.CharField(_("Default sender number"), max_length=20, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    if TYPE_CHECKING:
        pk: uuid.UUID
        members: RelatedManager[Member]
        groups: RelatedManager[Group]
        group_members: RelatedManager[GroupMember]
        invitations: RelatedManager[Invitation]
        api_keys: RelatedManager[ApiKey]
        audit_entries: RelatedManager[AuditEntry]
        manage_sessions: RelatedManager[ManageSession]
        trunks: RelatedManager[Trunk]
        pools: RelatedManager[Pool]
        phone_numbers: RelatedManager[PhoneNumber]
        member_numbers: RelatedManager[MemberNumber]
        twilio_accounts: RelatedManager[TwilioAccount]
        configurations: RelatedManager[Configuration]
        webhook_keys: RelatedManager[WebhookKey]
        webhook_changes: RelatedManager[WebhookChange]
        webhook_jobs: RelatedManager[WebhookJob]
        health_schedules: RelatedManager[HealthSchedule]
        health_readings: RelatedManager[HealthReading]
        health_changes: RelatedManager[HealthChange]
        refused_requests: RelatedManager[RefusedRequest]
        conversations: RelatedManager[Conversation]
        inbox_threads: RelatedManager[InboxThread]
        conversation_reads: RelatedManager[ConversationRead]
        messages: RelatedManager[Message]
        attempts: RelatedManager[Attempt]
        status_events: RelatedManager[StatusEvent]
        senders: RelatedManager[Sender]
        deliveries: RelatedManager[Delivery]
        opt_outs: RelatedManager[OptOut]
        idempotency_keys: RelatedManager[IdempotencyKey]
        tombstones: RelatedManager[Tombstone]
        transfer_jobs: RelatedManager[TransferJob]
        usage_days: RelatedManager[UsageDay]
        quota_counters: RelatedManager[QuotaCounter]
        rule_sets: RelatedManager[RuleSet]
        inbound_rules: RelatedManager[InboundRule]
        outbound_rules: RelatedManager[OutboundRule]

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(fields=["domain"], condition=~Q(domain=""), name="tenant_domain_unique"),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The tenant's dashboard."""
        return reverse("dashboard", args=[self.slug])

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The tenant's time zone."""
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def is_open(self) -> bool:
        """Whether its people and its texts may pass."""
        return self.enabled and self.deleted_at is None


class SlugRedirect(models.Model):
    """A former address of a tenant, which leads to the new one for 90 days."""

    slug = models.SlugField(max_length=40, unique=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="slug_redirects")
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.slug
