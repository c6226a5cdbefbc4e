"""Pools of numbers: what is typed, what clashes, what is in use."""

import pytest
from django.db import IntegrityError, transaction

from rules.models import InboundRule, InboundRuleNumber, OutboundRoute, OutboundRule
from sms.models import MemberNumber, PhoneNumber
from sms.setup import numbers, trunking
from tenants.audit import PORTAL, Actor
from tenants.models import AuditEntry
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, make_pool, make_trunk

BOTH = f"{OUR_NUMBER}; {OUR_SECOND_NUMBER}"


@pytest.mark.parametrize(
    "text",
    [
        "12027594810-12027594815;12027594820",
        "+1 202 759-4810 - +1 202 759 4815\n(202) 759 4820",
        "2027594810-15, 202.759.4820",
    ],
)
def test_numbers_typed_any_way_become_rows(cast, text):
    trunk = make_trunk("Typed")
    numbers.set_pool(PORTAL, trunk, cast.acme, text)
    assert numbers.pool_text(trunk, cast.acme) == "+12027594810-12027594815; +12027594820"
    assert numbers.live_numbers(cast.acme).filter(pool__trunk=trunk).count() == 7
    assert AuditEntry.objects.filter(action="sms.pool.changed", tenant=cast.acme).exists()


def test_an_entry_that_is_no_number_is_named_and_nothing_is_saved(cast):
    with pytest.raises(numbers.NumbersUnread) as refused:
        numbers.set_pool(PORTAL, cast.trunk, cast.acme, f"{BOTH}; banana")
    assert "banana" in refused.value.details[0]


def test_a_pool_is_capped(cast):
    with pytest.raises(numbers.NumbersUnread):
        numbers.set_pool(PORTAL, cast.trunk, cast.acme, "+12020000000-12020999999")


def test_another_tenants_number_is_refused_and_the_tenant_named_to_system_administrators_only(cast):
    other = make_trunk("Other")
    with pytest.raises(numbers.NumbersClash) as refused:
        numbers.set_pool(PORTAL, other, cast.globex, f"{OUR_NUMBER}, +12025550150")
    said = f"{refused.value} {refused.value.details}"
    assert OUR_NUMBER in said
    assert "Acme" not in said
    with pytest.raises(numbers.NumbersClash) as refused:
        numbers.set_pool(PORTAL, other, cast.globex, OUR_NUMBER, name_holders=True)
    assert "Acme" in refused.value.details[0]
    assert not numbers.live_numbers(cast.globex).exists()


def test_a_number_is_on_one_trunk_at_a_time(cast):
    with pytest.raises(numbers.NumbersClash) as refused:
        numbers.set_pool(PORTAL, make_trunk("Second"), cast.acme, OUR_NUMBER)
    assert "Main" in refused.value.details[0]


def test_an_unverified_number_cannot_block_a_system_administrator(cast):
    other = make_trunk("Other")
    MemberNumber.objects.create(tenant=cast.acme, member=cast.bob, number=cast.number)
    numbers.set_pool(PORTAL, other, cast.globex, OUR_NUMBER, name_holders=True, take_over=True)
    assert numbers.number_of(cast.globex, OUR_NUMBER) is not None
    assert numbers.number_of(cast.acme, OUR_NUMBER) is None
    assert not cast.bob.numbers.exists()
    assert AuditEntry.objects.filter(action="sms.number.taken_over", tenant=cast.acme).exists()


def test_a_verified_number_is_not_taken_over(cast):
    PhoneNumber.objects.filter(pk=cast.number.pk).update(verified_at=cast.number.assigned_at)
    with pytest.raises(numbers.NumbersClash):
        numbers.set_pool(PORTAL, make_trunk("Other"), cast.globex, OUR_NUMBER, name_holders=True, take_over=True)


def test_a_race_for_a_number_is_a_clash_and_not_a_crash(cast, monkeypatch):
    other = make_trunk("Other")
    real, calls = numbers._clashes, []

    def blind_once(tenant, wanted):
        calls.append(wanted)
        return iter(()) if len(calls) == 1 else real(tenant, wanted)

    monkeypatch.setattr(numbers, "_clashes", blind_once)
    with pytest.raises(numbers.NumbersClash) as refused:
        numbers.set_pool(PORTAL, other, cast.globex, OUR_NUMBER)
    assert OUR_NUMBER in str(refused.value)


