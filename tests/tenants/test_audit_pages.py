"""The audit logs: in words, searchable, page by page, and never with a secret."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.urls import reverse

from tenants import audit, audit_words, clock
from tenants.audit import PORTAL, Actor
from tenants.models import AuditEntry

LIST = reverse("tenants:audit_list", args=["acme"])
SYSTEM = reverse("tenants:system_audit_list")


def text_of(response):
    return response.content.decode()


def test_entries_stand_in_words_with_what_changed(alice, cast):
    actor = Actor(label="alice@acme.example", user=cast.alice.user, address="192.0.2.7")
    audit.record(actor, "tenants.member.changed", cast.bob, {"role": ["agent", "admin"]}, tenant=cast.acme)
    page = text_of(alice.get(LIST))
    assert "Member Bob changed" in page
    assert "Role: <del>Agent</del> → Administrator" in page
    assert "192.0.2.7" in page


def test_an_unknown_action_is_shown_by_its_dotted_name(cast):
    entry = AuditEntry(action="sms.future.invented", target_label="X", changes={"a_field": True, "empty": ""})
    assert audit_words.sentence(entry) == "sms.future.invented X"
    assert audit_words.changes(entry) == [
        {"label": "A field", "before": None, "after": "yes"},
        {"label": "Empty", "before": None, "after": "nothing"},
    ]


@pytest.mark.parametrize("field", ["auth_token", "api_key_secret", "password", "token_digest", "webhook_key"])
def test_a_secret_written_by_mistake_is_not_shown(field):
    entry = AuditEntry(action="x.y.z", changes={field: ["hunter2", "hunter3"]})
    assert "hunter" not in str(audit_words.changes(entry))


def test_long_values_are_shortened():
    entry = AuditEntry(action="x.y.z", changes={"numbers": ["a" * 500, list(range(3))]})
    change = audit_words.changes(entry)[0]
    assert len(change["before"]) == 201
    assert change["after"] == "0, 1, 2"


def test_another_tenants_entries_are_not_there(alice, cast):
    audit.record(PORTAL, "tenants.group.created", cast.mallory, tenant=cast.globex)
    audit.record(PORTAL, "tenants.administrator.created", cast.root, tenant=None)
    page = text_of(alice.get(LIST))
    assert "Mallory" not in page
    assert "Root" not in page
    assert "Nothing has been changed yet" in page


def test_the_system_log_holds_what_belongs_to_no_tenant(root, cast):
    audit.record(PORTAL, "tenants.administrator.created", cast.root, tenant=None)
    audit.record(PORTAL, "tenants.group.created", cast.bob, tenant=cast.acme)
    page = text_of(root.get(SYSTEM))
    assert "Root became a system administrator" in page
    assert "Group Bob" not in page


@pytest.mark.parametrize(
    ("query", "count"),
    [("?q=alice", 1), ("?q=BOB", 1), ("?area=tenants.group.", 1), ("?area=nonsense", 2), ("?q=nobody", 0)],
)
def test_the_log_can_be_searched_and_narrowed(alice, cast, query, count):
    audit.record(Actor(label="alice@acme.example"), "tenants.member.changed", cast.sam, tenant=cast.acme)
    audit.record(Actor(label="portal"), "tenants.group.created", cast.bob, tenant=cast.acme)
    page = alice.get(LIST + query)
    assert len(page.context["rows"]) == count
    if not count:
        assert "Nothing matches." in text_of(page)


def test_the_log_turns_pages_by_key_with_few_queries(alice, cast, django_assert_max_num_queries):
    start = clock.now() - timedelta(days=1)
    AuditEntry.objects.bulk_create(
        AuditEntry(
            tenant=cast.acme,
            occurred_at=start + timedelta(seconds=n),
            actor_label="alice",
            action="tenants.group.created",
            target_label=f"group {n}",
        )
        for n in range(120)
    )
    alice.get(LIST)
    with django_assert_max_num_queries(10):
        first = alice.get(LIST)
    assert [row["entry"].target_label for row in first.context["rows"]][:2] == ["group 119", "group 118"]
    second = alice.get(first.context["page"].older_url)
    assert second.context["rows"][0]["entry"].target_label == "group 69"
    assert "Newer" in text_of(second)


def test_every_action_that_is_written_has_its_words():
    """Read the dotted actions out of the flows."""
    written = set()
    for folder in ("tenants", "sms", "rules", "portal"):
        for path in Path(django_settings.BASE_DIR, folder).rglob("*.py"):
            if path.name != "audit_words.py":
                written |= set(re.findall(r'audit\.record\([^"]*?"([a-z]+\.[a-z_]+\.[a-z_]+)"', path.read_text()))
    assert len(written) > 20
    assert written <= set(audit_words.SENTENCES), sorted(written - set(audit_words.SENTENCES))
