"""Post to every address as those who may change little: what they may not change stays as it is.

The walk of all addresses believes each view about the permission it names; this one looks at what happens.
"""

from typing import Any

import pytest
from django.apps import apps
from django.db.models import Model

from tenants.models import Member, Tenant, TenantOwned
from tests import factories
from tests.test_access import TENANT, Address, World, as_user, each, url_of

# What agents make and move in their daily work; whether a viewer has read a thread is his own affair.
DAILY = {"message", "attempt", "conversation", "conversationread", "inboxthread", "sender", "idempotencykey"}
OWN = {"conversationread"}
# Where everybody switches himself, and himself alone, available or not: a row of his own and its audit entry.
HIMSELF = {"rules:availability": {"member", "auditentry"}}
# Sound enough for any form, and what the buttons send.
FILLED = {
    "name": "Changed",
    "body": "Hello",
    "to": factories.THEIR_NUMBER,
    "on": "1",
    "enabled": "on",
    "direction": "up",
    "email": "changed@acme.example",
    "role": "admin",
    "sending_right": "none",
    "our_address": factories.OUR_NUMBER,
    "their_address": "+12025550188",
    "overlap_days": "0",
    "confirm": "1",
    "time_zone": "Europe/Berlin",
    "country": "DE",
    "number": factories.OUR_NUMBER,
    "numbers": factories.OUR_NUMBER,
    "priority": "1",
    "everywhere": "on",
    "which": "all",
}


@pytest.fixture
def world(db: None, settings: Any) -> World:
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = False
    return World()


def rows(tenant: Tenant, besides: set[str]) -> list[str]:
    """Return every row of a tenant but those of some tables, as text."""
    models: list[type[Model]] = [model for model in apps.get_models() if issubclass(model, TenantOwned)]
    kept = [model for model in models if model._meta.model_name not in besides]
    return sorted(
        f"{model.__name__} {row}"
        for model in kept
        for row in model._default_manager.filter(tenant=tenant).values_list()
    )


@pytest.mark.parametrize(("who", "besides"), [("vera", OWN), ("bob", DAILY)])
def test_who_may_change_little_changes_little(world: World, who: str, besides: set[str]) -> None:
    member: Member = getattr(world.cast, who)
    client = as_user(member.user)

    def check(address: Address) -> None:
        ignored = besides | HIMSELF.get(address.name, set())
        before = rows(world.cast.acme, ignored)
        for data in ({}, FILLED, FILLED | {"on": "0"}):
            assert client.post(url_of(address, world), data).status_code in (200, 204, 302, 403, 404, 405)
        assert rows(world.cast.acme, ignored) == before

    each(TENANT, check)


def test_an_administrator_posting_the_same_does_change_things(world: World) -> None:
    """Or the test above would prove nothing."""
    client, changed = as_user(world.cast.alice.user), []

    def check(address: Address) -> None:
        before = rows(world.cast.acme, DAILY)
        for data in ({}, FILLED, FILLED | {"on": "0"}):
            client.post(url_of(address, world), data)
        if rows(world.cast.acme, DAILY) != before:
            changed.append(address.name)

    each([address for address in TENANT if not address.name.startswith("sms:configuration_")], check)
    assert len(changed) >= 15, changed
