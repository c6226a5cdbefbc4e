"""What pages and webhooks cost: the same number of queries for three rows and for sixty, and few of them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sms.models import Attempt, Conversation, ConversationRead, Delivery, InboxThread, Message, StatusEvent
from sms.webhooks import registry
from tenants import clock
from tenants.ids import new_id
from tests import factories
from tests.factories import OUR_NUMBER
from tests.sms.webhook_client import BASE, path_of, post, text

pytestmark = pytest.mark.django_db
CEILING = 12


@pytest.fixture(autouse=True)
def _settled(settings):
    """Leave out what happens once in a while: the look at the database's clock."""
    settings.PUBLIC_BASE_URL = BASE
    registry.forget()
    clock.sync(force=True)


def theirs(number):
    return f"+1202556{number:04d}"


def add_conversations(cast, numbers):
    """Make conversations with a text each way, as the inboxes of Bob and of a group show them."""
    group = cast.acme.groups.first() or factories.make_group(cast.acme, "Sales", cast.bob, cast.sam)
    made = Conversation.objects.bulk_create(
        Conversation(tenant=cast.acme, our_address=OUR_NUMBER, their_address=theirs(number), inbound_count=1)
        for number in numbers
    )
    for conversation in made:
        add_texts(cast, conversation, 1)
    InboxThread.objects.bulk_create(
        InboxThread(tenant=cast.acme, conversation=conversation, **whose)
        for conversation in made
        for whose in ({"member": cast.bob}, {"group": group})
    )
    ConversationRead.objects.bulk_create(
        ConversationRead(tenant=cast.acme, conversation=conversation, member=cast.bob) for conversation in made
    )
    return made


def add_texts(cast, conversation, count):
    common = {
        "tenant": cast.acme,
        "configuration": cast.configuration,
        "number": cast.number,
        "conversation": conversation,
        "our_address": OUR_NUMBER,
        "their_address": conversation.their_address,
        "account_sid": cast.account.account_sid,
    }
    received = Message.objects.bulk_create(
        Message(**common, direction="in", state="routed", provider_sid=f"SM{new_id().hex}", media=MEDIA, body="text")
        for _ in range(count)
    )
    sent = Message.objects.bulk_create(
        Message(**common, direction="out", state="accepted", provider_status="delivered", body="text", **BY_BOB)
        for _ in range(count)
    )
    for message in received:
        add_deliveries(cast, message, 1)
    for message in sent:
        add_attempts(cast, message, 1)


MEDIA = [{"url": "https://api.twilio.com/x", "content_type": "image/png"}]
BY_BOB = {"author_label": "Bob", "error_code": "30003"}


def add_deliveries(cast, message, count):
    already = message.deliveries.count()
    Delivery.objects.bulk_create(
        Delivery(
            tenant=cast.acme,
            message=message,
            position=position,
            kind="member",
            label="Bob",
            member=cast.bob,
            state="delivered",
            delivered_at=clock.now(),
        )
        for position in range(already, already + count)
    )


def add_attempts(cast, message, count):
    already = message.attempts.count()
    attempts = Attempt.objects.bulk_create(
        Attempt(
            tenant=cast.acme,
            message=message,
            number=number,
            configuration=cast.configuration,
            sender=OUR_NUMBER,
            lease_token="x",
            phase="done",
            outcome="accepted",
            account_sid=cast.account.account_sid,
            provider_sid=f"SM{message.id.hex[:-4]}{number:04d}",
            posting_at=clock.now(),
            finished_at=clock.now(),
        )
        for number in range(already + 1, already + count + 1)
    )
    StatusEvent.objects.bulk_create(
        StatusEvent(
            tenant=cast.acme,
            attempt=attempt,
            account_sid=attempt.account_sid,
            provider_sid=attempt.provider_sid,
            status=status,
        )
        for attempt in attempts
        for status in ("queued", "sent", "delivered")
    )


def queries_of(client, url):
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(url)
    assert answer.status_code == 200
    return [query["sql"] for query in captured]


def assert_flat(client, url, more):
    """Open a page, add rows, open it again: as many queries, and not too many."""
    client.get(url)  # what is made once a process, or once a session
    few = queries_of(client, url)
    more()
    many = queries_of(client, url)
    assert len(many) == len(few), "\n".join(sql[:250] for sql in many)
    assert len(many) <= CEILING, "\n".join(sql[:250] for sql in many)


VISITORS = ["alice", "bob", "vera", "root"]


