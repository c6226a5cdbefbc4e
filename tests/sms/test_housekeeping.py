"""The hourly jobs: what is erased, and that nothing else is."""

from datetime import timedelta

import pytest

from sms import sweeps
from sms.models import Message, RefusedRequest
from tenants import clock
from tenants.models import AuditEntry, Tenant
from tests.test_access import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World()


def test_a_deleted_tenant_is_erased_after_thirty_days_and_its_audit_stays(world: World) -> None:
    acme = world.cast.acme
    RefusedRequest.objects.create(
        tenant=acme, configuration=world.cast.configuration, reason="bad_signature", signed_url="x", method="POST"
    )
    Tenant.objects.filter(pk=acme.pk).update(deleted_at=clock.now() - timedelta(days=31), enabled=False)
    entries = AuditEntry.objects.count()
    assert sweeps.housekeeping()["purge"] == 1
    assert not Tenant.objects.filter(pk=acme.pk).exists()
    assert not Message.objects.filter(body__contains="canary").exists()
    assert AuditEntry.objects.count() == entries + 1
    assert Tenant.objects.filter(name="Globex").exists()


def test_a_tenant_deleted_yesterday_is_kept(world: World) -> None:
    Tenant.objects.filter(pk=world.cast.acme.pk).update(deleted_at=clock.now() - timedelta(days=1))
    assert sweeps.housekeeping()["purge"] == 0
    assert Message.objects.filter(body__contains="canary").exists()


def test_refused_requests_go_after_three_days(world: World) -> None:
    for days in (1, 4):
        row = RefusedRequest.objects.create(
            tenant=world.cast.acme,
            configuration=world.cast.configuration,
            reason="bad_signature",
            signed_url="x",
            method="POST",
        )
        RefusedRequest.objects.filter(pk=row.pk).update(created_at=clock.now() - timedelta(days=days))
    assert sweeps.housekeeping()["refused"] == 1
    assert RefusedRequest.objects.filter(signed_url="x").count() == 1


def test_two_housekeepers_at_once_do_the_work_once(world: World) -> None:
    assert sweeps.housekeeping()
    assert sweeps.housekeeping() == {}
