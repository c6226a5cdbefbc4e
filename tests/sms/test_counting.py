"""Counted days and quarters of an hour: the same numbers as the rows give, whatever happens to these afterwards."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sms import retention, sweeps
from sms.models import Attempt, Message, StatusEvent, UsageDay, UsageProgress
from sms.showing import counting, figures
from tenants import clock, slices
from tenants.ids import id_at
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 30, 12, 7, 30, tzinfo=UTC)
FATES = [
    ("in", "routed", ""),
    ("in", "unrouted", ""),
    ("in", "held", ""),
    ("in", "received", ""),
    ("out", "accepted", "delivered"),
    ("out", "accepted", "sent"),
    ("out", "accepted", "undelivered"),
    ("out", "canceled", ""),
    ("out", "rejected", ""),
    ("out", "queued", ""),
    ("out", "held", ""),
    ("out", "unknown", ""),
]
# Days that begin on the hour, at its half and at its third quarter; two change their clocks in these weeks.
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"]


@pytest.fixture(autouse=True)
def _now():
    with clock.frozen(NOW):
        yield


def text(cast, at, *, fate=FATES[0], tenant=None, written_at=None, **fields):
    direction, state, status = fate
    row = Message(
        id=id_at(written_at or at),
        tenant=tenant or cast.acme,
        direction=direction,
        our_address=factories.OUR_NUMBER,
        their_address=factories.THEIR_NUMBER,
        state=state,
        provider_status=status,
        provider_sid=f"SM{random.getrandbits(128):032x}",
        occurred_at=at,
        due_at=None,
        **fields,
    )
    row.save(force_insert=True)
    return row


def some_texts(cast, count, *, days=31, seed=1):
    chance = random.Random(seed)
    for _ in range(count):
        ago = timedelta(seconds=chance.randrange(days * 86400))
        tenant = chance.choice([cast.acme, cast.acme, cast.globex])
        text(cast, NOW - ago, fate=chance.choice(FATES), tenant=tenant, segments=chance.randint(1, 4))


def read(tenant, zone="UTC", days=30):
    """Return the figures from what was counted, which must be those from the rows alone."""
    now = NOW.astimezone(ZoneInfo(zone))
    return figures.read(tenant.messages.all(), now, days=days, counted_for=tenant)


def from_rows(tenant, zone="UTC", days=30):
    return figures.read(tenant.messages.all(), NOW.astimezone(ZoneInfo(zone)), days=days)


@pytest.mark.parametrize("zone", ZONES)
def test_counted_figures_are_those_of_the_rows_in_every_time_zone(cast, zone):
    some_texts(cast, 250)
    counting.refresh()
    for tenant in (cast.acme, cast.globex):
        for days in (7, 30):
            assert read(tenant, zone, days) == from_rows(tenant, zone, days)
    assert sum(day.received + day.sent for day in read(cast.acme, zone).days) > 100


def test_past_days_are_read_from_what_was_counted_and_not_from_rows(cast):
    some_texts(cast, 60)
    counting.refresh()
    before = read(cast.acme).days[:-1]
    cast.acme.messages.filter(occurred_at__lt=NOW - timedelta(days=1)).delete()
    assert read(cast.acme).days[:-1] == before
    assert from_rows(cast.acme).days[:-1] != before


def test_without_anything_counted_the_rows_are_read(cast):
    some_texts(cast, 40)
    assert read(cast.acme) == from_rows(cast.acme)
    assert sum(day.received for day in read(cast.acme).days) > 0


@pytest.mark.parametrize("hours", [1, 13, 24 * 6, 24 * 29 + 5])
def test_figures_are_right_while_the_past_is_still_being_counted(cast, hours):
    some_texts(cast, 80)
    counting.refresh()
    since = counting.floor(NOW - timedelta(hours=hours))
    UsageDay.objects.filter(day__lt=since.date()).delete()
    UsageProgress.objects.update(since=since)
    assert read(cast.acme, "Asia/Kolkata") == from_rows(cast.acme, "Asia/Kolkata")


def test_figures_are_right_when_nothing_was_counted_for_days(cast):
    some_texts(cast, 80)
    with clock.frozen(NOW - timedelta(days=4)):
        counting.refresh()
    assert read(cast.acme) == from_rows(cast.acme)
    counting.refresh()
    assert read(cast.acme) == from_rows(cast.acme)


def test_counting_again_changes_nothing(cast):
    some_texts(cast, 50)
    assert counting.refresh() > 0
    before = list(UsageDay.objects.order_by("pk").values())
    UsageProgress.objects.update(until=counting.floor(NOW - timedelta(hours=9)))
    assert counting.refresh() == 0
    assert list(UsageDay.objects.order_by("pk").values()) == before


def test_a_day_holds_texts_and_their_segments_by_what_became_of_them(cast):
    at = NOW - timedelta(hours=3)
    for number, fate in enumerate(FATES, 1):
        text(cast, at, fate=fate, segments=number)
    counting.refresh()
    row = cast.acme.usage_days.get()
    assert row.day == NOW.date()
    assert (row.received, row.sent, row.delivered, row.failed) == (4, 7, 1, 2)
    assert (row.segments_received, row.segments_sent) == (1 + 2 + 3 + 4, 5 + 6 + 7 + 9 + 10 + 11 + 12)
    assert row.quarters == [[9 * 4, *(getattr(row, name) for name in counting.COUNTED)]]


def test_a_text_that_arrives_late_is_counted_where_it_belongs(cast):
    counting.refresh()
    text(cast, NOW - timedelta(days=12), written_at=NOW)
    counting.refresh()
    assert read(cast.acme).days[-13].received == 1


def test_a_late_report_moves_what_was_counted(cast):
    row = text(cast, NOW - timedelta(days=5), fate=("out", "accepted", "sent"))
    counting.refresh()
    assert cast.acme.usage_days.get().delivered == 0
    Message.objects.filter(pk=row.pk).update(provider_status="delivered")
    attempt = Attempt.objects.create(
        tenant=cast.acme, message=row, number=1, configuration=cast.configuration, account_sid="AC1", provider_sid="SM1"
    )
    StatusEvent.objects.create(
        id=id_at(NOW), tenant=cast.acme, attempt=attempt, account_sid="AC1", provider_sid="SM1", status="delivered"
    )
    counting.refresh()
    assert cast.acme.usage_days.get().delivered == 1


def test_the_look_back_finds_what_changed_without_a_report(cast):
    row = text(cast, NOW - timedelta(days=2), fate=("out", "queued", ""))
    counting.refresh()
    Message.objects.filter(pk=row.pk).update(state="canceled")
    assert counting.refresh() == 0
    assert counting.look_back() == 1
    assert cast.acme.usage_days.get().sent == 0


def in_a_short_slice(work):
    """Do one part of some work, as a run does whose time is over."""
    with slices.of(-1), pytest.raises(slices.Unfinished):
        work()


def test_the_look_back_goes_on_where_its_time_was_over(cast, monkeypatch):
    for tenant in (cast.acme, cast.globex):
        text(cast, NOW - timedelta(hours=5), tenant=tenant)
    counting.refresh()
    UsageDay.objects.update(received=7, quarters=[])
    monkeypatch.setattr(counting, "_TENANTS", 1)
    in_a_short_slice(counting.look_back)
    assert sorted(UsageDay.objects.values_list("received", flat=True)) == [1, 7]
    assert counting.look_back() == 1
    assert sorted(UsageDay.objects.values_list("received", flat=True)) == [1, 1]
    UsageDay.objects.update(quarters=[])
    assert counting.look_back() == 2


def test_the_past_is_filled_in_over_several_runs(cast):
    some_texts(cast, 60, days=9)
    in_a_short_slice(counting.refresh)
    assert UsageProgress.objects.get().since == NOW.replace(hour=0, minute=0, second=0)
    assert read(cast.acme) == from_rows(cast.acme)
    for _ in range(3):
        in_a_short_slice(counting.refresh)
    counting.refresh()
    assert UsageProgress.objects.get().since <= Message.objects.earliest("occurred_at").occurred_at
    counted = sum(UsageDay.objects.values_list("received", flat=True))
    assert counted == Message.objects.filter(direction="in").count()
    assert read(cast.acme) == from_rows(cast.acme)


def test_erasing_old_texts_does_not_change_what_was_counted(cast):
    cast.acme.keep_messages_days = 2
    cast.acme.save()
    for hours in (1, 30, 47, 49, 60, 200):  # the day that is cut holds texts before and after the cut
        text(cast, NOW - timedelta(hours=hours))
    counting.refresh()
    before = read(cast.acme)
    retention.erase()
    assert cast.acme.messages.count() == 3
    text(cast, NOW - timedelta(hours=49), written_at=NOW)  # so that this day is looked at again
    counting.refresh()
    counting.look_back()
    assert read(cast.acme).days == before.days


def test_a_day_whose_texts_are_all_gone_has_no_row(cast):
    row = text(cast, NOW - timedelta(hours=5))
    counting.refresh()
    row.delete()
    assert counting.look_back() == 1
    assert not UsageDay.objects.exists()


def test_the_sweep_counts_and_two_sweeps_at_once_do_it_once(cast):
    text(cast, NOW - timedelta(hours=5))
    assert sweeps.sweep()["counted"] == 1
    assert "counted" not in sweeps.sweep()
    assert sweeps.housekeeping()["counted_again"] == 0


def test_members_who_see_a_part_get_the_figures_of_that_part(cast, client):
    some_texts(cast, 30)
    own = factories.make_conversation(cast.acme, factories.OUR_NUMBER, factories.THEIR_NUMBER)
    mine = cast.acme.messages.filter(direction="in").first()
    Message.objects.filter(pk=mine.pk).update(conversation=own)
    own.inbox_threads.create(tenant=cast.acme, member=cast.bob)
    counting.refresh()
    client.force_login(cast.bob.user)
    days = client.get("/t/acme/", {"chart": "month"}).context["chart"]
    assert sum(sum(day["values"]) for day in days) == 1
