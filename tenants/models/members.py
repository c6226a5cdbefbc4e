"""Members of a tenant, their groups, and invitations to become one."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants.models.base import TenantOwned
from tenants.models.users import User
from tenants.roles import Role

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from rules.models import InboundTarget, OutboundRuleGroup
    from sms.models import Conversation, InboxThread, MemberNumber

ROLES = [
    (Role.ADMIN, _("Administrator")),
    (Role.SUPERVISOR, _("Supervisor")),
    (Role.AGENT, _("Agent")),
    (Role.VIEWER, _("Viewer")),
]


class SendingRight(models.TextChoices):
    """What a member may send with."""

    NONE = "none", _("Disable")
    NUMBERS = "numbers", _("Allow with own outbound numbers")
    SENDER_ID = "sender_id", _("Allow with Sender ID")


class Member(TenantOwned):
    """A user in a tenant, with role, extension and sending right."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    name = models.CharField(_("Name"), max_length=120)
    role = models.CharField(_("Role"), max_length=12, choices=ROLES, default=Role.AGENT)
    extension = models.CharField(
        _("Extension"),
        max_length=64,
        blank=True,
        default="",
        validators=[RegexValidator(r"^\d{3,64}$", _("An extension has 3 to 64 digits."))],
    )
    sending_right = models.CharField(
        _("Send SMS/MMS"), max_length=12, choices=SendingRight.choices, default=SendingRight.NONE
    )
    enabled = models.BooleanField(_("Enabled"), default=True)
    # The member's own switch, and own hours (a week as rules/schedule.py reads it; None: at any hour).
    available = models.BooleanField(_("Available"), default=True)
    hours: "models.JSONField[dict[str, Any] | None, dict[str, Any] | None]" = models.JSONField(null=True, blank=True)

    if TYPE_CHECKING:
        assigned_conversations: RelatedManager[Conversation]
        groups: RelatedManager["Group"]
        group_members: RelatedManager["GroupMember"]
        inbound_targets: RelatedManager[InboundTarget]
        numbers: RelatedManager[MemberNumber]
        inbox_threads: RelatedManager[InboxThread]

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(fields=["tenant", "user"], name="member_once_per_tenant"),
            models.UniqueConstraint(
                fields=["tenant", "extension"], condition=~Q(extension=""), name="member_extension_unique"
            ),
        )

    def __str__(self) -> str:
        return self.name or self.user.email


class Assignment(models.TextChoices):
    """Who of a group is given a conversation that nobody has yet."""

    NOBODY = "", _("Nobody: all see it, whoever is first answers")
    ROUND_ROBIN = "round_robin", _("One after the other")
    LONGEST_IDLE = "longest_idle", _("Whoever has waited longest")
    LEAST_BUSY = "least_busy", _("Whoever has the fewest open conversations")
    LAST_HANDLER = "last_handler", _("Whoever answered this person last")


class Group(TenantOwned):
    """Members who share texts: how they share them, who takes over when nobody is there or nobody answers."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(_("Name"), max_length=64)
    assignment = models.CharField(
        _("Give each conversation to"), max_length=12, choices=Assignment.choices, blank=True, default=Assignment.NOBODY
    )
    fallback_member = models.ForeignKey(
        Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    fallback_group = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    escalate_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    escalate_member = models.ForeignKey(
        Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    escalate_group = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    members = models.ManyToManyField(Member, through="GroupMember", related_name="groups")

    if TYPE_CHECKING:
        group_members: RelatedManager["GroupMember"]
        inbound_targets: RelatedManager[InboundTarget]
        outbound_rule_groups: RelatedManager[OutboundRuleGroup]
        inbox_threads: RelatedManager[InboxThread]

    class Meta:
        ordering = ("name", "id")
        constraints = (models.UniqueConstraint(fields=["tenant", "name"], name="group_name_unique"),)

    def __str__(self) -> str:
        return self.name


class GroupMember(TenantOwned):
    """One member's place in a group."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="group_members")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="group_members")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="group_members")
    last_given_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(
        null=True, blank=True, editable=False
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=["group", "member"], name="group_member_once"),)

    def __str__(self) -> str:
        return f"{self.member} in {self.group}"


class Invitation(TenantOwned):
    """A link by which a person becomes a member; the token itself is never stored."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(_("E-mail"))
    name = models.CharField(_("Name"), max_length=120, blank=True, default="")
    role = models.CharField(_("Role"), max_length=12, choices=ROLES, default=Role.AGENT)
    extension = models.CharField(max_length=64, blank=True, default="")
    sending_right = models.CharField(max_length=12, choices=SendingRight.choices, default=SendingRight.NONE)
    token_digest = models.CharField(max_length=64, unique=True)
    invited_by = models.CharField(max_length=254)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return self.email
