"""Tenants are made, changed, copied and switched, each with its audit entries."""

from datetime import timedelta

import pytest

from tenants import audit, clock, provisioning, removal
from tenants.audit import Actor
from tenants.models import AuditEntry, Invitation, SlugRedirect, Tenant
from tenants.roles import Role
from tests.factories import make_group, make_tenant


@pytest.fixture
def actor(cast):
    return Actor(label=cast.root.email, user=cast.root)


def actions(tenant):
    return list(AuditEntry.objects.filter(tenant=tenant).values_list("action", flat=True))


def test_a_new_tenant_gets_a_slug_from_its_name_and_an_invitation_for_its_administrator(actor):
    tenant, link, mailed = provisioning.create_tenant(
        actor, name="Blue Sky Ltd.", country="GB", administrator_email="Ann@Blue.example"
    )
    assert tenant.slug == "blue-sky-ltd"
    assert mailed is False
    invitation = tenant.invitations.get()
    assert (invitation.email, invitation.role) == ("ann@blue.example", Role.ADMIN)
    assert link.startswith("http://127.0.0.1:8000/invitation/")
    assert invitation.token_digest not in link


def test_creation_stands_in_both_logs(actor):
    tenant = provisioning.create_tenant(actor, name="Blue", country="GB").tenant
    assert actions(tenant) == ["tenants.tenant.created"]
    assert AuditEntry.objects.filter(tenant=None, action="tenants.tenant.created", tenant_label="Blue").exists()


def test_a_taken_slug_is_refused_and_nothing_is_left_behind(actor, cast):
    with pytest.raises(provisioning.SlugTaken, match="Another tenant"):
        provisioning.create_tenant(actor, name="Acme 2", slug="acme", country="US", administrator_email="x@y.example")
    assert not Tenant.objects.filter(name="Acme 2").exists()
    assert not Invitation.objects.exists()


def test_free_slug_counts_up(cast):
    assert provisioning.free_slug("ACME") == "acme-2"
    assert provisioning.free_slug("日本") == "tenant"


def test_a_deleted_tenant_still_holds_its_slug(cast):
    Tenant.objects.filter(pk=cast.globex.pk).update(deleted_at=clock.now())
    assert "deleted" in provisioning.slug_problem("globex")


def test_a_changed_slug_leaves_a_redirect_that_nobody_else_can_take(actor, cast):
    provisioning.change_tenant(actor, cast.acme, slug="acme-inc")
    redirect = SlugRedirect.objects.get(slug="acme")
    assert redirect.tenant == cast.acme
    assert redirect.expires_at > clock.now() + timedelta(days=89)
    assert "lately" in provisioning.slug_problem("acme")
    assert provisioning.slug_problem("acme", but=cast.acme) == ""


def test_a_tenant_can_go_back_to_its_former_slug(actor, cast):
    changed = provisioning.change_tenant(actor, cast.acme, slug="acme-inc")
    provisioning.change_tenant(actor, changed, slug="acme")
    assert set(SlugRedirect.objects.values_list("slug", flat=True)) == {"acme-inc"}


def test_an_expired_redirect_frees_the_slug(actor, cast):
    provisioning.change_tenant(actor, cast.acme, slug="acme-inc")
    SlugRedirect.objects.update(expires_at=clock.now() - timedelta(days=1))
    provisioning.change_tenant(actor, cast.globex, slug="acme")
    assert Tenant.objects.get(slug="acme") == cast.globex


def test_the_log_holds_only_what_changed(actor, cast):
    provisioning.change_tenant(actor, cast.acme, name="Acme", currency="EUR", two_factor_required=True)
    entry = AuditEntry.objects.filter(tenant=cast.acme, action="tenants.tenant.changed").get()
    assert entry.changes == {"currency": ["USD", "EUR"], "two_factor_required": [False, True]}


def test_saving_without_a_change_is_not_logged(actor, cast):
    provisioning.change_tenant(actor, cast.acme, name="Acme")
    assert actions(cast.acme) == []


def test_a_tenant_administrators_change_stays_in_the_tenants_log(cast):
    alice = Actor(label="alice", user=cast.alice.user, member=cast.alice)
    provisioning.change_tenant(alice, cast.acme, currency="EUR")
    assert actions(cast.acme) == ["tenants.tenant.changed"]
    assert not AuditEntry.objects.filter(tenant=None).exists()


def test_a_copy_takes_settings_and_groups_but_no_people_numbers_or_domain(actor, cast):
    provisioning.change_tenant(actor, cast.acme, domain="acme.example", max_members=7, currency="EUR")
    make_group(cast.acme, "Sales", cast.bob)
    copy, link, _mailed = provisioning.copy_tenant(actor, Tenant.objects.get(pk=cast.acme.pk), name="Acme Copy")
    copy.refresh_from_db()
    assert (copy.max_members, copy.currency, copy.domain, copy.slug) == (7, "EUR", "", "acme-copy")
    assert [group.name for group in copy.groups.all()] == ["Sales"]
    assert (copy.members.count(), copy.phone_numbers.count(), copy.configurations.count(), link) == (0, 0, 0, "")


def test_a_copy_can_invite_an_administrator(actor, cast):
    created = provisioning.copy_tenant(actor, cast.acme, name="Acme Copy", administrator_email="ann@copy.example")
    assert created.link
    assert created.tenant.invitations.get().role == Role.ADMIN


