"""The pages of availability: one's own switch and hours, everybody's for supervisors, and nobody else's."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from tenants import clock
from tenants.models import Member
from tests import factories
from tests.factories import Cast
from tests.rules.test_rule_forms import alice, body_of
from tests.rules.test_time_pages import FILLED, OFFICE, at

__all__ = ["alice"]


def as_member(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def test_everybody_switches_himself_from_any_page_and_comes_back(cast: Cast) -> None:
    for member in (cast.alice, cast.sam, cast.bob, cast.vera):
        client = as_member(member)
        for on in (False, True):
            response = client.post(at("availability"), {"on": str(int(on)), "next": "/t/acme/messages/?q=1"})
            assert response["Location"] == "/t/acme/messages/?q=1"
            member.refresh_from_db()
            assert member.available is on
    actions = list(cast.acme.audit_entries.values_list("action", flat=True))
    assert actions.count("tenants.member.available") == actions.count("tenants.member.unavailable") == 4


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_the_way_back_leads_nowhere_else(alice: Client, elsewhere: str) -> None:
    assert alice.post(at("availability"), {"on": "0", "next": elsewhere})["Location"] == at("availability")


def test_own_hours_are_saved_and_shown(alice: Client, cast: Cast) -> None:
    alice.post(at("availability"), FILLED)
    cast.alice.refresh_from_db()
    assert cast.alice.hours == OFFICE
    with clock.frozen(datetime(2026, 6, 6, 10, 0, tzinfo=UTC)):
        page = body_of(alice.get(at("availability")))
    assert "Outside own hours" in page
    assert "By the hours below: again Monday 09:00" in page
    alice.post(at("availability"), {"hours-mon-open": "on"})
    cast.alice.refresh_from_db()
    assert cast.alice.hours is None


def test_who_is_away_is_told_so_on_every_page(alice: Client, cast: Cast) -> None:
    assert "Away" not in body_of(alice.get(at("availability")))
    alice.post(at("availability"), {"on": "0"})
    assert "Away" in body_of(alice.get("/t/acme/"))


def test_a_supervisor_sees_and_changes_everybodys(cast: Cast) -> None:
    factories.make_group(cast.acme, "Support", cast.bob)
    sam = as_member(cast.sam)
    page = body_of(sam.get(at("availability_list")))
    assert all(name in page for name in ("Alice", "Bob", "Sam", "Vera", "Support"))
    assert "Mallory" not in page
    assert [row.member.name for row in sam.get(at("availability_list"), {"q": "support"}).context["rows"]] == ["Bob"]
    bobs = at("availability_member", member_id=cast.bob.pk)
    sam.post(bobs, {"on": "0"})
    sam.post(bobs, FILLED)
    cast.bob.refresh_from_db()
    assert (cast.bob.available, cast.bob.hours) == (False, OFFICE)
    assert "Not available" in body_of(sam.get(at("availability_list")))
    for other in (cast.bob, cast.vera):
        assert as_member(other).get(at("availability_list")).status_code == 403
        assert as_member(other).post(bobs, {"on": "1"}).status_code == 403


def test_the_pages_of_members_say_who_is_not_there(alice: Client, cast: Cast) -> None:
    alice.post(at("availability_member", member_id=cast.bob.pk), {"on": "0"})
    assert "Not available" in body_of(alice.get(reverse("tenants:member_list", args=["acme"])))
    page = body_of(alice.get(reverse("tenants:member_detail", args=["acme", cast.bob.pk])))
    assert at("availability_member", member_id=cast.bob.pk) in page


def test_wrong_hours_of_a_member_are_refused(alice: Client, cast: Cast) -> None:
    page = body_of(alice.post(at("availability"), FILLED | {"hours-fri-end": "08:00"}))
    assert "Friday: the shift 09:00 – 08:00 ends before it starts" in page
    cast.alice.refresh_from_db()
    assert cast.alice.hours is None
