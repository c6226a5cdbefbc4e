"""Twilio credentials, SMS configurations, their webhook keys, and what we changed at Twilio."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from sms.models.trunks import Trunk
from tenants import clock
from tenants.ids import new_id
from tenants.models import Tenant, TenantOwned

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from sms.models.messages import Message


class TwilioAccount(models.Model):
    """Credentials of one Twilio account, owned by a tenant or, without one, by the system."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, blank=True, related_name="twilio_accounts")
    account_sid = models.CharField(_("Account SID"), max_length=34)
    auth_token_sealed = models.BinaryField(default=b"")
    auth_token_last4 = models.CharField(max_length=4, blank=True, default="")
    secondary_token_sealed = models.BinaryField(default=b"")
    secondary_token_last4 = models.CharField(max_length=4, blank=True, default="")
    secondary_is_former = models.BooleanField(default=False)
    token_seen_at = models.DateTimeField(null=True, blank=True)
    secondary_seen_at = models.DateTimeField(null=True, blank=True)
    api_key_sid = models.CharField(_("API key SID"), max_length=34, blank=True, default="")
    api_key_secret_sealed = models.BinaryField(default=b"")
    api_key_last4 = models.CharField(max_length=4, blank=True, default="")
    region = models.CharField(_("Region"), max_length=8, blank=True, default="")
    edge = models.CharField(_("Edge"), max_length=20, blank=True, default="")
    # The parent of a sub-account; the account's own SID for one that has none.
    owner_sid = models.CharField(max_length=34, blank=True, default="")
    friendly_name = models.CharField(max_length=120, blank=True, default="")
    account_type = models.CharField(max_length=12, blank=True, default="")
    status = models.CharField(max_length=12, blank=True, default="")
    check_result = models.CharField(max_length=24, blank=True, default="")
    checked_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    # Twilio asked to slow down: at most so many texts in flight, none before `slow_until`, until it has recovered.
    concurrency = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    slow_step = models.PositiveSmallIntegerField(default=0, editable=False)
    slow_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    if TYPE_CHECKING:
        configurations: RelatedManager["Configuration"]
        trunks: RelatedManager[Trunk]

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "account_sid"], condition=Q(tenant__isnull=False), name="account_once_per_tenant"
            ),
            models.UniqueConstraint(fields=["account_sid"], condition=Q(tenant=None), name="account_once_in_system"),
        )

    def __str__(self) -> str:
        return f"{self.friendly_name or self.account_sid[:6]}…{self.account_sid[-4:]}"


class UnknownPolicy(models.TextChoices):
    """What happens to a text of unknown outcome once Twilio's list has shown, twice, that it is not there."""

    HOLD = "hold", _("Hold the text for a person to decide")
    REQUEUE = "requeue", _("Send it again once Twilio's list shows that it is not there")


class Configuration(TenantOwned):
    """An SMS configuration: Twilio account, sender and webhook for one trunk in one tenant."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="configurations")
    name = models.CharField(_("Name"), max_length=64)
    trunk = models.ForeignKey(Trunk, on_delete=models.PROTECT, related_name="configurations")
    account = models.ForeignKey(TwilioAccount, on_delete=models.PROTECT, related_name="configurations")
    sender_id = models.CharField(_("Sender ID"), max_length=11, blank=True, default="")
    messaging_service_sid = models.CharField(_("Messaging Service SID"), max_length=34, blank=True, default="")
    enabled = models.BooleanField(_("Enabled"), default=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_in_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(
        null=True, blank=True, editable=False
    )
    last_out_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(
        null=True, blank=True, editable=False
    )
    webhook_method = models.CharField(max_length=4, blank=True, default="", editable=False)
    # When Twilio last called with a good signature (noted now and then), and when its list last had a text that it
    # should have called with.
    signed_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(
        null=True, blank=True, editable=False
    )
    missed_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(
        null=True, blank=True, editable=False
    )
    unknown_policy = models.CharField(
        _("When Twilio gave no clear answer"),
        max_length=8,
        choices=UnknownPolicy.choices,
        default=UnknownPolicy.HOLD,
    )
    held_reason = models.CharField(max_length=40, blank=True, default="", editable=False)
    held_at = models.DateTimeField(null=True, blank=True, editable=False)

    if TYPE_CHECKING:
        webhook_keys: RelatedManager["WebhookKey"]
        messages: RelatedManager[Message]

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "trunk", "account"], condition=Q(deleted_at=None), name="configuration_once"
            ),
            models.UniqueConstraint(
                fields=["tenant", "name"], condition=Q(deleted_at=None), name="configuration_name_unique"
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The details page."""
        return reverse("sms:configuration_detail", args=[self.tenant.slug, self.id])


class WebhookKey(TenantOwned):
    """The unguessable part of a configuration's webhook addresses. Stored readable: it must be shown again."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="webhook_keys")
    configuration = models.ForeignKey(Configuration, on_delete=models.CASCADE, related_name="webhook_keys")
    key = models.CharField(max_length=64, unique=True)
    retires_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"…{self.key[-4:]}"


class ChangeState(models.TextChoices):
    """How far a change at Twilio is. Begun: Twilio was asked and has not answered."""

    PLANNED = "planned", _("Waits")
    BEGUN = "begun", _("Being set")
    DONE = "done", _("Set")
    FAILED = "failed", _("Not set")
    SKIPPED = "skipped", _("Left as it is")


class ChangeKind(models.TextChoices):
    """What a webhook was set on."""

    NUMBER = "number", _("Phone number")
    SHORT_CODE = "short_code", _("Short code")
    SERVICE = "service", _("Messaging Service")


class WebhookChange(TenantOwned):
    """What the webhook of a number or Messaging Service at Twilio was before we set it, for Undo.

    `number_sid` is the SID of what was changed (PN…, SC…, MG…); `e164` is empty for a service, which has a `label`.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="webhook_changes")
    configuration = models.ForeignKey(Configuration, on_delete=models.CASCADE, related_name="webhook_changes")
    number_sid = models.CharField(max_length=34)
    e164 = models.CharField(max_length=16, blank=True)
    kind = models.CharField(max_length=12, choices=ChangeKind.choices, default=ChangeKind.NUMBER)
    label = models.CharField(max_length=120, blank=True, default="")
    job = models.ForeignKey("sms.WebhookJob", on_delete=models.CASCADE, null=True, related_name="changes")
    state = models.CharField(max_length=8, choices=ChangeState.choices, default=ChangeState.DONE)
    problem = models.CharField(max_length=250, blank=True, default="")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    changed_by = models.CharField(max_length=254)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return self.e164


class RefusedRequest(TenantOwned):
    """A webhook request that was refused, kept (capped) for diagnosis; `signed_url` is the address we checked.

    It is kept whole, so that a new Auth Token can prove it genuine; one that is too large for that has no `path`.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="refused_requests")
    configuration = models.ForeignKey(Configuration, on_delete=models.CASCADE, related_name="refused_requests")
    reason = models.CharField(max_length=40)
    signed_url = models.CharField(max_length=500)
    method = models.CharField(max_length=7)
    path = models.TextField(blank=True, default="")
    query = models.TextField(blank=True, default="")
    body = models.BinaryField(default=b"")
    content_type = models.CharField(max_length=100, blank=True, default="")
    signature = models.CharField(max_length=120, blank=True, default="")
    signature_settings = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (models.Index(fields=["configuration", "-created_at"], name="refused_by_configuration"),)

    def __str__(self) -> str:
        return self.reason
