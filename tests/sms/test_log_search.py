"""The message log's search: what is found, by whom, and what the page says when it did not look at everything."""

from datetime import timedelta

import pytest

from sms.models import Message
from sms.showing import log
from tenants import api_keys, audit, clock, keyset
from tests import factories
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER
from tests.sms.test_counting import FATES

pytestmark = pytest.mark.django_db
THEIRS = ["+12025560001", "+12025560002", "+4930123456", "+491512025556"]


@pytest.fixture
def texts(cast):
    """A text with each number, a minute apart, the first one newest."""
    now = clock.now()
    return [
        factories.make_inbound(
            cast.configuration,
            ours=OUR_NUMBER,
            theirs=number,
            body=f"Invoice {place}",
            state="routed",
            occurred_at=now - timedelta(minutes=place),
        )
        for place, number in enumerate(THEIRS)
    ]


def numbers_found(client, **query):
    page = client.get("/t/acme/messages/", query).context["page"]
    return [row.their_address for row in page.rows]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("+120255600", THEIRS[:2]),  # with the plus: how the number begins
        ("+4915", THEIRS[3:]),
        ("+202555", []),
        ("2556", THEIRS[:2]),  # without: anywhere in it
        ("12 (345)", [THEIRS[2]]),
        ("+1 (202) 556-0002", [THEIRS[1]]),
        ("12025560002", [THEIRS[1]]),  # a whole number
        ("invoice 2", [THEIRS[2]]),
        ("voice", THEIRS),
        ("nothing", []),
        (OUR_NUMBER, THEIRS),
        (OUR_SECOND_NUMBER, []),
    ],
)
def test_numbers_and_words_are_found(cast, client, texts, typed, found):
    client.force_login(cast.alice.user)
    assert numbers_found(client, q=typed) == found


def test_a_viewer_cannot_try_out_hidden_digits(cast, client, texts):
    client.force_login(cast.vera.user)
    assert numbers_found(client, q="+49301") == numbers_found(client, q="3012") == []
    assert numbers_found(client, q=THEIRS[2]) == [THEIRS[2]]


@pytest.mark.parametrize("state", log.STATES)
def test_every_state_finds_what_is_in_it(cast, client, state):
    for direction, own, theirs in FATES * 2:
        Message.objects.create(
            tenant=cast.acme,
            direction=direction,
            our_address=OUR_NUMBER,
            their_address=THEIRS[0],
            state=own,
            provider_status=theirs,
            provider_sid=f"SM{Message.objects.count():032x}",
        )
    client.force_login(cast.alice.user)
    found = {row.pk for row in client.get("/t/acme/messages/", {"state": state}).context["page"].rows}
    assert found == set(cast.acme.messages.filter(log.STATES[state]).values_list("pk", flat=True))
    assert bool(found) == (state != "stranded")


def test_a_search_that_was_cut_says_so_and_goes_on(cast, client, texts, monkeypatch):
    monkeypatch.setattr(keyset, "LOOKS", (2,))
    client.force_login(cast.alice.user)
    answer = client.get("/t/acme/messages/", {"q": "invoice 3"})
    assert (answer.context["page"].rows, answer.context["page"].cut_at) == ([], texts[1].occurred_at)
    assert b"Searched back to" in answer.content
    assert b"Nothing found so far" in answer.content
    further = client.get(answer.context["page"].older_url)
    assert [row.pk for row in further.context["page"].rows] == [texts[3].pk]
    last = client.get(further.context["page"].older_url)
    assert b"Searched back to" not in last.content


def test_days_that_were_asked_for_bound_the_search_as_well(cast, client, texts, monkeypatch):
    monkeypatch.setattr(keyset, "LOOKS", (2,))
    cast.acme.messages.filter(pk__in=[text.pk for text in texts[2:]]).update(
        occurred_at=clock.now() - timedelta(days=9)
    )
    client.force_login(cast.alice.user)
    day = (clock.now() - timedelta(days=9)).date().isoformat()
    assert len(numbers_found(client, q="invoice", to=day)) == 2
    recent = client.get("/t/acme/messages/", {"q": "nothing", "from": (clock.now() - timedelta(days=2)).date()})
    assert recent.context["page"].older_url in ("", recent.context["page"].older_url)
    assert client.get(recent.context["page"].older_url or "/").context["page"].cut_at is None


def test_nothing_is_cut_without_a_filter(cast, client, texts, monkeypatch):
    monkeypatch.setattr(keyset, "LOOKS", (1,))
    client.force_login(cast.alice.user)
    page = client.get("/t/acme/messages/").context["page"]
    assert (len(page.rows), page.cut_at) == (4, None)


def test_an_agent_s_own_part_is_looked_for_in_bounds(cast, client, texts, monkeypatch):
    own = factories.make_conversation(cast.acme, OUR_NUMBER, THEIRS[3])
    own.inbox_threads.create(tenant=cast.acme, member=cast.bob)
    Message.objects.filter(pk=texts[3].pk).update(conversation=own)
    client.force_login(cast.bob.user)
    assert numbers_found(client) == [THEIRS[3]]
    monkeypatch.setattr(keyset, "LOOKS", (2,))
    answer = client.get("/t/acme/messages/")
    assert (answer.context["page"].rows, answer.context["page"].cut_at) == ([], texts[1].occurred_at)
    assert b"No messages yet" not in answer.content


def test_the_systems_log_is_looked_through_in_bounds(cast, client, texts, monkeypatch, settings):
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = False
    monkeypatch.setattr(keyset, "LOOKS", (2,))
    client.force_login(cast.root)
    answer = client.get("/system/messages/", {"state": "unknown"})
    assert b"Searched back to" in answer.content
    assert answer.context["page"].older_url
    assert len(client.get("/system/messages/").context["rows"]) == 4


def test_the_inbox_is_looked_through_in_bounds(cast, client, monkeypatch):
    now = clock.now()
    for number, theirs in enumerate(THEIRS):
        conversation = factories.make_conversation(
            cast.acme, OUR_NUMBER, theirs, last_message_at=now - timedelta(minutes=number), inbound_count=1
        )
        if number < 3:
            conversation.reads.create(tenant=cast.acme, member=cast.alice, seen_count=1)
    monkeypatch.setattr(keyset, "LOOKS", (2,))
    client.force_login(cast.alice.user)
    answer = client.get("/t/acme/conversations/", {"unread": "1"})
    assert (answer.context["inbox"].rows, b"Searched back to" in answer.content) == ([], True)
    (found,) = client.get(answer.context["inbox"].older_url).context["inbox"].rows
    assert found.their_address == THEIRS[3]


def test_a_program_is_led_on_where_the_look_ended(cast, client, texts, monkeypatch):
    monkeypatch.setattr(keyset, "LOOKS", (2,))
    Message.objects.filter(pk=texts[3].pk).update(direction="out")
    _, key = api_keys.create(audit.PORTAL, cast.acme, "Billing")
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    first = client.get("/api/v1/messages", {"direction": "out"}).json()
    assert first["results"] == []
    (found,) = client.get(first["next"]).json()["results"]
    assert found["theirs"] == THEIRS[3]
