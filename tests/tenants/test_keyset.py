"""Keyset pages: whole, in order, quick, and deaf to nonsense in the address."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.models.functions import Lower
from django.test import RequestFactory

from tenants import keyset
from tenants.models import AuditEntry, Tenant
from tests.factories import make_tenant

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def ask(url="/list/"):
    return RequestFactory().get(url)


@pytest.fixture
def entries(db):
    """Ten entries, of which groups of three share a moment."""
    rows = [
        AuditEntry(occurred_at=START + timedelta(microseconds=n // 3), actor_label="Root", action=f"a.b.c{n}")
        for n in range(10)
    ]
    AuditEntry.objects.bulk_create(rows)
    return [row.pk for row in sorted(rows, key=lambda row: (row.occurred_at, row.pk.bytes), reverse=True)]


def walk(url, follow, **options):
    pages = []
    while url:
        page = keyset.page(AuditEntry.objects.all(), ask(url), size=3, **options)
        pages.append([row.pk for row in page.rows])
        url = getattr(page, follow)
    return pages


def test_every_row_comes_once_and_in_order_although_moments_are_equal(entries):
    pages = walk("/list/", "older_url")
    assert [pk for page in pages for pk in page] == entries
    assert [len(page) for page in pages] == [3, 3, 3, 1]


def test_the_first_page_has_no_newer_and_the_last_no_older(entries):
    first = keyset.page(AuditEntry.objects.all(), ask(), size=3)
    assert first.newer_url == ""
    assert keyset.page(AuditEntry.objects.all(), ask(), size=10).older_url == ""


def test_newer_leads_back_to_a_whole_first_page(entries):
    third = keyset.page(AuditEntry.objects.all(), ask(), size=3)
    for _ in range(2):
        third = keyset.page(AuditEntry.objects.all(), ask(third.older_url), size=3)
    second = keyset.page(AuditEntry.objects.all(), ask(third.newer_url), size=3)
    assert [row.pk for row in second.rows] == entries[3:6]
    first = keyset.page(AuditEntry.objects.all(), ask(second.newer_url), size=3)
    assert [row.pk for row in first.rows] == entries[:3]
    assert first.newer_url == ""


def test_links_keep_the_search_and_drop_the_selected_row(entries):
    page = keyset.page(AuditEntry.objects.all(), ask("/list/?q=root&selected=1"), size=3)
    assert page.older_url.startswith("/list/?q=root&before=")
    assert "selected" not in page.older_url


@pytest.mark.parametrize(
    "cursor", ["x", "0" * 32, "0" * 32 + "tabc", "0" * 32 + "t" + "9" * 40, "0" * 32 + "s\0", "0" * 32 + "sword"]
)
def test_nonsense_in_the_address_shows_the_first_page(entries, cursor):
    page = keyset.page(AuditEntry.objects.all(), ask(f"/list/?before={cursor.replace(chr(0), '%00')}"), size=3)
    assert [row.pk for row in page.rows] == entries[:3]


def test_lists_by_name_use_the_same_pages(db):
    for name in ("delta", "Alpha", "charlie", "Bravo", "alpha"):
        make_tenant(name, slug=f"{name.lower()}-{ord(name[0])}")
    tenants = Tenant.objects.annotate(lower_name=Lower("name"))
    url, names = "/list/", []
    while url:
        page = keyset.page(tenants, ask(url), size=2, at="lower_name", descending=False)
        names += [row.name.lower() for row in page.rows]
        url = page.older_url
    assert names == ["alpha", "alpha", "bravo", "charlie", "delta"]


def test_the_condition_uses_the_index_on_this_engine(cast):
    AuditEntry.objects.bulk_create(
        AuditEntry(tenant=cast.acme, occurred_at=START + timedelta(seconds=n), actor_label="", action="a.b.c")
        for n in range(2000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    place = keyset.read_cursor(
        keyset.write_cursor(cast.acme.audit_entries.order_by("occurred_at")[1000], "occurred_at")
    )
    rows = cast.acme.audit_entries.filter(keyset.beyond(place, "occurred_at", descending=True))
    plan = rows.order_by("-occurred_at", "-id")[:51].explain()
    assert "audit_by_tenant" in plan
    assert "TEMP B-TREE" not in plan
    assert "Seq Scan" not in plan


# --- Filters that no index holds: the look through a long list is bounded ---


def look(url, wanted, follow="older_url", *, size=3):
    """Follow the pages of some of the entries, looked for among all."""
    everything = AuditEntry.objects.all()
    found, cuts, seen = [], 0, set()
    while url:
        assert url not in seen
        seen.add(url)
        page = keyset.page(everything.filter(pk__in=wanted), ask(url), size=size, among=everything)
        assert len(page.rows) <= size
        found.append([row.pk for row in page.rows])
        cuts += page.cut_at is not None
        url = getattr(page, follow)
    return found, cuts


@pytest.mark.parametrize("looks", [(1,), (2,), (2, 3), (4, 1), (100,)])
@pytest.mark.parametrize("places", [[], [0], [9], [0, 9], [2, 3, 4, 5], range(10)])
def test_a_bounded_look_finds_every_row_once_and_in_order(entries, monkeypatch, looks, places):
    monkeypatch.setattr(keyset, "LOOKS", looks)
    wanted = [entries[place] for place in places]
    pages, cuts = look("/list/", wanted)
    assert [pk for page in pages for pk in page] == wanted
    assert cuts == 0 if looks == (100,) else len(pages) <= 11


def test_a_look_that_finds_little_says_how_far_it_came_and_goes_on_from_there(entries, monkeypatch):
    monkeypatch.setattr(keyset, "LOOKS", (2, 3))
    everything = AuditEntry.objects.all()
    wanted = everything.filter(pk=entries[8])
    first = keyset.page(wanted, ask("/list/?q=x"), size=3, among=everything)
    assert (first.rows, first.cut_at) == ([], everything.get(pk=entries[4]).occurred_at)
    second = keyset.page(wanted, ask(first.older_url), size=3, among=everything)
    assert [row.pk for row in second.rows] == [entries[8]]
    third = keyset.page(wanted, ask(second.older_url), size=3, among=everything)
    assert (third.rows, third.cut_at, third.older_url) == ([], None, "")


def test_a_look_ends_when_its_time_is_over(entries, monkeypatch):
    monkeypatch.setattr(keyset, "LOOKS", (2, 3, 5))
    monkeypatch.setattr(keyset, "SECONDS", -1.0)
    everything = AuditEntry.objects.all()
    page = keyset.page(everything.filter(pk=entries[9]), ask(), size=3, among=everything)
    assert page.cut_at == everything.get(pk=entries[1]).occurred_at


def test_a_bounded_look_leads_back_as_well(entries, monkeypatch):
    monkeypatch.setattr(keyset, "LOOKS", (2,))
    wanted = [entries[0], entries[7], entries[9]]
    end = f"/list/?after={keyset.write_cursor(AuditEntry.objects.get(pk=entries[9]), 'occurred_at')}"
    pages, _cuts = look(end, wanted, "newer_url")
    assert [pk for page in pages for pk in page] == [entries[7], entries[0]]
