"""Outbound rules as they are edited: which texts leave by which configuration."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models import Group, Tenant, TenantOwned

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


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

    class Meta:
        ordering = ("position",)

    def __str__(self) -> str:
        return str(self.configuration)
