"""What an account holds at Twilio, as it was last read there: numbers, Messaging Services, and what stands beside."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sms.models.configurations import TwilioAccount
from tenants import clock
from tenants.ids import new_id

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class NumberKind(models.TextChoices):
    """What kind of number it is: it decides the pace, and what must be registered."""

    LOCAL = "local", _("Local")
    MOBILE = "mobile", _("Mobile")
    TOLL_FREE = "toll_free", _("Toll-free")
    SHORT_CODE = "short_code", _("Short code")


class Registration(models.TextChoices):
    """Whether US networks know who texts from a number."""

    UNKNOWN = "", _("Not known")
    NOT_NEEDED = "not_needed", _("Not needed")
    MISSING = "missing", _("Missing")
    PENDING = "pending", _("Under way")
    REGISTERED = "registered", _("Registered")
    FAILED = "failed", _("Refused")


class AccountReading(models.Model):
    """How far an account's lists at Twilio were read, and what was found beside them. One row an account.

    `facts` holds what belongs to the account as a whole, each part with the moment it was read (ISO 8601, UTC).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.OneToOneField(TwilioAccount, on_delete=models.CASCADE, related_name="reading")
    due_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    started_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    finished_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    # Which list is being read, where to go on in it, and how many rows have come.
    part = models.CharField(max_length=16, blank=True, default="")
    next_page = models.CharField(max_length=1000, blank=True, default="")
    done = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=250, blank=True, default="")
    failures = models.PositiveSmallIntegerField(default=0)
    facts: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    lease_token = models.CharField(max_length=32, blank=True, default="")
    lease_until: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="account_reading_due"),)

    def __str__(self) -> str:
        return f"{self.account}"

    @property
    def is_under_way(self) -> bool:
        """Whether the lists are being read, or are to be read at once."""
        return bool(self.part) or (self.due_at is not None and self.due_at <= clock.now())


class TwilioService(models.Model):
    """A Messaging Service as it stands at Twilio."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(TwilioAccount, on_delete=models.CASCADE, related_name="services")
    sid = models.CharField(max_length=34)
    friendly_name = models.CharField(max_length=120, blank=True, default="")
    inbound_request_url = models.CharField(max_length=500, blank=True, default="")
    inbound_method = models.CharField(max_length=4, blank=True, default="")
    fallback_url = models.CharField(max_length=500, blank=True, default="")
    fallback_method = models.CharField(max_length=4, blank=True, default="")
    # True: texts go where each number says; False: to the service's own address, or nowhere without one.
    use_inbound_webhook_on_number = models.BooleanField(default=False)
    registration = models.CharField(
        max_length=12, blank=True, choices=Registration.choices, default=Registration.UNKNOWN
    )
    registration_detail = models.CharField(max_length=250, blank=True, default="")
    seen_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=clock.now)
    gone_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True, blank=True)

    if TYPE_CHECKING:
        numbers: RelatedManager["TwilioNumber"]

    class Meta:
        ordering = ("friendly_name", "id")
        constraints = (models.UniqueConstraint(fields=["account", "sid"], name="twilio_service_once"),)

    def __str__(self) -> str:
        return self.friendly_name or self.sid


class TwilioNumber(models.Model):
    """A phone number or short code as it stands at Twilio. It belongs to an account; tenants hold `PhoneNumber` rows.

    What it says is as old as `seen_at`; with `gone_at` the account no longer has it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(TwilioAccount, on_delete=models.CASCADE, related_name="twilio_numbers")
    sid = models.CharField(max_length=34)
    e164 = models.CharField(max_length=16)
    friendly_name = models.CharField(max_length=120, blank=True, default="")
    kind = models.CharField(max_length=12, blank=True, choices=NumberKind.choices, default="")
    sms = models.BooleanField(default=False)
    mms = models.BooleanField(default=False)
    voice = models.BooleanField(default=False)
    sms_url = models.CharField(max_length=500, blank=True, default="")
    sms_method = models.CharField(max_length=4, blank=True, default="")
    sms_fallback_url = models.CharField(max_length=500, blank=True, default="")
    sms_fallback_method = models.CharField(max_length=4, blank=True, default="")
    sms_application_sid = models.CharField(max_length=34, blank=True, default="")
    trunk_sid = models.CharField(max_length=34, blank=True, default="")
    service = models.ForeignKey(TwilioService, on_delete=models.SET_NULL, null=True, related_name="numbers")
    registration = models.CharField(
        max_length=12, blank=True, choices=Registration.choices, default=Registration.UNKNOWN
    )
    registration_detail = models.CharField(max_length=250, blank=True, default="")
    seen_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=clock.now)
    gone_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("e164", "id")
        constraints = (models.UniqueConstraint(fields=["account", "sid"], name="twilio_number_once"),)
        indexes = (
            models.Index(fields=["account", "e164", "id"], name="twilio_number_listed"),
            models.Index(fields=["e164"], name="twilio_number_by_e164"),
        )

    def __str__(self) -> str:
        return self.e164
