"""Manage: who may, how long, and what both logs say."""

import pytest
from django.core.exceptions import PermissionDenied

from tenants import audit, clock, switching
from tenants.audit import Actor
from tenants.models import AuditEntry, ManageSession
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor(cast):
    return Actor(label=cast.root.email, user=cast.root, address="203.0.113.9", request_id="abc")


def test_beginning_opens_a_session_that_ends_by_itself(cast, actor, settings):
    with clock.frozen(clock.now()):
        session = switching.begin(actor, cast.acme, reason="A call")
        assert session.expires_at == clock.in_seconds(settings.MANAGE_IDLE_SECONDS)
    assert (session.administrator, session.tenant, session.left_at) == (cast.root, cast.acme, None)


def test_both_logs_say_who_came_and_why(cast, actor):
    switching.begin(actor, cast.acme, reason="A call")
    switching.leave(actor, cast.acme)
    for log in (cast.acme, None):
        left, began = AuditEntry.objects.filter(tenant=log)
        assert (began.action, left.action) == ("tenants.manage.began", "tenants.manage.left")
        assert began.changes == {"reason": "A call"}
        assert (began.actor_label, began.address, began.request_id) == (cast.root.email, "203.0.113.9", "abc")
        assert began.tenant_label == "Acme"


def test_beginning_again_ends_the_former_session(cast, actor):
    first, second = switching.begin(actor, cast.acme), switching.begin(actor, cast.acme)
    first.refresh_from_db()
    assert first.left_at is not None
    assert ManageSession.objects.filter(left_at=None).get() == second


def test_two_tenants_can_be_managed_in_two_tabs(cast, actor):
    switching.begin(actor, cast.acme)
    switching.begin(actor, cast.globex)
    switching.leave(actor, cast.acme)
    assert ManageSession.objects.filter(left_at=None).get().tenant == cast.globex


def test_leaving_twice_is_written_once(cast, actor):
    switching.begin(actor, cast.acme)
    switching.leave(actor, cast.acme)
    switching.leave(actor, cast.acme)
    assert AuditEntry.objects.filter(action="tenants.manage.left", tenant=cast.acme).count() == 1


@pytest.mark.parametrize("act", [switching.begin, switching.leave])
@pytest.mark.parametrize("who", ["nobody", "tenant administrator"])
def test_nobody_else_manages(cast, act, who):
    other = audit.PORTAL if who == "nobody" else Actor(label="alice", user=cast.alice.user)
    with pytest.raises(PermissionDenied):
        act(other, cast.acme)
    assert not ManageSession.objects.exists()
    assert not AuditEntry.objects.exists()


def test_one_leaving_leaves_the_other_there(cast, actor):
    second = factories.make_user("second@portal.example", is_system_administrator=True)
    switching.begin(actor, cast.acme)
    switching.begin(Actor(label="second", user=second), cast.acme)
    switching.leave(actor, cast.acme)
    assert ManageSession.objects.filter(left_at=None).get().administrator == second