@pytest.fixture(params=VISITORS)
def visitor(request, cast, client, settings):
    from tenants import switching
    from tenants.audit import Actor

    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = False
    if request.param == "root":
        switching.begin(Actor(label="root", user=cast.root), cast.acme)
        client.force_login(cast.root)
    else:
        client.force_login(getattr(cast, request.param).user)
    return client


@pytest.fixture
def first(cast):
    return add_conversations(cast, range(3))[0]


def test_the_inbox(cast, visitor, first):
    assert_flat(visitor, "/t/acme/conversations/", lambda: add_conversations(cast, range(3, 60)))


@pytest.mark.parametrize("query", ["?q=2025", "?unread=1", "?q=contact"])
def test_the_inbox_narrowed(cast, client, first, query):
    client.force_login(cast.bob.user)
    assert_flat(client, f"/t/acme/conversations/{query}", lambda: add_conversations(cast, range(3, 60)))


def test_a_conversation(cast, visitor, first):
    url = f"/t/acme/conversations/{first.id.hex}/"
    assert_flat(visitor, url, lambda: add_texts(cast, first, 57))


def test_the_inbox_beside_a_conversation(cast, visitor, first):
    url = f"/t/acme/conversations/{first.id.hex}/"
    assert_flat(visitor, url, lambda: add_conversations(cast, range(3, 60)))


def test_a_live_conversation_that_has_not_changed_costs_no_more_than_the_door(cast, client, first):
    client.force_login(cast.bob.user)
    url = f"/t/acme/conversations/{first.id.hex}/"
    asked = {"HTTP_HX_REQUEST": "true", "HTTP_IF_NONE_MATCH": f'"{first.version}"'}
    client.get(url, **asked)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url, **asked).status_code == 304
    assert len(captured) <= 5


def test_the_message_log(cast, visitor, first):
    assert_flat(visitor, "/t/acme/messages/", lambda: add_texts(cast, first, 57))


@pytest.mark.parametrize(
    "query", ["?q=2025", "?direction=out&state=delivered", "?q=text", "?from=2020-01-01", "?code=30003"]
)
def test_the_message_log_narrowed(cast, client, first, query):
    client.force_login(cast.bob.user)
    assert_flat(client, f"/t/acme/messages/{query}", lambda: add_texts(cast, first, 57))


def test_a_sent_message(cast, visitor, first):
    message = first.messages.get(direction="out")
    assert_flat(visitor, f"/t/acme/messages/{message.id.hex}/", lambda: add_attempts(cast, message, 57))


def test_a_received_message(cast, visitor, first):
    message = first.messages.get(direction="in")
    assert_flat(visitor, f"/t/acme/messages/{message.id.hex}/", lambda: add_deliveries(cast, message, 57))


def test_the_api_list(cast, client, first):
    from tenants import api_keys, audit

    _, key = api_keys.create(audit.PORTAL, cast.acme, "Billing")
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    assert_flat(client, "/api/v1/messages", lambda: add_texts(cast, first, 57))


# --- Webhooks ---


def kinds(captured):
    return [query["sql"].split()[0] for query in captured]


def test_an_accepted_text_costs_one_statement_however_much_is_stored(cast, first):
    path, parameters = path_of(cast.configuration), text(cast.configuration)
    type(cast.configuration).objects.update(webhook_method="POST")
    post(path, text(cast.configuration))
    registry.find(path.split("/")[3], fresh=True)
    add_texts(cast, first, 57)
    with CaptureQueriesContext(connection) as captured:
        assert post(path, parameters).status_code == 200
    assert kinds(captured) == ["INSERT"]


def test_a_report_costs_the_same_for_the_first_attempt_and_the_sixtieth(cast, first):
    message = first.messages.get(direction="out")
    add_attempts(cast, message, 59)
    path = path_of(cast.configuration)
    post(path, text(cast.configuration))
    registry.find(path.split("/")[3], fresh=True)
    counts = []
    for number in (1, 60):
        attempt = message.attempts.get(number=number)
        report = {"MessageSid": attempt.provider_sid, "MessageStatus": "read", "AccountSid": attempt.account_sid}
        with CaptureQueriesContext(connection) as captured:
            assert post(path.replace("/message", f"/status/{message.id.hex}/{number}"), report).status_code == 200
        counts.append(len(captured))
    assert max(counts) <= CEILING
    assert abs(counts[0] - counts[1]) <= 2  # the newest attempt's state is the message's, too
