"""Message quotas: they hold to the text, in the tenant's own days, and say what is reached and until when."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from rules.schedule import Calendar
from rules.targets import read_target
from sms import delivering, outbound
from sms.destinations import Arrival
from sms.models import Conversation, Message
from tenants import api_keys, audit, clock, provisioning, quotas
from tenants.audit import Actor
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.conftest import let_send

pytestmark = pytest.mark.usefixtures("hinted")
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def cast(db: None) -> factories.Cast:
    cast = factories.make_cast()
    let_send(cast)
    return cast


def limit(cast: factories.Cast, **limits: int | None) -> None:
    provisioning.change_tenant(audit.PORTAL, cast.acme, **limits)
    cast.acme.refresh_from_db()


def send(cast: factories.Cast, **wanted: Any) -> Message:
    return outbound.send(audit.PORTAL, cast.acme, to=THEIR_NUMBER, body="Hello", **wanted)


def test_a_tenant_without_limits_counts_nothing(cast: factories.Cast) -> None:
    send(cast)
    assert quotas.use(cast.acme) == []
    assert not cast.acme.quota_counters.exists()


@pytest.mark.parametrize("kind", ["day", "month"])
def test_the_text_after_the_last_one_is_refused_with_limit_and_end(cast: factories.Cast, kind: str) -> None:
    with clock.frozen(NOON):
        limit(cast, **{f"messages_per_{kind}": 2})
        send(cast)
        send(cast)
        with pytest.raises(outbound.OverLimit) as refused:
            send(cast)
    assert refused.value.code == f"limit_{kind}"
    begins = "11 March 2026" if kind == "day" else "1 April 2026"
    assert str(refused.value) == f"The limit of 2 texts a {kind} is reached. It begins anew on {begins}, 00:00 (UTC)."
    assert Message.objects.count() == 2
    assert cast.acme.quota_counters.get().used == 2


def test_a_refused_text_counts_nowhere(cast: factories.Cast) -> None:
    limit(cast, messages_per_day=5, messages_per_month=1)
    send(cast)
    with pytest.raises(outbound.OverLimit):
        send(cast, idempotency_key="again")
    assert set(cast.acme.quota_counters.values_list("used", flat=True)) == {1}
    assert not cast.acme.idempotency_keys.exists()


def test_a_window_ends_at_midnight_of_the_tenant(cast: factories.Cast) -> None:
    cast.acme.time_zone = "America/New_York"
    cast.acme.save()
    limit(cast, messages_per_day=1)
    with clock.frozen(datetime(2026, 3, 9, 3, 30, tzinfo=UTC)):
        send(cast)
    with clock.frozen(datetime(2026, 3, 9, 3, 59, tzinfo=UTC)), pytest.raises(outbound.OverLimit, match="9 March 2026"):
        send(cast)
    with clock.frozen(datetime(2026, 3, 9, 4, 0, tzinfo=UTC)):
        send(cast)
    assert list(cast.acme.quota_counters.values_list("window", "used")) == [("2026-03-09", 1)]


def test_a_day_with_a_change_of_clocks_lasts_until_its_own_midnight(cast: factories.Cast) -> None:
    cast.acme.time_zone, cast.acme.messages_per_day = "America/New_York", 1
    [window] = quotas.windows(cast.acme, datetime(2026, 3, 8, 15, tzinfo=UTC))
    assert (window.resets_at - window.starts_at).days == 1
    assert (window.resets_at.astimezone(UTC) - window.starts_at.astimezone(UTC)).seconds == 23 * 3600


def test_a_limit_that_is_set_in_the_middle_counts_what_was_sent_before_it(cast: factories.Cast) -> None:
    with clock.frozen(NOON):
        for _ in range(3):
            send(cast)
        Message.objects.filter(pk=Message.objects.all()[0].pk).update(state="blocked")
        limit(cast, messages_per_day=3)
        assert [(use.used, use.percent) for use in quotas.use(cast.acme)] == [(2, 66)]
        send(cast)
        with pytest.raises(outbound.OverLimit):
            send(cast)
        limit(cast, messages_per_day=None)
        send(cast)
        limit(cast, messages_per_day=5)
        assert [use.used for use in quotas.use(cast.acme)] == [4]
        send(cast)
        with pytest.raises(outbound.OverLimit):
            send(cast)


def test_the_same_request_again_counts_once(cast: factories.Cast) -> None:
    limit(cast, messages_per_day=1)
    first = send(cast, idempotency_key="one")
    assert send(cast, idempotency_key="one") == first


def test_one_tenants_limit_is_not_anothers(cast: factories.Cast) -> None:
    limit(cast, messages_per_day=1)
    cast.globex.messages_per_day = 1
    send(cast)
    quotas.take(cast.globex)
    assert (cast.acme.quota_counters.get().used, cast.globex.quota_counters.get().used) == (1, 1)
    with pytest.raises(quotas.QuotaReached):
        quotas.take(cast.globex)


def test_programs_learn_the_limit_and_when_to_come_back(cast: factories.Cast, client: Client) -> None:
    limit(cast, messages_per_day=1)
    send(cast)
    _key, text = api_keys.create(Actor("alice", user=cast.alice.user), cast.acme, "Shop")
    answer = client.post(
        "/api/v1/messages",
        {"to": THEIR_NUMBER, "body": "Hello"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {text}"},
    )
    said = answer.json()
    assert (answer.status_code, said["code"], said["limit"]) == (429, "limit_day", 1)
    assert said["title"].startswith("The limit of 1 texts a day is reached.")
    assert said["resets_at"].endswith("Z")
    assert 0 < int(answer["Retry-After"]) <= 86_400


def test_an_automatic_reply_over_the_limit_is_kept_as_blocked(cast: factories.Cast) -> None:
    limit(cast, messages_per_day=1)
    send(cast)
    conversation = Conversation.objects.get()
    received = factories.make_inbound(
        cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, conversation=conversation
    )
    arrival = Arrival(received, conversation, Calendar.always(), clock.now())
    delivering.place(arrival, [read_target({"kind": "auto_reply", "text": "Closed today"})])
    delivering.work()
    reply = Message.objects.get(source="auto_reply")
    assert (reply.state, reply.state_reason, reply.due_at) == ("blocked", "Over the limit of 1 texts a day", None)
    assert received.deliveries.get().state == "skipped"
    assert received.deliveries.get().last_error == "Over the limit of 1 texts a day."
    assert [use.used for use in quotas.use(cast.acme)] == [1]


def test_administrators_of_the_system_set_limits_and_the_tenant_sees_them(cast: factories.Cast, client: Client) -> None:
    limit(cast, messages_per_day=10, messages_per_month=100)
    entry = cast.acme.audit_entries.filter(action="tenants.tenant.changed").first()
    assert entry is not None
    assert entry.changes["messages_per_day"] == [None, 10]
    send(cast)
    client.force_login(cast.alice.user)
    page = client.get(reverse("tenants:sending", args=["acme"])).content.decode()
    assert "Texts today" in page
    assert "1 / 10" in page
    assert "1 / 100" in page


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_get_exactly_ten_through() -> None:
    cast = factories.make_cast()
    let_send(cast)
    limit(cast, messages_per_day=10)
    barrier = threading.Barrier(20)

    def one(number: int) -> bool:
        try:
            barrier.wait(10)
            outbound.send(audit.PORTAL, cast.acme, to=f"+120255502{number:02}", body="Hello")
        except outbound.OverLimit:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(20) as pool:
        passed = list(pool.map(one, range(20)))
    assert sum(passed) == 10
    assert Message.objects.count() == 10
    assert cast.acme.quota_counters.get().used == 10
