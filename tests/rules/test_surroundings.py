"""Findings over a tenant's rows: what is read for them, and which page mends each."""

from typing import Any
from typing import cast as cast_to

import pytest
from django.urls import reverse

from rules.checking import surroundings
from rules.checking.findings import Code
from rules.documents import parse_inbound, parse_outbound
from rules.models import OfficeHours
from tests.factories import OUR_NUMBER, THEIR_NUMBER, Cast, make_group

ANY, ALL = {"kind": "all_numbers"}, {"kind": "all"}


def inbound(*targets: dict[str, Any], conditions: Any = (ANY,)) -> Any:
    return parse_inbound({"rules": [{"id": "1" * 32, "name": "In", "conditions": conditions, "targets": targets}]})


def outbound(cast: Cast, *conditions: dict[str, Any], **route: Any) -> Any:
    routes = [{"configuration": cast.configuration.id.hex, "label": "Main", **route}]
    return parse_outbound({"rules": [{"id": "1" * 32, "name": "Out", "conditions": conditions, "routes": routes}]})


def to_bob(cast: Cast) -> dict[str, Any]:
    return {"kind": "member", "id": cast.bob.id.hex, "label": "Bob"}


def only(cast: Cast, kind: str, rules: Any) -> Any:
    found = surroundings.findings_for(cast.acme, kind, rules)
    assert len(found) == 1
    name, arguments = found[0].mend
    assert reverse(name, args=arguments).startswith(f"/t/{cast.acme.slug}/")
    return found[0]


def test_rules_that_work_have_no_findings(cast: Cast) -> None:
    cast.acme.country = "US"
    assert surroundings.findings_for(cast.acme, "inbound", inbound(to_bob(cast))) == ()
    assert surroundings.findings_for(cast.acme, "outbound", outbound(cast, ALL, sender=OUR_NUMBER)) == ()


def test_without_rules_given_those_being_edited_are_looked_at(cast: Cast) -> None:
    found = surroundings.findings_for(cast.acme, "inbound")
    assert [one.code for one in found] == [Code.NUMBERS_WITHOUT_RULE]
    assert found[0].mend == ("rules:inbound_rule_new", (cast.acme.slug,))
    assert [one.code for one in surroundings.findings_for(cast.acme, "outbound")] == [Code.COUNTRY_UNSERVED]


def test_a_disabled_member_is_mended_on_his_page(cast: Cast) -> None:
    cast.bob.enabled = False
    cast.bob.save()
    found = only(cast, "inbound", inbound(to_bob(cast)))
    assert found.mend == ("tenants:member_edit", (cast.acme.slug, cast.bob.id.hex))


def test_a_group_is_empty_away_or_fine(cast: Cast) -> None:
    group = make_group(cast.acme, "Sales")
    rules = inbound({"kind": "group", "id": group.id.hex})
    assert only(cast, "inbound", rules).code == Code.GROUP_EMPTY
    group.group_members.create(tenant=cast.acme, member=cast.bob)
    assert surroundings.findings_for(cast.acme, "inbound", rules) == ()
    cast.bob.hours = {}
    cast.bob.save()
    found = only(cast, "inbound", rules)
    assert (found.code, found.mend[0]) == (Code.GROUP_AWAY, "tenants:group_edit")
    cast.bob.hours = cast_to(Any, "whenever")
    cast.bob.save()
    assert surroundings.findings_for(cast.acme, "inbound", rules) == ()


def test_a_row_of_another_tenant_is_gone(cast: Cast) -> None:
    found = only(cast, "inbound", inbound({"kind": "member", "id": cast.globex.members.first().id.hex}))
    assert (found.code, found.mend) == (Code.TARGET_GONE, ("rules:inbound_rule_edit", (cast.acme.slug, "1" * 32)))


def test_a_trunk_that_is_off_is_mended_on_its_page(cast: Cast) -> None:
    cast.trunk.enabled = False
    cast.trunk.save()
    rules = inbound(to_bob(cast), conditions=({"kind": "trunk", "id": cast.trunk.id.hex},))
    found = only(cast, "inbound", rules)
    assert found.mend == ("sms:trunk_detail", (cast.acme.slug, cast.trunk.id.hex))


@pytest.mark.parametrize(
    ("field", "page"), [("enabled", "sms:configuration_detail"), ("deleted", "rules:outbound_rule_edit")]
)
def test_a_configuration_that_is_off_is_mended_on_its_page_one_that_is_gone_in_the_rule(
    cast: Cast, field: str, page: str
) -> None:
    if field == "enabled":
        cast.configuration.enabled = False
    else:
        cast.configuration.deleted_at = cast.configuration.created_at
    cast.configuration.save()
    found = surroundings.findings_for(cast.acme, "outbound", outbound(cast, ALL))
    assert [one.code for one in found] == [Code.CONFIGURATION_OFF, Code.NO_ROUTE_LEFT]
    assert found[0].mend[0] == page


def test_a_sender_that_is_not_in_the_pool(cast: Cast) -> None:
    assert only(cast, "outbound", outbound(cast, ALL, sender="+12025559999")).code == Code.SENDER_OUTSIDE


def test_hours_that_never_open_are_mended_where_they_stand(cast: Cast) -> None:
    when_open = {"conditions": [ANY], "targets": [{**to_bob(cast), "when": "open"}, {**to_bob(cast), "when": "closed"}]}
    rules = parse_inbound({"rules": [{"id": "1" * 32, **when_open, "hours": {}}]})
    assert only(cast, "inbound", rules).mend[0] == "rules:inbound_rule_edit"
    OfficeHours.objects.create(tenant=cast.acme, week={})
    assert only(cast, "inbound", rules).mend == ("rules:office_hours", (cast.acme.slug,))


def test_countries_that_were_texted_must_be_served(cast: Cast) -> None:
    cast.acme.country = "US"
    for address in ("+33612345678", "Acme", THEIR_NUMBER):
        cast.acme.conversations.create(our_address=OUR_NUMBER, their_address=address)
    found = only(cast, "outbound", outbound(cast, {"kind": "prefix", "prefixes": ["1"]}))
    assert (found.code, found.subject) == (Code.COUNTRY_UNSERVED, "FR")


@pytest.mark.parametrize("kind", ["inbound", "outbound"])
def test_the_rules_of_a_tenant_are_looked_at_in_few_queries(
    cast: Cast, kind: str, django_assert_max_num_queries: Any
) -> None:
    group = make_group(cast.acme, "Sales", cast.bob)
    trunk = {"kind": "trunk", "id": cast.trunk.id.hex}
    rules = (
        inbound(to_bob(cast), {"kind": "group", "id": group.id.hex}, conditions=(trunk,))
        if kind == "inbound"
        else outbound(cast, {"kind": "groups", "ids": [group.id.hex]})
    )
    with django_assert_max_num_queries(6):
        surroundings.findings_for(cast.acme, kind, rules)
