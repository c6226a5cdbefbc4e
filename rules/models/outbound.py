"""Outbound rules as they are edited: which texts leave by which configuration."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models import Group, Tenant, TenantOwned

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class OutboundAction(models.TextChoices):
    """What a rule does with a text that it fits."""

    SEND = "send", _("Send it by these routes")
    DENY = "deny", _("Refuse it")
    HOLD = "hold", _("Hold it for a person to release")


class Strategy(models.TextChoices):
    """In which order routes are tried."""

    PRIORITISED = "prioritised", _("In this order")
    RANDOM = "random", _("At random, by weight")


class WhenClosed(models.TextChoices):
    """What becomes of a text outside the hours."""

    SEND = "", _("Send it at any hour")
    BLOCK = "block", _("Refuse it")
    HOLD = "hold", _("Hold it until opening")


class OutboundRule(TenantOwned):
    """Which texts to send take which routes; lower priority first, equal priority by position."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="outbound_rules")
    name = models.CharField(_("Name"), max_length=64)
    enabled = models.BooleanField(_("Enabled"), default=True)
    priority = models.PositiveIntegerField(_("Priority"), default=1000)
    position = models.PositiveIntegerField(default=0)
    conditions: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(
        default=list, blank=True
    )
    action = models.CharField(_("Then"), max_length=8, choices=OutboundAction.choices, default=OutboundAction.SEND)
    reason = models.CharField(_("Reason"), max_length=160, blank=True, default="")
    strategy = models.CharField(
        _("Routes are tried"), max_length=12, choices=Strategy.choices, default=Strategy.PRIORITISED
    )
    when_closed = models.CharField(
        _("Outside the hours"), max_length=8, choices=WhenClosed.choices, blank=True, default=WhenClosed.SEND
    )
    # The rule's own week, as rules/schedule.py reads it; None: the company's.
    hours: "models.JSONField[dict[str, Any] | None, dict[str, Any] | None]" = models.JSONField(null=True, blank=True)
    sticky = models.BooleanField(_("Keep to the number that this person knows"), default=False)
    area_match = models.BooleanField(_("Prefer a number of the same area"), default=False)
    revision = models.PositiveIntegerField(default=1, editable=False)

    if TYPE_CHECKING:
        routes: RelatedManager["OutboundRoute"]
        groups: RelatedManager["OutboundRuleGroup"]

    class Meta:
        ordering = ("priority", "position", "id")

    def __str__(self) -> str:
        return self.name


class OutboundRuleGroup(TenantOwned):
    """One of the groups whose members a rule is for. A row without its group says that the group was deleted."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="outbound_rule_groups")
    rule = models.ForeignKey(OutboundRule, on_delete=models.CASCADE, related_name="groups")
    group = models.ForeignKey(Group, on_delete=models.SET_NULL, null=True, related_name="outbound_rule_groups")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["rule", "group"], condition=models.Q(group__isnull=False), name="outbound_rule_group_once"
            ),
        )

    def __str__(self) -> str:
        return str(self.group or "")


class OutboundRoute(TenantOwned):
    """One way out of an outbound rule, tried in order."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="outbound_routes")
    rule = models.ForeignKey(OutboundRule, on_delete=models.CASCADE, related_name="routes")
    position = models.PositiveSmallIntegerField(default=0)
    configuration = models.ForeignKey("sms.Configuration", on_delete=models.CASCADE, related_name="outbound_routes")
    strip = models.PositiveSmallIntegerField(_("Strip digits"), default=0)
    prepend = models.CharField(_("Prepend"), max_length=15, blank=True, default="")
    sender = models.CharField(_("Sender"), max_length=40, blank=True, default="")
    enabled = models.BooleanField(_("Enabled"), default=True)
    weight = models.PositiveSmallIntegerField(_("Weight"), default=1)

    class Meta:
        ordering = ("position",)

    def __str__(self) -> str:
        return str(self.configuration)
