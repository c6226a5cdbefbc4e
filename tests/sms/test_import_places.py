"""Whose a text is that was found in Twilio's list: one account may serve many tenants."""

from datetime import timedelta

import pytest

from sms.lists import import_places
from sms.models import Configuration, Message, PhoneNumber, TwilioAccount
from tenants import clock
from tests import factories
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, THEIR_NUMBER
from tests.sms.conftest import World
from tests.sms.import_scene import HOUR, bodies, cursor, read_all, text

pytestmark = pytest.mark.usefixtures("longer_held")


def test_one_list_of_the_operators_account_serves_every_tenant(world: World) -> None:
    cast = world.cast
    TwilioAccount.objects.filter(pk=cast.account.pk).update(tenant=None)
    other = factories.make_configuration(cast.globex, cast.trunk, cast.account, name="Globex")
    PhoneNumber.objects.filter(e164=OUR_SECOND_NUMBER).update(
        tenant=cast.globex, pool=factories.make_pool(cast.trunk, cast.globex)
    )
    text(world, "For Acme")
    text(world, "For Globex", to=OUR_SECOND_NUMBER)
    assert read_all() == 2
    assert cast.acme.messages.get().body == "For Acme"
    assert cast.globex.messages.get().configuration == other


def test_a_text_for_a_number_that_nobody_holds_is_skipped_and_counted(world: World) -> None:
    PhoneNumber.objects.filter(e164=OUR_SECOND_NUMBER).update(released_at=clock.now())
    text(world, to=OUR_SECOND_NUMBER)
    assert read_all() == 0
    assert cursor(world).skipped == 1


def test_a_text_to_a_number_that_another_tenant_holds_is_not_taken(world: World) -> None:
    """Acme knows the account; the number is Globex's, who has no configuration there."""
    pool = factories.make_pool(world.cast.trunk, world.cast.globex)
    PhoneNumber.objects.filter(e164=OUR_NUMBER).update(tenant=world.cast.globex, pool=pool)
    text(world)
    assert read_all() == 0
    assert not Message.objects.exists()


def test_a_text_from_before_the_number_was_assigned_stays_out(world: World) -> None:
    PhoneNumber.objects.filter(e164=OUR_NUMBER).update(assigned_at=clock.now() - timedelta(hours=1))
    text(world, "before", ago_seconds=2 * HOUR)
    text(world, "after", ago_seconds=HOUR / 2)
    assert read_all() == 1
    assert bodies() == ["after"]


def test_a_number_of_no_pool_belongs_to_the_configuration_of_its_service(world: World) -> None:
    service = world.sandbox.control(
        "POST", f"/accounts/{world.account['sid']}/services", {"numbers": [OUR_SECOND_NUMBER]}
    )
    Configuration.objects.update(messaging_service_sid=service["sid"], created_at=clock.now() - timedelta(days=1))
    PhoneNumber.objects.filter(e164=OUR_SECOND_NUMBER).delete()
    text(world, to=OUR_SECOND_NUMBER)
    assert read_all() == 1
    assert Message.objects.get().our_address == OUR_SECOND_NUMBER


def test_what_two_tenants_have_of_one_account_is_counted(world: World) -> None:
    cast = world.cast
    assert import_places.shared() == import_places.Shared(0, 0)
    other = factories.make_account(cast.globex, sid=world.account["sid"])
    theirs = factories.make_configuration(cast.globex, cast.trunk, other, name="Globex")
    assert import_places.shared() == import_places.Shared(1, 0)
    for configuration in (cast.configuration, theirs):
        factories.make_inbound(configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, provider_sid="SM" + "a" * 32)
    assert import_places.shared() == import_places.Shared(1, 1)
