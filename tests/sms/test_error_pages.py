"""Errors of Twilio as people meet them: on a text's page, in the log, on the dashboard; with a button for each."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import reverse

from sms.errors import BUTTONS, CODES, explain
from sms.models import Message
from sms.showing import log, reasons, remedies
from tenants import clock, keyset
from tenants.roles import MANAGING, PERMISSIONS, Role
from tests import factories
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, THEIR_NUMBER
from tests.sms.test_plans import message, plans_of, reads_whole  # noqa: F401 (a fixture)

pytestmark = pytest.mark.django_db


def failed(cast: factories.Cast, code: str, **fields: Any) -> Message:
    return Message.objects.create(
        **{
            "tenant": cast.acme,
            "direction": "out",
            "configuration": cast.configuration,
            "our_address": OUR_NUMBER,
            "their_address": THEIR_NUMBER,
            "body": "The keys are under the mat",
            "state": "accepted",
            "provider_status": "undelivered",
            "error_code": code,
            "due_at": None,
        }
        | fields
    )


def seen_by(cast: factories.Cast, role: Role | None) -> Any:
    permissions = PERMISSIONS[role] if role else frozenset()
    user = SimpleNamespace(is_system_administrator=False)
    return SimpleNamespace(tenant=cast.acme, permissions=permissions, user=user, member=cast.alice)


def page_of(client, text):
    return client.get(reverse("sms:message_detail", args=["acme", text.pk]))


# --- The button ---


def test_every_key_of_a_button_has_one():
    assert remedies.KEYS == BUTTONS


@pytest.mark.parametrize("code", sorted(CODES))
def test_an_administrator_is_never_sent_to_a_page_that_is_not_there(cast, client, code):
    """Whatever button an error brings, it leads to Twilio or to a page of ours that opens."""
    text = failed(cast, code)
    problem = remedies.of(seen_by(cast, Role.ADMIN), explain(code), message=text)
    if problem.remedy is None or problem.remedy.kind == "post":
        return
    if problem.remedy.kind == "console":
        assert problem.remedy.url.startswith(("https://console.twilio.com", "https://www.twilio.com/docs/"))
        return
    client.force_login(cast.alice.user)
    assert client.get(problem.remedy.url).status_code == 200


def test_who_must_act_depends_on_who_looks(cast):
    credentials = explain("20003")
    as_admin = remedies.of(seen_by(cast, Role.ADMIN), credentials, configuration=cast.configuration)
    as_agent = remedies.of(seen_by(cast, Role.AGENT), credentials, configuration=cast.configuration)
    assert (as_admin.who, as_agent.who) == ("You, as an administrator", "Your administrator")
    assert as_admin.remedy.url == reverse("sms:configuration_token", args=["acme", cast.configuration.pk])
    assert as_agent.remedy is None
    assert remedies.of(seen_by(cast, Role.VIEWER), explain("30003")).who == "Whoever wrote the text"


@pytest.mark.parametrize("code", ["20003", "20005", "21408", "30034", "30032"])
def test_an_account_that_the_operator_lends_is_the_operators_to_mend(cast, code):
    cast.configuration.account = factories.make_account(None)
    problem = remedies.of(seen_by(cast, Role.ADMIN), explain(code), configuration=cast.configuration)
    assert (problem.who, problem.remedy) == ("The operator of this portal", None)


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ({}, True),
        ({"state": "rejected", "provider_status": ""}, True),
        ({"state": "unknown", "provider_status": ""}, True),
        ({"provider_status": "delivered"}, False),
        ({"state": "queued", "provider_status": ""}, False),
        ({"direction": "in", "state": "routed", "provider_status": ""}, False),
    ],
)
def test_only_what_can_be_sent_again_is_offered_to_be(cast, state, offered):
    problem = remedies.of(seen_by(cast, Role.AGENT), explain("30003"), message=failed(cast, "30003", **state))
    assert (problem.remedy is not None) == offered


# --- The text's page, and what its button opens ---


def test_the_page_of_a_text_says_what_happened_who_must_act_and_what_to_do(cast, client):
    client.force_login(cast.alice.user)
    html = page_of(client, failed(cast, "21408")).content.decode()
    info = CODES["21408"]
    assert info.meaning in html
    assert info.advice in html
    assert "Who must act: You, as an administrator" in html
    assert "https://console.twilio.com/us1/develop/sms/settings/geo-permissions" in html


def test_a_text_is_written_anew_with_its_words_and_another_sender(cast, client):
    client.force_login(cast.alice.user)
    text = failed(cast, "21612", state="rejected", provider_status="")
    problem = page_of(client, text).context["problem"]
    form = client.get(problem.remedy.url).context["form"]
    assert (form.initial["to"], form.initial["body"]) == (THEIR_NUMBER, "The keys are under the mat")


def test_only_who_sees_a_text_can_write_it_anew(cast, client):
    client.force_login(cast.bob.user)
    theirs = failed(cast, "21612")
    own = failed(cast, "21612", author=cast.bob)
    url = reverse("sms:conversation_new", args=["acme"])
    assert "body" not in client.get(f"{url}?again={theirs.pk.hex}").context["form"].initial
    assert client.get(f"{url}?again={own.pk.hex}").context["form"].initial["body"]
    assert client.get(f"{url}?again=nonsense").status_code == 200


def test_a_stop_is_prefilled_with_both_numbers(cast, client):
    client.force_login(cast.alice.user)
    text = failed(cast, "30004", our_address=OUR_SECOND_NUMBER)
    problem = page_of(client, text).context["problem"]
    form = client.get(problem.remedy.url).context["form"]
    assert (form["our_address"].value(), form["their_address"].value()) == (OUR_SECOND_NUMBER, "+1 202-555-0199")
    client.post(problem.remedy.url, {"our_address": OUR_SECOND_NUMBER, "their_address": form["their_address"].value()})
    assert cast.acme.opt_outs.get().their_address == THEIR_NUMBER


# --- The log ---


def log_page(client, **query):
    return client.get(reverse("sms:message_list", args=["acme"]), query)


def test_the_log_is_narrowed_to_one_reason_among_those_that_occurred(cast, client):
    client.force_login(cast.alice.user)
    texts = [failed(cast, code) for code in ("30003", "30003", "30007")]
    factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER)
    answer = log_page(client, code="30003")
    assert {row["message"].pk for row in answer.context["rows"]} == {text.pk for text in texts[:2]}
    assert [code for code, _words in answer.context["codes"]] == ["30003", "30007"]
    assert CODES["30003"].meaning in answer.content.decode()
    assert [code for code, _words in log_page(client, code="99999").context["codes"]] == ["30003", "30007", "99999"]


def test_a_log_without_failures_offers_no_reasons(cast, client):
    client.force_login(cast.alice.user)
    factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER)
    assert b'name="code"' not in log_page(client).content


def test_the_look_for_a_rare_reason_is_bounded_and_goes_on(cast, client, monkeypatch):
    monkeypatch.setattr(keyset, "LOOKS", (2,))
    client.force_login(cast.alice.user)
    now = clock.now()
    rare = failed(cast, "30007", occurred_at=now - timedelta(hours=9))
    for place in range(3):
        failed(cast, "30003", occurred_at=now - timedelta(hours=place))
        factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER)
    first = log_page(client, code="30007").context["page"]
    assert (first.rows, first.cut_at) == ([], now - timedelta(hours=1))
    assert client.get(first.older_url).context["page"].rows == [rare]


def of_request(cast: factories.Cast, **query: str) -> Any:
    request: Any = RequestFactory().get("/", query)
    request.tenant, request.member, request.permissions = cast.acme, None, MANAGING
    request.user = cast.alice.user
    return request


def test_texts_with_an_error_are_looked_for_among_themselves(cast, message):  # noqa: F811
    Message.objects.update(error_code="30003", provider_status="undelivered")
    request = of_request(cast, code="30003")
    found = log.found(request)
    for work in (
        lambda: keyset.page(found.rows, request, among=found.among),
        lambda: log.codes(cast.acme),
        lambda: reasons.since(request, cast.acme.messages.all(), clock.now() - timedelta(days=1), []),
    ):
        plans = plans_of(work)
        assert plans
        for plan in plans:
            assert "message_with_error" in plan, plan
            assert not reads_whole(plan, "sms_message"), plan


# --- A configuration that stopped ---


@pytest.mark.parametrize(
    ("reason", "meaning", "label"),
    [
        ("20003", "Twilio refused the credentials.", "Replace the token"),
        ("account", "Twilio gave no error code.", ""),
    ],
)
def test_a_stopped_configuration_says_who_must_act_and_offers_it(cast, client, reason, meaning, label):
    cast.acme.configurations.update(held_reason=reason, held_at=clock.now())
    client.force_login(cast.alice.user)
    answer = client.get(reverse("sms:configuration_detail", args=["acme", cast.configuration.pk]))
    html = answer.content.decode()
    assert meaning in html
    assert "Who must act: You, as an administrator." in html
    held = answer.context["held"]
    assert (str(held.remedy.label) if held.remedy else "") == label
