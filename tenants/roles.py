"""Which role may do what: one table, the same for pages, API and the access tests. PURE."""

from enum import StrEnum


class Role(StrEnum):
    """What a member is in a tenant."""

    ADMIN = "admin"
    SUPERVISOR = "supervisor"
    AGENT = "agent"
    VIEWER = "viewer"


class Permission(StrEnum):
    """One thing that can be allowed, named by noun and verb."""

    TENANT_VIEW = "tenant.view"
    TENANT_EDIT = "tenant.edit"
    MEMBERS_MANAGE = "members.manage"
    API_KEYS_MANAGE = "api_keys.manage"
    AUDIT_VIEW = "audit.view"
    TRUNKS_VIEW = "trunks.view"
    TRUNKS_EDIT = "trunks.edit"
    CONFIGURATIONS_VIEW = "configurations.view"
    CONFIGURATIONS_EDIT = "configurations.edit"
    WEBHOOK_COPY = "webhook.copy"
    RULES_VIEW = "rules.view"
    RULES_EDIT = "rules.edit"
    CONVERSATIONS_VIEW = "conversations.view"
    CONVERSATIONS_VIEW_ALL = "conversations.view_all"
    MESSAGES_SEND = "messages.send"
    MESSAGES_VIEW = "messages.view"
    MESSAGES_VIEW_ALL = "messages.view_all"
    MESSAGES_UNMASKED = "messages.unmasked"
    MESSAGES_EXPORT = "messages.export"
    OPT_OUTS_EDIT = "opt_outs.edit"


_EVERYONE = {Permission.TENANT_VIEW, Permission.CONVERSATIONS_VIEW, Permission.MESSAGES_VIEW}
_AGENT = _EVERYONE | {Permission.MESSAGES_SEND, Permission.MESSAGES_UNMASKED}
_VIEWER = _EVERYONE | {
    Permission.CONFIGURATIONS_VIEW,
    Permission.TRUNKS_VIEW,
    Permission.RULES_VIEW,
    Permission.CONVERSATIONS_VIEW_ALL,
    Permission.MESSAGES_VIEW_ALL,
}
_SUPERVISOR = _AGENT | {
    Permission.CONFIGURATIONS_VIEW,
    Permission.TRUNKS_VIEW,
    Permission.RULES_VIEW,
    Permission.RULES_EDIT,
    Permission.MESSAGES_VIEW_ALL,
    Permission.OPT_OUTS_EDIT,
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.SUPERVISOR: frozenset(_SUPERVISOR),
    Role.AGENT: frozenset(_AGENT),
    Role.VIEWER: frozenset(_VIEWER),
}

# A system administrator inside a tenant does what its administrators do.
MANAGING: frozenset[Permission] = frozenset(Permission)


def permissions_of(role: str) -> frozenset[Permission]:
    """Return what a role may do; an unknown role may do nothing."""
    try:
        return PERMISSIONS[Role(role)]
    except ValueError:
        return frozenset()
