"""The short insert stores what a model instance would have stored."""

import pytest

from sms import rows
from sms.models import Message, StatusEvent
from tenants import clock
from tenants.ids import new_id

pytestmark = pytest.mark.django_db

SID = "SM" + "1" * 32
GIVEN = ("id", "created_at", "tenant_id", "direction", "our_address", "their_address", "state", "occurred_at", "due_at")


def values(cast, **wanted):
    now = clock.now()
    told = {"id": new_id(), "created_at": now, "tenant_id": cast.acme.id, "direction": "in", "state": "received"}
    return {**told, "our_address": "+1", "their_address": "+2", "occurred_at": now, "due_at": now, **wanted}


def test_every_column_that_is_not_given_holds_its_fields_default(cast):
    given = values(cast)
    assert rows.Insert(Message, *GIVEN).run(given)
    stored, fresh = Message.objects.get(), Message(**given)
    for field in Message._meta.concrete_fields:
        found = getattr(stored, field.attname)
        assert (bytes(found) if isinstance(found, memoryview) else found) == getattr(fresh, field.attname), field.name


def test_a_row_that_is_there_already_is_left_as_it_is(cast):
    insert = rows.Insert(Message, *GIVEN, "account_sid", "provider_sid", "body")
    first = values(cast, account_sid="AC1", provider_sid=SID, body="one")
    assert insert.run(first)
    assert not insert.run({**first, "id": new_id(), "body": "two"})
    assert Message.objects.get().body == "one"


def test_a_column_that_no_default_can_fill_must_be_given(cast):
    with pytest.raises(ValueError, match="id must be given"):
        rows.Insert(Message, "tenant_id").run({"tenant_id": cast.acme.id})
    with pytest.raises(ValueError, match="has no nonsense"):
        rows.Insert(StatusEvent, "nonsense").run({"nonsense": 1})