def test_switching_is_logged_once_in_both_logs(actor, cast):
    provisioning.set_enabled(actor, cast.acme, False)
    provisioning.set_enabled(actor, cast.acme, False)
    assert actions(cast.acme) == ["tenants.tenant.disabled"]
    assert AuditEntry.objects.filter(tenant=None, action="tenants.tenant.disabled").count() == 1
    assert Tenant.objects.get(pk=cast.acme.pk).enabled is False


# --- removal ---


def disable(actor, tenant):
    provisioning.set_enabled(actor, tenant, False)


def test_an_enabled_tenant_cannot_be_deleted(actor, cast):
    with pytest.raises(provisioning.TenantInUse, match="Disable Acme first"):
        provisioning.delete(actor, cast.acme)


def test_a_deleted_tenant_can_be_restored_and_comes_back_disabled(actor, cast):
    disable(actor, cast.acme)
    provisioning.delete(actor, cast.acme)
    provisioning.delete(actor, cast.acme)
    deleted = Tenant.objects.get(pk=cast.acme.pk)
    assert deleted.deleted_at is not None
    assert removal.purged_at(deleted) == deleted.deleted_at + timedelta(days=30)
    provisioning.restore(actor, deleted)
    restored = Tenant.objects.get(pk=cast.acme.pk)
    assert (restored.deleted_at, restored.enabled, removal.purged_at(restored)) == (None, False, None)
    assert actions(cast.acme) == ["tenants.tenant.restored", "tenants.tenant.deleted", "tenants.tenant.disabled"]


def test_deleting_ends_the_visits_of_system_administrators(actor, cast):
    from tenants import switching

    session = switching.begin(actor, cast.acme)
    disable(actor, cast.acme)
    provisioning.delete(actor, cast.acme)
    session.refresh_from_db()
    assert session.left_at is not None


def test_impact_counts_what_goes(cast):
    assert removal.impact(cast.acme) == {"numbers": 2, "messages": 0, "members": 4, "configurations": 1}


def test_the_purge_waits_thirty_days_then_erases_everything_but_the_audit_log(actor, cast, monkeypatch):
    from tests.factories import OUR_NUMBER, THEIR_NUMBER, make_conversation, make_inbound

    monkeypatch.setattr(removal, "BATCH", 2)
    make_conversation(cast.acme, OUR_NUMBER, THEIR_NUMBER)
    for _ in range(5):
        make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER)
    make_group(cast.acme, "Sales", cast.bob)
    disable(actor, cast.acme)
    provisioning.delete(actor, cast.acme)
    deleted_at = Tenant.objects.get(pk=cast.acme.pk).deleted_at
    assert provisioning.purge_deleted(deleted_at + timedelta(days=29)) == 0
    assert provisioning.purge_deleted(deleted_at + timedelta(days=31)) == 1
    assert list(Tenant.objects.values_list("slug", flat=True)) == ["globex"]
    kept = AuditEntry.objects.filter(tenant_label="Acme", action="tenants.tenant.deleted")
    assert kept.count() == 2
    assert AuditEntry.objects.filter(action="tenants.tenant.purged", target_label="Acme").exists()
    cast.mallory.refresh_from_db()


def test_a_purged_tenants_own_trunk_goes_and_a_shared_one_stays(actor, cast):
    from sms.models import Trunk
    from tests.factories import make_trunk

    make_trunk("Own", tenant=cast.acme)
    disable(actor, cast.acme)
    provisioning.delete(actor, cast.acme)
    provisioning.purge_deleted(clock.now() + timedelta(days=31))
    assert list(Trunk.objects.values_list("name", flat=True)) == ["Main"]


def test_differences_make_plain_values():
    assert audit.differences({"a": 1}, {"a": clock.now})["a"][0] == 1


def test_deleted_tenants_are_not_touched_by_the_toggle(actor, cast):
    disable(actor, cast.acme)
    provisioning.delete(actor, cast.acme)
    provisioning.set_enabled(actor, cast.acme, True)
    assert Tenant.objects.get(pk=cast.acme.pk).enabled is False


def test_make_tenant_is_independent(db):
    assert make_tenant("Solo").is_open


def test_a_purge_that_something_outside_holds_up_leaves_the_tenant_for_the_next_time(actor, cast):
    from tests.factories import make_account, make_configuration, make_trunk

    own = make_trunk("Own", tenant=cast.acme)
    make_configuration(cast.globex, own, make_account(cast.globex))
    disable(actor, cast.acme)
    provisioning.delete(actor, cast.acme)
    assert provisioning.purge_deleted(clock.now() + timedelta(days=31)) == 0
    assert Tenant.objects.filter(pk=cast.acme.pk).exists()


def test_restoring_what_is_not_deleted_changes_nothing(actor, cast):
    provisioning.restore(actor, cast.acme)
    assert actions(cast.acme) == []


def test_only_system_administrators_manage_and_leaving_twice_is_logged_once(actor, cast):
    from django.core.exceptions import PermissionDenied

    from tenants import switching

    with pytest.raises(PermissionDenied):
        switching.begin(Actor(label="alice", user=cast.alice.user), cast.acme)
    switching.begin(actor, cast.acme)
    switching.leave(actor, cast.acme)
    switching.leave(actor, cast.acme)
    assert actions(cast.acme) == ["tenants.manage.left", "tenants.manage.began"]
