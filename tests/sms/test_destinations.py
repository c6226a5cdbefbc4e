"""Where a received text goes: members, extensions, automatic replies, nowhere; when it works and when it does not."""

from typing import Any

import pytest

from rules.targets import KINDS, ToExtensions
from sms import delivering
from sms.models import Delivery
from sms.showing import timeline
from tenants import clock
from tenants.models import Member
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.arrival_scene import SUNDAY, arrive, follow, only, outcome, sent
from tests.sms.conftest import let_send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]


def test_every_kind_of_destination_has_its_module() -> None:
    assert set(delivering.DESTINATIONS) == set(KINDS) - {ToExtensions.kind}
    for module in delivering.DESTINATIONS.values():
        assert callable(module.place)
        assert callable(module.deliver)
        assert module.TITLE


# --- Members, extensions ---


def test_a_run_of_numbers_leads_to_the_extension_at_the_same_place(cast: factories.Cast) -> None:
    ends = {"first_number": OUR_NUMBER, "last_number": factories.OUR_SECOND_NUMBER, "first": "101", "last": "102"}
    follow(cast, {"kind": "extensions", **ends})
    for ours, member in ((OUR_NUMBER, cast.alice), (factories.OUR_SECOND_NUMBER, cast.bob)):
        delivery = only(arrive(cast, ours=ours))
        assert (delivery.kind, delivery.state, delivery.member) == ("extension", "delivered", member)
    assert delivering.title(delivery) == "To the inbox of Bob (extension 102)"


@pytest.mark.parametrize("change", [{"extension": ""}, {"enabled": False}])
def test_an_extension_that_nobody_has_is_said(cast: factories.Cast, change: dict[str, Any]) -> None:
    Member.objects.filter(pk=cast.bob.pk).update(**change)
    follow(cast, {"kind": "extension", "extension": "102"})
    reason = "No enabled member has the extension 102. Give it to one, or change the rule."
    assert outcome(only(arrive(cast))) == ("exhausted", reason)


def test_a_dropped_text_says_why(cast: factories.Cast) -> None:
    follow(cast, {"kind": "drop", "reason": "Advertising"})
    message = arrive(cast)
    assert outcome(only(message)) == ("delivered", "Advertising")
    assert ("Dropped, as the rule says", "Advertising") in [(step.title, step.text) for step in timeline.of(message)]


@pytest.mark.parametrize("kind", ["member", "group"])
def test_what_was_delivered_before_is_still_said(cast: factories.Cast, kind: str) -> None:
    """Rows and snapshots as they were written before there were hours and ways of sharing."""
    message = factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, state="routed")
    facts = {"our_address": OUR_NUMBER, "their_address": THEIR_NUMBER, "num_media": 0, "trunk": "", "number": ""}
    target = {"kind": kind, "id": cast.bob.id.hex, "label": "Bob"}
    snapshot = {"ruleset": "", "rule": "1" * 32, "name": "All", "action": "deliver", "targets": [target]}
    message.decision = snapshot | {"facts": facts}
    message.save()
    Delivery.objects.create(tenant=cast.acme, message=message, kind=kind, label="Bob", state="delivered")
    titles = [step.title for step in timeline.of(message)]
    assert "Rule “All” decided" in titles
    assert titles[-1] in ("To the inbox of Bob", "Group Bob")


# --- Automatic replies ---


def test_placeholders_are_filled_in_when_the_text_comes(cast: factories.Cast) -> None:
    let_send(cast)
    text = "{name} ({sender}) wrote {keyword} to {number}. {company} opens {opens}. {{x}} {gone}"
    follow(cast, {"kind": "auto_reply", "text": text})
    factories.make_conversation(cast.acme, OUR_NUMBER, THEIR_NUMBER, contact_name="Zoë")
    with clock.frozen(SUNDAY):
        arrive(cast, body="price? https://x.example")
    [reply] = sent("auto_reply")
    assert reply.body == (
        "Zoë (+1 202-555-0199) wrote price to +1 202-555-0101. Acme opens tomorrow at 09:00. {x} {gone}"
    )


def test_without_a_name_the_number_stands_there(cast: factories.Cast) -> None:
    let_send(cast)
    follow(cast, {"kind": "auto_reply", "text": "Hello {name}"})
    arrive(cast)
    assert [reply.body for reply in sent("auto_reply")] == ["Hello +1 202-555-0199"]
