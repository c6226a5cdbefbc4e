"""What inbound rules may ask about a text, as it is when the text is processed; and what asking costs."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sms import inbound
from sms.models import Message
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.arrival_scene import arrive, follow

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]
AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
# As before there were hours, conversations in hand and kinds of files to ask for.
QUERIES_A_TEXT = 16


def facts(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = message.decision["facts"]
    return found


def test_when_it_came_and_what_files_it_has(cast: factories.Cast) -> None:
    follow(cast, {"kind": "drop"})
    media = [{"url": "https://api.twilio.com/1", "content_type": kind} for kind in ("image/png", "text/vcard")]
    found = facts(arrive(cast, AT, media=media))
    assert found["at"] == AT.isoformat()
    assert (found["num_media"], found["media"]) == (2, ["image/png", "text/vcard"])


def test_whether_it_is_the_first_and_whether_somebody_has_the_conversation(cast: factories.Cast) -> None:
    follow(cast, {"kind": "drop"})
    first, second = arrive(cast), arrive(cast)
    assert second.conversation is not None
    type(second.conversation).objects.update(assigned_to=cast.bob)
    assert [facts(text)["conversation"] for text in (first, second, arrive(cast))] == ["", "open", "assigned"]


def test_to_whom_we_wrote_first_is_known_when_he_answers(cast: factories.Cast) -> None:
    follow(cast, {"kind": "drop"})
    factories.make_conversation(cast.acme, OUR_NUMBER, THEIR_NUMBER)
    assert facts(arrive(cast))["conversation"] == "open"


@pytest.mark.parametrize("kind", ["member", "group"])
def test_a_text_costs_as_many_queries_as_ever(cast: factories.Cast, kind: str) -> None:
    group = factories.make_group(cast.acme, "Sales", cast.bob)
    type(group).objects.update(assignment="round_robin")
    follow(cast, {"kind": kind, "id": (group if kind == "group" else cast.bob).id.hex, "label": ""})

    def batch(numbers: range) -> int:
        for number in numbers:
            factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=f"+1202556{number:04d}")
        with CaptureQueriesContext(connection) as queries:
            assert inbound._work_batch() == len(numbers)
        return len(queries)

    batch(range(1))
    assert batch(range(10, 22)) - batch(range(30, 32)) == 10 * QUERIES_A_TEXT
