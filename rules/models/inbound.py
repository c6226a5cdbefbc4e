"""Inbound rules as they are edited; the newest rule set is what decides."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models import Group, Member, Tenant, TenantOwned

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class Applies(models.TextChoices):
    """What a rule is for; the portal acts on messages, rules for calls alone are stored and skipped."""

    BOTH = "both", _("Calls and messages")
    MESSAGES = "messages", _("Messages only")
    VOICE = "voice", _("Calls only")


class When(models.TextChoices):
    """At what times a destination gets the text; on holidays without a destination of their own it is closed."""

    ALWAYS = "always", _("Always")
    OPEN = "open", _("In office hours")
    CLOSED = "closed", _("Outside office hours")
    HOLIDAY = "holiday", _("On holidays")
    MOMENT = "moment", _("At these times")


class InboundRule(TenantOwned):
    """Which received texts go where. What names a row is a foreign key; the rest of the conditions are plain values."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="inbound_rules")
    name = models.CharField(_("Name"), max_length=64)
    enabled = models.BooleanField(_("Enabled"), default=True)
    position = models.PositiveIntegerField(default=0)
    trunk = models.ForeignKey(
        "sms.Trunk", on_delete=models.PROTECT, null=True, blank=True, related_name="inbound_rules"
    )
    conditions: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(
        default=list, blank=True
    )
    applies = models.CharField(_("Applies to"), max_length=8, choices=Applies.choices, default=Applies.BOTH)
    # The rule's own week and holidays, as rules/schedule.py reads them; None: the company's.
    hours: "models.JSONField[dict[str, Any] | None, dict[str, Any] | None]" = models.JSONField(null=True, blank=True)
    holidays: "models.JSONField[list[dict[str, Any]] | None, list[dict[str, Any]] | None]" = models.JSONField(
        null=True, blank=True
    )
    # Counts changes of this rule, so that an edit of an older state is noticed.
    revision = models.PositiveIntegerField(default=1, editable=False)

    if TYPE_CHECKING:
        numbers: RelatedManager["InboundRuleNumber"]
        targets: RelatedManager["InboundTarget"]

    class Meta:
        ordering = ("position", "id")

    def __str__(self) -> str:
        return self.name


class InboundRuleNumber(TenantOwned):
    """One of our numbers that a rule listens to; none = all numbers."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="inbound_rule_numbers")
    rule = models.ForeignKey(InboundRule, on_delete=models.CASCADE, related_name="numbers")
    number = models.ForeignKey("sms.PhoneNumber", on_delete=models.PROTECT, related_name="inbound_rule_numbers")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["rule", "number"], name="inbound_rule_number_once"),)

    def __str__(self) -> str:
        return str(self.number)


class TargetKind(models.TextChoices):
    """Where a received text can go."""

    MEMBER = "member", _("A member's inbox")
    GROUP = "group", _("A group's inbox")
    EXTENSIONS = "extensions", _("Extensions, one for each number")
    EMAIL = "email", _("E-mail")
    AUTO_REPLY = "auto_reply", _("Automatic reply")
    FORWARD = "forward", _("Forward to a phone number")
    HOLD = "hold", _("Hold until opening")
    DROP = "drop", _("Drop it")


class InboundTarget(TenantOwned):
    """One destination of an inbound rule. One that named a person or a group since removed stays, as a finding."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="inbound_targets")
    rule = models.ForeignKey(InboundRule, on_delete=models.CASCADE, related_name="targets")
    when = models.CharField(max_length=8, choices=When.choices, default=When.ALWAYS)
    # At which years, months, days, weekdays and times, as rules/schedule.py reads it; asked before the others.
    moment: "models.JSONField[dict[str, Any] | None, dict[str, Any] | None]" = models.JSONField(null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=12, choices=TargetKind.choices)
    member = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="inbound_targets")
    group = models.ForeignKey(Group, on_delete=models.SET_NULL, null=True, blank=True, related_name="inbound_targets")
    settings: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("position",)

    def __str__(self) -> str:
        return f"{self.kind} {self.member or self.group or ''}"

    @property
    def is_gone(self) -> bool:
        """Whether the member or the group that it named has been removed."""
        return self.kind in (TargetKind.MEMBER, TargetKind.GROUP) and not (self.member_id or self.group_id)
