"""The pages of failed deliveries: who sees what, and trying again, one or all."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from sms import delivering
from sms.models import Delivery
from sms.showing import masking
from tenants import clock
from tenants.models import Member
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]
LIST = "/t/acme/deliveries/"


def as_member(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def fail(cast: factories.Cast, address: str = "desk@acme.example", **fields: Any) -> Delivery:
    theirs = fields.pop("theirs", THEIR_NUMBER)
    message = factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=theirs, state="routed")
    given = {"kind": "email", "settings": {"address": address}, "state": "exhausted", "last_error": "Mailbox full"}
    return Delivery.objects.create(tenant=cast.acme, message=message, label=address, tries=7, **given | fields)


def test_without_failures_the_page_says_so(cast: factories.Cast) -> None:
    page = as_member(cast.alice).get(LIST).content.decode()
    assert "Every text reached its destination" in page
    assert "Try" not in page


def test_failed_deliveries_are_listed_with_their_reason(cast: factories.Cast) -> None:
    fail(cast)
    fail(cast, state="pending", address="waits@acme.example")
    page = as_member(cast.alice).get(LIST).content.decode()
    assert "desk@acme.example" in page
    assert "Mailbox full" in page
    assert "waits@acme.example" not in page
    assert "Try 1 again" in page


def test_viewers_see_them_masked_and_cannot_try_again(cast: factories.Cast) -> None:
    delivery = fail(cast)
    client = as_member(cast.vera)
    page = client.get(LIST).content.decode()
    assert masking.mask(THEIR_NUMBER) in page
    assert "/replay/" not in page
    assert client.post(f"{LIST}{delivery.id.hex}/replay/").status_code == 403
    assert client.post(f"{LIST}replay/").status_code == 403
    assert delivering.failed(cast.acme).count() == 1


def test_digits_of_a_hidden_number_cannot_be_found_by_trying(cast: factories.Cast) -> None:
    fail(cast)
    viewer, alice = as_member(cast.vera), as_member(cast.alice)
    for digits, seen in (("0199", False), (THEIR_NUMBER, True)):
        assert ("desk@" in viewer.get(LIST, {"q": digits}).content.decode()) is seen
        assert "desk@" in alice.get(LIST, {"q": digits}).content.decode()


@pytest.mark.parametrize(
    ("asked", "found"),
    [({"q": "sales"}, ["sales"]), ({"q": "5550188"}, ["sales"]), ({"q": "zz"}, []), ({"from": "2026-03-02"}, ["desk"])],
)
def test_the_list_is_searched_and_dated(cast: factories.Cast, asked: dict[str, str], found: list[str]) -> None:
    day = datetime(2026, 3, 1, 12, tzinfo=UTC)
    fail(cast, "sales@acme.example", theirs="+12025550188", due_at=day)
    fail(cast, "desk@acme.example", due_at=day + timedelta(days=1))
    page = as_member(cast.alice).get(LIST, asked).content.decode()
    assert [name for name in ("sales", "desk") if f"{name}@acme" in page] == found
    assert ("Clear filters" in page) is not bool(found)


def test_pages_turn(cast: factories.Cast) -> None:
    now = clock.now()
    for n in range(51):
        fail(cast, f"desk{n:02}@acme.example", due_at=now - timedelta(minutes=n))
    first = as_member(cast.alice).get(LIST)
    assert [row["delivery"].label for row in first.context["rows"]][::49] == [
        "desk00@acme.example",
        "desk49@acme.example",
    ]
    second = as_member(cast.alice).get(first.context["page"].older_url)
    assert [row["delivery"].label for row in second.context["rows"]] == ["desk50@acme.example"]


def test_one_is_tried_again_from_the_list_and_from_its_text(cast: factories.Cast) -> None:
    listed, shown = fail(cast), fail(cast)
    client = as_member(cast.sam)
    answer = client.post(f"{LIST}{listed.id.hex}/replay/?list=1")
    assert answer["Location"] == LIST
    text = f"/t/acme/messages/{shown.message_id.hex}/"
    page = client.get(text).content.decode()
    assert "Did not reach desk@acme.example" in page
    assert f"{LIST}{shown.id.hex}/replay/" in page
    assert client.post(f"{LIST}{shown.id.hex}/replay/")["Location"] == text
    assert not delivering.failed(cast.acme).exists()
    entries = cast.acme.audit_entries.filter(action="sms.delivery.replayed")
    assert [entry.actor for entry in entries] == [cast.sam.user] * 2
    assert delivering.work() == 2
    again = client.post(f"{LIST}{shown.id.hex}/replay/", follow=True).content.decode()
    assert "Only a delivery that was given up" in again


def test_all_that_failed_since_a_day_are_tried_again(cast: factories.Cast) -> None:
    now = clock.now()
    old, new = fail(cast, due_at=now - timedelta(days=9)), fail(cast, due_at=now)
    client = as_member(cast.sam)
    since = (now - timedelta(days=2)).date().isoformat()
    page = client.get(LIST, {"from": since}).content.decode()
    assert f"{LIST}replay/?from={since}" in page
    said = client.post(f"{LIST}replay/?from={since}", follow=True).content.decode()
    assert "1 delivery is tried again now." in said
    assert [Delivery.objects.get(pk=row.pk).state for row in (old, new)] == ["exhausted", "pending"]
    client.post(f"{LIST}replay/")
    assert not delivering.failed(cast.acme).exists()
    assert "Nothing was found" in client.post(f"{LIST}replay/", follow=True).content.decode()


def test_what_cannot_be_tried_again_has_no_button(cast: factories.Cast) -> None:
    gone = fail(cast, kind="member", address="Gone", last_error="This member no longer exists.")
    client = as_member(cast.alice)
    page = client.get(LIST).content.decode()
    assert "This member no longer exists." in page
    assert "/replay/" not in page
    client.post(f"{LIST}{gone.id.hex}/replay/")
    assert Delivery.objects.get().state == "exhausted"
