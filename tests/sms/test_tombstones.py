"""What was erased stays erased: neither Twilio's list nor a replayed webhook brings a text back."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sms import inbound, retention
from sms.lists import tombstones
from sms.models import Message, Tombstone
from sms.webhooks import payloads
from tenants import clock
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER

pytestmark = pytest.mark.django_db


def accept(cast: factories.Cast, message: Message, tenant: Any = None) -> bool:
    """Take a text as the webhook does, with the SID of another one."""
    form = {"MessageSid": message.provider_sid, "AccountSid": message.account_sid, "Body": "Again"}
    text = payloads.parse_message([*form.items(), ("From", THEIR_NUMBER), ("To", OUR_NUMBER)])
    return inbound.accept(
        text, tenant_id=(tenant or cast.acme).id, configuration_id=cast.configuration.id, raw=b"Body=Again"
    )


def old(cast: factories.Cast, days: int = 30, **fields: Any) -> Message:
    at = clock.now() - timedelta(days=days)
    return factories.make_inbound(
        cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, state="routed", occurred_at=at, **fields
    )


@pytest.fixture
def erased(cast: factories.Cast) -> Message:
    cast.acme.keep_messages_days = 20
    cast.acme.save()
    message = old(cast)
    Message.objects.update(due_at=None)
    assert retention.erase() == 1
    return message


def test_an_erased_text_does_not_come_back_by_its_webhook(cast: factories.Cast, erased: Message) -> None:
    assert not accept(cast, erased)
    assert not Message.objects.exists()


def test_the_refusal_takes_no_second_statement(cast: factories.Cast, erased: Message) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        accept(cast, erased)
    assert len(queries) == 1


def test_a_stone_says_nothing_about_the_text_and_stands_for_its_tenant_only(
    cast: factories.Cast, erased: Message
) -> None:
    stone = Tombstone.objects.get()
    assert stone.tenant == cast.acme
    assert erased.provider_sid not in stone.digest
    assert stone.digest == tombstones.digest_of(erased.account_sid, erased.provider_sid)
    assert accept(cast, erased, cast.globex)


def test_a_text_that_was_emptied_needs_no_stone(cast: factories.Cast) -> None:
    cast.acme.keep_bodies_days = 10
    cast.acme.save()
    message = old(cast, due_at=None)
    Message.objects.update(due_at=None)
    retention.erase()
    assert not Tombstone.objects.exists()
    assert not accept(cast, message)
    assert Message.objects.get().body == ""


def test_texts_that_were_sent_leave_no_stone(cast: factories.Cast) -> None:
    message = old(cast)
    Message.objects.update(due_at=None, direction="out")
    assert retention.delete_messages(Message.objects.all()) == 1
    assert not Message.objects.filter(pk=message.pk).exists()
    assert not Tombstone.objects.exists()


def test_stones_stand_longer_than_twilio_keeps_a_text(cast: factories.Cast, erased: Message) -> None:
    def erase_later(days: int) -> int:
        with clock.frozen(clock.now() + timedelta(days=days)):
            return retention.erase()

    assert erase_later(401) == 0
    assert not accept(cast, erased)
    assert erase_later(431) == 1
    assert not Tombstone.objects.exists()


def test_erasing_twice_sets_one_stone(cast: factories.Cast, erased: Message) -> None:
    again = old(cast, provider_sid=erased.provider_sid)
    Message.objects.filter(pk=again.pk).update(account_sid=erased.account_sid, due_at=None)
    assert retention.erase() == 1
    assert Tombstone.objects.count() == 1
