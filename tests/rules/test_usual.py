"""The usual rules: texts come in and go out at once, and doing it twice does no harm."""

from rules import routing
from rules.changing.usual import usual_rules
from rules.facts import InboundFacts, OutboundFacts
from tenants import audit
from tenants.models.members import SendingRight
from tests.factories import OUR_NUMBER, THEIR_NUMBER, Cast


def received(cast: Cast) -> InboundFacts:
    return InboundFacts(OUR_NUMBER, THEIR_NUMBER, "Hi", trunk=cast.trunk.id.hex, number=cast.number.id.hex)


def test_texts_of_the_trunk_go_to_the_administrators_and_all_texts_leave(cast: Cast) -> None:
    usual_rules(audit.PORTAL, cast.acme, cast.configuration, cast.vera)
    decision, _ = routing.route_inbound(cast.acme, received(cast))
    group = cast.acme.groups.get(name="Administrators")
    assert decision.targets[0].to_json()["id"] == group.id.hex
    assert list(group.members.all()) == [cast.alice]
    sent, _ = routing.route_outbound(cast.acme, OutboundFacts(to=THEIR_NUMBER))
    assert sent.routes[0].configuration == cast.configuration.id.hex


def test_who_saves_may_send_and_the_company_has_a_number(cast: Cast) -> None:
    usual_rules(audit.PORTAL, cast.acme, cast.configuration, cast.vera)
    cast.vera.refresh_from_db()
    cast.acme.refresh_from_db()
    assert cast.vera.sending_right == SendingRight.SENDER_ID
    assert cast.acme.default_number == OUR_NUMBER
    actions = set(cast.acme.audit_entries.values_list("action", flat=True))
    assert {"tenants.member.changed", "tenants.tenant.changed", "rules.inbound_rule.created"} <= actions


def test_a_right_and_a_default_number_that_are_there_stay(cast: Cast) -> None:
    cast.acme.default_number = "+12025550102"
    cast.acme.save()
    usual_rules(audit.PORTAL, cast.acme, cast.configuration, cast.bob)
    cast.bob.refresh_from_db()
    assert cast.bob.sending_right == SendingRight.NUMBERS
    assert cast.acme.default_number == "+12025550102"


def test_doing_it_twice_adds_nothing(cast: Cast) -> None:
    usual_rules(audit.PORTAL, cast.acme, cast.configuration, cast.alice)
    again = usual_rules(audit.PORTAL, cast.acme, cast.configuration, cast.alice)
    assert (again.inbound, again.outbound) == (None, None)
    assert cast.acme.rule_sets.count() == 2


def test_only_what_was_ticked_is_added(cast: Cast) -> None:
    added = usual_rules(audit.PORTAL, cast.acme, cast.configuration, None, inbound=True, outbound=False)
    assert added.inbound
    assert not cast.acme.outbound_rules.exists()
    cast.acme.refresh_from_db()
    assert cast.acme.default_number == ""
