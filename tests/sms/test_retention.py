"""What is erased when, and what never."""

from datetime import timedelta

import pytest

from sms import retention
from sms.models import IdempotencyKey, Message
from tenants import audit, clock
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER

pytestmark = pytest.mark.django_db


def make(cast: factories.Cast, days: int) -> Message:
    at = clock.now() - timedelta(days=days)
    return factories.make_inbound(
        cast.configuration,
        ours=OUR_NUMBER,
        theirs=THEIR_NUMBER,
        state="routed",
        due_at=None,
        occurred_at=at,
        raw=b"raw",
        media=[{"url": "u"}],
    )


def test_nothing_is_erased_unless_it_is_asked_for(cast: factories.Cast) -> None:
    make(cast, 5000)
    assert retention.erase() == 0
    assert Message.objects.count() == 1


def test_texts_are_emptied_and_then_deleted(cast: factories.Cast) -> None:
    cast.acme.keep_bodies_days, cast.acme.keep_messages_days = 10, 20
    cast.acme.save()
    gone, emptied, kept = make(cast, 30), make(cast, 15), make(cast, 5)
    old = factories.make_conversation(
        cast.acme, OUR_NUMBER, THEIR_NUMBER, preview="Hello", last_message_at=clock.now() - timedelta(days=15)
    )
    assert retention.erase() == 2
    assert retention.erase() == 0
    emptied.refresh_from_db()
    kept.refresh_from_db()
    old.refresh_from_db()
    assert not Message.objects.filter(pk=gone.pk).exists()
    assert (emptied.body, bytes(emptied.raw), emptied.media, old.preview) == ("", b"", [], "")
    assert kept.body == "Hello"


def test_the_audit_log_is_kept_for_as_long_as_the_tenant_wants(cast: factories.Cast) -> None:
    cast.acme.keep_audit_days = 10
    cast.acme.save()
    audit.record(audit.PORTAL, "tenants.tenant.changed", cast.acme, tenant=cast.acme)
    assert retention.erase() == 0
    cast.acme.audit_entries.update(occurred_at=clock.now() - timedelta(days=11))
    assert retention.erase() == 1


def test_answers_to_programs_are_kept_seven_days(cast: factories.Cast) -> None:
    message = make(cast, 1)
    for days in (6, 8):
        IdempotencyKey.objects.create(
            tenant=cast.acme, key=str(days), message=message, created_at=clock.now() - timedelta(days=days)
        )
    assert retention.erase() == 1
    assert IdempotencyKey.objects.get().key == "6"
