"""The table of roles: what each may do, spelled out once more by hand."""

import pytest

from tenants.roles import MANAGING, PERMISSIONS, Permission, Role, permissions_of

READS = {"tenant.view", "conversations.view", "messages.view"}
WANTED = {
    Role.ADMIN: {permission.value for permission in Permission},
    Role.SUPERVISOR: READS
    | {
        "messages.send",
        "messages.unmasked",
        "messages.view_all",
        "configurations.view",
        "trunks.view",
        "rules.view",
        "rules.edit",
        "opt_outs.edit",
    },
    Role.AGENT: READS | {"messages.send", "messages.unmasked"},
    Role.VIEWER: READS
    | {"configurations.view", "trunks.view", "rules.view", "conversations.view_all", "messages.view_all"},
}


@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_exactly_this(role):
    assert {permission.value for permission in PERMISSIONS[role]} == WANTED[role]


def test_every_role_has_its_line():
    assert set(PERMISSIONS) == set(Role)


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AGENT, Role.VIEWER])
@pytest.mark.parametrize("permission", ["members.manage", "api_keys.manage", "webhook.copy", "configurations.edit"])
def test_what_could_give_away_the_tenant_is_for_administrators(role, permission):
    assert Permission(permission) not in permissions_of(role)


def test_viewers_change_nothing_and_see_no_numbers():
    forbidden = {p for p in Permission if p.value.rsplit(".", 1)[1] in ("edit", "send", "manage", "unmasked", "export")}
    assert not forbidden & permissions_of(Role.VIEWER)


@pytest.mark.parametrize("role", ["", "owner", "ADMIN", "root", "admin "])
def test_an_unknown_role_may_do_nothing(role):
    assert permissions_of(role) == frozenset()


def test_a_system_administrator_inside_does_what_administrators_do():
    assert permissions_of(Role.ADMIN) == MANAGING
