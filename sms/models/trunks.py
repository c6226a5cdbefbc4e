"""Trunks, the pools that tenants have on them, and the phone numbers in the pools."""

from typing import TYPE_CHECKING

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants import clock
from tenants.ids import new_id
from tenants.models import Member, Tenant, TenantOwned

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from rules.models import InboundRule, InboundRuleNumber
    from sms.models.configurations import Configuration


class Brand(models.TextChoices):
    """Whose trunk it is; a table, so that others can follow."""

    TWILIO = "twilio", "Twilio"
    TWILIO_INTERCONNECT = "twilio_interconnect", "Twilio Interconnect"


class TrunkKind(models.TextChoices):
    """How the trunk is authenticated."""

    REGISTER = "register", _("Register based")
    IP = "ip", _("Interconnect / IP based")


class Transport(models.TextChoices):
    """The SIP transport, for the records."""

    UDP = "udp", "UDP"
    TCP = "tcp", "TCP"
    TLS = "tls", "TLS"


class Trunk(models.Model):
    """A Twilio SIP trunk record. With an owner it is that tenant's own; without, the system shares it by pools.

    `account` holds the operator's credentials, which come with a shared trunk. A deleted trunk stays as a row: the
    messages and released numbers of the past name it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, blank=True, related_name="trunks")
    name = models.CharField(_("Name"), max_length=64)
    brand = models.CharField(_("Brand"), max_length=24, choices=Brand.choices, default=Brand.TWILIO)
    kind = models.CharField(_("Kind"), max_length=12, choices=TrunkKind.choices, default=TrunkKind.REGISTER)
    host = models.CharField(_("Termination host"), max_length=253)
    port = models.PositiveIntegerField(_("Port"), default=5060, validators=[MaxValueValidator(65535)])
    outbound_proxy = models.CharField(_("Outbound proxy"), max_length=253, blank=True, default="")
    outbound_proxy_port = models.PositiveIntegerField(
        _("Outbound proxy port"), default=5060, validators=[MaxValueValidator(65535)]
    )
    transport = models.CharField(_("Transport"), max_length=3, choices=Transport.choices, default=Transport.UDP)
    auth_name = models.CharField(_("Authentication name"), max_length=64, blank=True, default="")
    register_interval = models.PositiveIntegerField(_("Register interval (seconds)"), default=600)
    needs_registration = models.BooleanField(_("Needs registration"), default=False)
    options_interval = models.PositiveIntegerField(_("OPTIONS keep-alive (seconds, 0 = off)"), default=0)
    max_calls = models.PositiveIntegerField(_("Concurrent calls at most (0 = no limit)"), default=0)
    addresses = models.TextField(_("Associated IP addresses"), blank=True, default="")
    twilio_trunk_sid = models.CharField(_("Twilio trunk SID"), max_length=34, blank=True, default="")
    enabled = models.BooleanField(_("Enabled"), default=True)
    account = models.ForeignKey(
        "sms.TwilioAccount", on_delete=models.PROTECT, null=True, blank=True, related_name="trunks"
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    if TYPE_CHECKING:
        pools: RelatedManager["Pool"]
        configurations: RelatedManager[Configuration]
        inbound_rules: RelatedManager[InboundRule]

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=["host", "auth_name"], condition=Q(deleted_at=None), name="trunk_host_auth_unique"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Pool(TenantOwned):
    """The phone numbers a tenant has on a trunk; the row itself, until `removed_at`, is the tenant's share of it."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="pools")
    trunk = models.ForeignKey(Trunk, on_delete=models.CASCADE, related_name="pools")
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)

    if TYPE_CHECKING:
        phone_numbers: RelatedManager["PhoneNumber"]

    class Meta:
        constraints = (models.UniqueConstraint(fields=["trunk", "tenant"], name="pool_once_per_tenant"),)

    def __str__(self) -> str:
        return f"{self.trunk} · {self.tenant}"


class PhoneNumber(TenantOwned):
    """One number (E.164) that a tenant holds, or held until `released_at`."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="phone_numbers")
    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="phone_numbers")
    e164 = models.CharField(_("Phone number"), max_length=16)
    description = models.CharField(_("Description"), max_length=120, blank=True, default="")
    assigned_at = models.DateTimeField(default=clock.now)
    released_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)

    if TYPE_CHECKING:
        inbound_rule_numbers: RelatedManager[InboundRuleNumber]
        member_numbers: RelatedManager["MemberNumber"]

    class Meta:
        ordering = ("e164",)
        constraints = (
            models.UniqueConstraint(fields=["e164"], condition=Q(released_at=None), name="phone_number_live_unique"),
        )
        indexes = (models.Index(fields=["tenant", "e164"], name="phone_number_by_tenant"),)

    def __str__(self) -> str:
        return self.e164


class MemberNumber(TenantOwned):
    """A number that a member may send from."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="member_numbers")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="numbers")
    number = models.ForeignKey(PhoneNumber, on_delete=models.CASCADE, related_name="member_numbers")
    description = models.CharField(_("Description"), max_length=120, blank=True, default="")
    preferred = models.BooleanField(_("Preferred"), default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["member", "number"], name="member_number_once"),
            models.UniqueConstraint(fields=["member"], condition=Q(preferred=True), name="member_number_one_preferred"),
        )

    def __str__(self) -> str:
        return f"{self.member} · {self.number}"
