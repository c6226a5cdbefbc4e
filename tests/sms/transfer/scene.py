"""A company with something of every kind, to be exported and imported."""

from typing import Any

from rules.changing import restoring
from sms.transfer import applying, planning, reading
from sms.transfer.applying import Applied
from sms.transfer.planning import Plan, Rights
from tenants import audit
from tenants.models import Group, Tenant
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, Cast, make_group, make_pool, make_trunk

ALL_RIGHTS = Rights(own_trunks=True, all_trunks=True)
OWN = ["+12025550111", "+12025550112"]
WEEK = {"mon": [["09:00", "12:00"], ["13:00", "17:00"]], "tue": [["09:00", "17:00"]]}

INBOUND: list[dict[str, Any]] = [
    {
        "name": 'VIP; the "best"',
        "enabled": True,
        "applies": "messages",
        "hours": WEEK,
        "holidays": [{"name": "Christmas", "start": "2026-12-24", "end": "2026-12-26", "yearly": True}],
        "conditions": [
            {"kind": "number", "numbers": [OUR_NUMBER, OUR_SECOND_NUMBER]},
            {"kind": "caller_mask", "mask": "+1202*******"},
            {"kind": "country", "countries": ["US", "CA"]},
            {"kind": "keyword", "words": ["help", "a;b"]},
            {"kind": "starts_with", "text": "=SUM"},
            {"kind": "contains", "text": "order "},
            {"kind": "contains", "text": "a second one"},
            {"kind": "pattern", "pattern": "[0-9]+", "case": True},
            {"kind": "has_media", "value": False},
            {"kind": "conversation", "state": "first"},
            {"kind": "time", "period": "open"},
        ],
        "targets": [
            {"kind": "group", "label": "Sales", "when": "open"},
            {"kind": "member", "label": "bob@acme.example", "when": "closed"},
            {"kind": "email", "address": "x@y.example", "when": "moment", "moment": {"weekdays": [5, 6]}},
            {"kind": "auto_reply", "text": 'We call back; "soon"@open'},
            {"kind": "forward", "number": "+12025550155"},
        ],
    },
    {
        "name": "Range",
        "enabled": False,
        "applies": "both",
        "hours": {},
        "holidays": [],
        "conditions": [{"kind": "range", "first": OUR_NUMBER, "last": OUR_SECOND_NUMBER}],
        "targets": [
            {
                "kind": "extensions",
                "first_number": OUR_NUMBER,
                "last_number": OUR_SECOND_NUMBER,
                "first": "101",
                "last": "102",
            }
        ],
    },
    {
        "name": "Rest",
        "enabled": True,
        "applies": "both",
        "hours": None,
        "holidays": None,
        "conditions": [{"kind": "trunk", "label": "Main"}],
        "targets": [{"kind": "drop", "reason": "nobody wants it"}],
    },
]
OUTBOUND: list[dict[str, Any]] = [
    {
        "name": "France",
        "enabled": True,
        "priority": 5,
        "action": "send",
        "reason": "",
        "strategy": "random",
        "when_closed": "hold",
        "hours": WEEK,
        "sticky": True,
        "area_match": True,
        "conditions": [
            {"kind": "prefix", "prefixes": ["33"]},
            {"kind": "length", "lengths": [11, 12]},
            {"kind": "extensions", "extensions": "101;200-210"},
            {"kind": "groups", "labels": ["Sales", "Support"]},
            {"kind": "message_kind", "value": "sms"},
        ],
        "routes": [
            {"label": "Main", "strip": 1, "prepend": "44", "sender": OUR_NUMBER, "enabled": True, "weight": 2},
            {"label": "Main", "strip": 0, "prepend": "", "sender": "", "enabled": False, "weight": 1},
        ],
    },
    {
        "name": "No",
        "enabled": True,
        "priority": 1000,
        "action": "deny",
        "reason": "Not there",
        "strategy": "prioritised",
        "when_closed": "",
        "hours": None,
        "sticky": False,
        "area_match": False,
        "conditions": [{"kind": "all"}],
        "routes": [],
    },
]


def furnish(cast: Cast) -> None:
    """Give Acme rules of every shape, groups that know each other, and members with numbers."""
    make_pool(
        make_trunk("Own", tenant=cast.acme, auth_name="desk", addresses="203.0.113.7\n203.0.113.0/24"), cast.acme, *OWN
    )
    sales = make_group(cast.acme, "Sales", cast.bob, cast.sam)
    support = make_group(cast.acme, "Support", cast.sam)
    Group.objects.filter(pk=sales.pk).update(
        assignment="round_robin", fallback_group=support, escalate_minutes=15, escalate_member=cast.alice
    )
    cast.bob.numbers.create(tenant=cast.acme, number=cast.number, description="Desk", preferred=True)
    for kind, records in (("inbound", INBOUND), ("outbound", OUTBOUND)):
        restoring.make_equal(audit.PORTAL, cast.acme, kind, records, action="", note="")


def dry_run(tenant: Tenant, data: bytes, name: str, mode: str = planning.EXACT) -> Plan:
    parsed = reading.read(data, name, tenant.country)
    return planning.plan(tenant, parsed, mode, ALL_RIGHTS)


def carry_out(tenant: Tenant, data: bytes, name: str, mode: str = planning.EXACT) -> Applied:
    parsed = reading.read(data, name, tenant.country)
    return applying.apply(audit.PORTAL, tenant, parsed, mode, ALL_RIGHTS)
