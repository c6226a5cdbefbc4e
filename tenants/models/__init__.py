"""Tables of tenants."""

from tenants.models.administrators import AdministratorInvitation
from tenants.models.api_keys import ApiKey
from tenants.models.audit import AuditEntry
from tenants.models.base import TenantOwned
from tenants.models.jobs import PeriodicRun
from tenants.models.limits import QuotaCounter, SystemState
from tenants.models.members import Group, GroupMember, Invitation, Member
from tenants.models.switching import ManageSession
from tenants.models.tenants import SlugRedirect, Tenant
from tenants.models.users import User

__all__ = [
    "AdministratorInvitation",
    "ApiKey",
    "AuditEntry",
    "Group",
    "GroupMember",
    "Invitation",
    "ManageSession",
    "Member",
    "PeriodicRun",
    "QuotaCounter",
    "SlugRedirect",
    "SystemState",
    "Tenant",
    "TenantOwned",
    "User",
]