def test_a_released_number_keeps_its_row_and_is_free_for_others(cast):
    numbers.set_pool(PORTAL, cast.trunk, cast.acme, OUR_SECOND_NUMBER)
    cast.number.refresh_from_db()
    assert cast.number.released_at is not None
    numbers.set_pool(PORTAL, make_trunk("Other"), cast.globex, OUR_NUMBER)
    assert PhoneNumber.objects.filter(e164=OUR_NUMBER).count() == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        PhoneNumber.objects.filter(pk=cast.number.pk).update(released_at=None)


def use_by_rule(cast):
    rule = InboundRule.objects.create(tenant=cast.acme, name="Sales")
    InboundRuleNumber.objects.create(tenant=cast.acme, rule=rule, number=cast.number)


def use_by_range(cast):
    run = {"kind": "range", "first": "+12025550100", "last": "+12025550109"}
    InboundRule.objects.create(tenant=cast.acme, name="Sales", conditions=[run])


def use_by_route(cast):
    rule = OutboundRule.objects.create(tenant=cast.acme, name="Sales")
    OutboundRoute.objects.create(tenant=cast.acme, rule=rule, configuration=cast.configuration, sender=OUR_NUMBER)


def use_by_member(cast):
    MemberNumber.objects.create(tenant=cast.acme, member=cast.bob, number=cast.number)


def use_by_company(cast):
    cast.acme.default_number = OUR_NUMBER
    cast.acme.save()


@pytest.mark.parametrize(
    ("use", "named"),
    [
        (use_by_rule, "inbound rule “Sales”"),
        (use_by_range, "inbound rule “Sales”"),
        (use_by_route, "outbound rule “Sales”"),
        (use_by_member, "member Bob"),
        (use_by_company, "default sender number"),
    ],
)
def test_a_number_in_use_is_not_taken_away_and_its_user_is_named(cast, use, named):
    use(cast)
    with pytest.raises(numbers.NumbersInUse) as refused:
        numbers.set_pool(PORTAL, cast.trunk, cast.acme, OUR_SECOND_NUMBER)
    assert named in " ".join(refused.value.details)
    numbers.set_pool(PORTAL, cast.trunk, cast.acme, f"{BOTH}; +12025550103")


def test_trunks_of_a_tenant_are_its_own_and_those_shared_with_it(cast):
    own = make_trunk("Own", tenant=cast.acme)
    foreign = make_trunk("Foreign", tenant=cast.globex)
    make_trunk("Nobody's")
    assert set(numbers.trunks_of(cast.acme)) == {cast.trunk, own}
    assert set(numbers.trunks_of(cast.globex)) == {foreign}


def test_a_share_is_taken_back_only_when_nothing_uses_it(cast):
    with pytest.raises(numbers.NumbersInUse) as refused:
        numbers.remove_share(PORTAL, cast.trunk, cast.acme)
    assert "SMS configuration “Main”" in refused.value.details
    second = make_trunk("Second")
    make_pool(second, cast.acme, "+12025550160")
    numbers.remove_share(PORTAL, second, cast.acme)
    assert second not in numbers.trunks_of(cast.acme)
    assert numbers.number_of(cast.acme, "+12025550160") is None
    numbers.set_pool(PORTAL, second, cast.acme, "+12025550161")
    assert second in numbers.trunks_of(cast.acme)


def test_a_used_trunk_is_not_deleted_and_its_users_are_named(cast):
    InboundRule.objects.create(tenant=cast.acme, name="Night", trunk=cast.trunk)
    with pytest.raises(trunking.TrunkInUse) as refused:
        trunking.delete_trunk(PORTAL, cast.trunk)
    assert refused.value.users == ["SMS configuration “Main” (Acme)", "inbound rule “Night” (Acme)"]


def test_a_deleted_trunk_frees_its_numbers_and_its_host(cast):
    trunk = make_trunk("Gone", tenant=cast.acme, host="gone.pstn.twilio.com")
    make_pool(trunk, cast.acme, "+12025550170")
    trunking.delete_trunk(Actor("Alice"), trunk)
    assert trunk not in numbers.trunks_of(cast.acme)
    numbers.set_pool(PORTAL, cast.trunk, cast.acme, f"{BOTH}; +12025550170")
    make_trunk("Again", tenant=cast.acme, host="gone.pstn.twilio.com")
