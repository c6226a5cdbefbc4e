"""The try-out answers what real texts would meet, and writes nothing."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from rules import editing
from rules.e164 import E164
from rules.editing import InboundDraft, OutboundDraft, RouteDraft, TargetDraft
from sms import tryout
from sms.models import OptOut
from tenants import audit
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, THEIR_NUMBER, Cast, make_group

THEIRS = E164(THEIR_NUMBER)


def add_inbound(cast: Cast, name: str, *conditions: dict[str, object], kind: str = "drop") -> None:
    target = TargetDraft(kind, cast.bob.id if kind == "member" else None)
    draft = InboundDraft(name, True, None, [], list(conditions), [target])
    editing.save_inbound(audit.PORTAL, cast.acme, draft)


def add_outbound(cast: Cast, *conditions: dict[str, object], **route: Any) -> None:
    routes = [RouteDraft(cast.configuration.id, **route)]
    editing.save_outbound(audit.PORTAL, cast.acme, OutboundDraft("Out", True, 1000, list(conditions), routes))


def test_every_rule_says_why_it_took_the_text_or_not(cast: Cast) -> None:
    add_inbound(cast, "Orders", {"kind": "keyword", "words": ["order"]})
    add_inbound(cast, "Bob", kind="member")
    add_inbound(cast, "Never")
    answer = tryout.try_inbound(cast.acme, our_address=OUR_NUMBER, their_address=THEIR_NUMBER, body="Hello")
    assert (answer.action, answer.rule, answer.destinations) == ("deliver", "Bob", ("The inbox of Bob",))
    assert answer.sentence == "Rule “Bob” takes it: to the inbox of Bob."
    trace = answer.trace
    assert trace.matched
    lines = [*trace.before.shown, trace.matched, *trace.after.shown]
    assert [(line.number, line.name, line.state) for line in lines] == [
        (1, "Orders", "skipped"),
        (2, "Bob", "matched"),
        (3, "Never", "later"),
    ]
    assert [line.tone for line in lines] == ["neutral", "good", "warn"]
    assert [line.icon for line in lines] == ["minus", "check", "circle-dot"]
    assert "“order”" in lines[0].words
    assert lines[2].words.startswith("Would fit, too")
    assert all(line.exists for line in lines)


def test_media_and_the_trunk_of_the_number_count(cast: Cast) -> None:
    add_inbound(cast, "Pictures", {"kind": "has_media", "value": True})
    asked = {"our_address": OUR_NUMBER, "their_address": THEIR_NUMBER, "body": ""}
    assert tryout.try_inbound(cast.acme, **asked, media="image/jpeg").action == "drop"
    assert tryout.try_inbound(cast.acme, **asked).action == "unrouted"


def test_a_foreign_number_and_an_opt_out_word_are_mentioned(cast: Cast) -> None:
    answer = tryout.try_inbound(cast.acme, our_address=THEIR_NUMBER, their_address=OUR_NUMBER, body="stop")
    assert len(answer.warnings) == 2


def test_a_text_to_send_shows_number_route_sender_steps_and_segments(cast: Cast) -> None:
    cast.acme.default_number = OUR_SECOND_NUMBER
    cast.acme.save()
    add_outbound(cast, {"kind": "all"}, strip=1, prepend="1")
    answer = tryout.try_outbound(cast.acme, to=THEIRS, body="ő" * 80, member=cast.alice)
    assert (answer.action, answer.rule, answer.dialled, answer.sender) == (
        "send",
        "Out",
        THEIR_NUMBER,
        OUR_SECOND_NUMBER,
    )
    assert [(route.taken, route.reason) for route in answer.routes] == [(True, "Taken.")]
    assert "strip 1" in answer.routes[0].words
    assert [step.number for step in answer.steps] == [1, 2, 3, 4, 5, 6]
    assert (answer.segments.segments, answer.segments.encoding) == (2, "UCS-2")
    assert answer.warnings == ()


def test_groups_of_the_writer_decide(cast: Cast) -> None:
    sales = make_group(cast.acme, "Sales", cast.bob)
    add_outbound(cast, {"kind": "groups", "ids": [sales.id.hex]}, sender=OUR_NUMBER)
    asked: dict[str, Any] = {"to": THEIRS, "body": "Hi", "media": ""}
    assert tryout.try_outbound(cast.acme, **asked, member=cast.bob).sender == OUR_NUMBER
    refused = tryout.try_outbound(cast.acme, **asked, member=cast.alice)
    assert (refused.action, refused.rule) == ("refuse", "")
    assert refused.sentence == "No outbound rule fits: it is refused."


def test_no_sender_is_refused_with_the_steps(cast: Cast) -> None:
    add_outbound(cast, {"kind": "all"})
    answer = tryout.try_outbound(cast.acme, to=THEIRS, body="Hi", member=cast.bob, chosen=OUR_NUMBER)
    assert (answer.action, answer.rule, answer.sender) == ("refuse", "Out", "")
    assert answer.steps
    assert answer.sentence.startswith("Rule “Out” fits, but the text is refused: ")
    assert answer.is_refused
    assert [route.taken for route in answer.routes] == [False]


def test_a_missing_right_and_an_opt_out_are_mentioned(cast: Cast) -> None:
    add_outbound(cast, {"kind": "all"}, sender=OUR_NUMBER)
    OptOut.objects.create(tenant=cast.acme, our_address=OUR_NUMBER, their_address=THEIR_NUMBER, source="text")
    answer = tryout.try_outbound(cast.acme, to=THEIRS, body="Hi", member=cast.vera)
    assert len(answer.warnings) == 2


@pytest.fixture
def alice(client: Client, cast: Cast) -> Client:
    client.force_login(cast.alice.user)
    return client


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        ("tryout_inbound", {"sender": "2025550199", "number": "2025550101", "text": "hi"}, "drops it"),
        ("tryout_inbound", {"sender": "GOOGLE", "number": "2025550101", "media": "video/mp4"}, "drops it"),
        ("tryout_outbound", {"recipient": "2025550199", "chosen": "2025550101", "text": "hi"}, "sends it"),
        ("tryout_outbound", {"recipient": "12"}, "is a short code or incomplete"),
        ("tryout_inbound", {"sender": "2025550199"}, "This field is required."),
        ("tryout_outbound", {}, "Nothing is sent or stored."),
    ],
)
def test_the_page_answers_and_writes_nothing(
    alice: Client, cast: Cast, name: str, asked: dict[str, str], expected: str
) -> None:
    add_inbound(cast, "All")
    add_outbound(cast, {"kind": "all"})
    with CaptureQueriesContext(connection) as queries:
        response = alice.get(reverse(f"sms:{name}", args=["acme"]), asked)
    assert expected in response.content.decode()
    assert not [one for one in queries if one["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_a_member_without_the_right_to_see_rules_cannot_try_them(client: Client, cast: Cast) -> None:
    client.force_login(cast.bob.user)
    assert client.get(reverse("sms:tryout_inbound", args=["acme"])).status_code == 403
