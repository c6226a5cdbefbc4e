"""The messages API: send, read, list, errors, idempotency, and its description."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rules.changing import usual
from sms.models import Message
from tenants import api_keys, audit, clock
from tenants.audit import Actor
from tests import factories
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, THEIR_NUMBER

pytestmark = pytest.mark.django_db


class Program:
    """A tenant's program with its key."""

    def __init__(self, cast: factories.Cast) -> None:
        self.key, self.text = api_keys.create(Actor(label="alice"), cast.acme, "CRM")
        self.browser = Client()

    def post(self, body: Any, **headers: str) -> Any:
        url = reverse("api:message_collection")
        data = body if isinstance(body, str) else json.dumps(body)
        return self.browser.post(url, data, content_type="application/json", headers=self._headers(headers))

    def get(self, url: str) -> Any:
        return self.browser.get(url, headers=self._headers({}))

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.text}"} | {
            name.replace("_", "-"): value for name, value in more.items()
        }


@pytest.fixture
def program(cast: factories.Cast) -> Program:
    usual.usual_rules(audit.PORTAL, cast.acme, cast.configuration, cast.alice)
    cast.acme.default_number = OUR_NUMBER
    cast.acme.save()
    return Program(cast)


def test_a_text_is_accepted_with_its_id_and_can_be_read(program: Program) -> None:
    response = program.post({"to": THEIR_NUMBER, "body": "Hello"})
    assert response.status_code == 202, response.content
    sent = response.json()
    assert (sent["direction"], sent["state"], sent["theirs"], sent["ours"]) == (
        "out",
        "queued",
        THEIR_NUMBER,
        OUR_NUMBER,
    )
    assert program.get(reverse("api:message_resource", args=[sent["id"]])).json() == sent


def test_a_chosen_sender_is_used(program: Program) -> None:
    assert (
        program.post({"to": THEIR_NUMBER, "body": "x", "sender": OUR_SECOND_NUMBER}).json()["ours"] == OUR_SECOND_NUMBER
    )


def test_the_same_idempotency_key_gives_the_same_message(program: Program) -> None:
    body = {"to": THEIR_NUMBER, "body": "Hello"}
    first, second = (program.post(body, Idempotency_Key="order-17").json() for _ in range(2))
    assert first["id"] == second["id"]
    assert Message.objects.count() == 1
    other = program.post(body | {"body": "Other"}, Idempotency_Key="order-17")
    assert other.status_code == 409
    assert other.json()["code"] == "idempotency_conflict"


def test_a_key_of_another_tenant_is_another_key(program: Program, cast: factories.Cast) -> None:
    program.post({"to": THEIR_NUMBER, "body": "Hello"}, Idempotency_Key="1")
    assert not cast.globex.idempotency_keys.exists()


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"body": "x"}, 400, "to"),
        ({"to": THEIR_NUMBER}, 400, "body"),
        ({"to": THEIR_NUMBER, "body": ""}, 400, "body"),
        ({"to": THEIR_NUMBER, "body": "x" * 1601}, 400, "body"),
        ({"to": "12", "body": "x"}, 422, None),
        ({"to": THEIR_NUMBER, "body": "x", "sender": "+12125550000"}, 422, None),
    ],
)
def test_wrong_input_is_named(program: Program, body: Any, status: int, field: str | None) -> None:
    response = program.post(body)
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["code"]
    if field:
        assert problem["errors"][0]["field"] == field
    assert not Message.objects.exists()


def test_broken_json_is_a_problem_too(program: Program) -> None:
    response = program.post("{")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def test_without_a_key_the_answer_says_how(cast: factories.Cast) -> None:
    response = Client().get(reverse("api:message_collection"))
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"


def test_the_list_turns_pages_and_filters(program: Program, cast: factories.Cast) -> None:
    for n in range(55):
        factories.make_inbound(
            cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, body=str(n), occurred_at=clock.in_seconds(-n)
        )
    url = reverse("api:message_collection")
    first = program.get(url).json()
    assert [message["body"] for message in first["results"]] == [str(n) for n in range(50)]
    second = program.get(first["next"]).json()
    assert [message["body"] for message in second["results"]] == [str(n) for n in range(50, 55)]
    assert second["next"] is None
    assert program.get(f"{url}?direction=out").json()["results"] == []
    assert program.get(f"{url}?direction=up").status_code == 400


def test_last_use_of_a_key_is_noted(program: Program) -> None:
    program.get(reverse("api:message_collection"))
    program.key.refresh_from_db()
    assert program.key.last_used_at is not None


def test_the_description_is_complete_and_without_warnings(cast: factories.Cast) -> None:
    from io import StringIO

    from django.core.management import call_command

    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", stdout=out)
    described = json.loads(out.getvalue())
    assert set(described["paths"]) == {"/api/v1/messages", "/api/v1/messages/{message_id}"}
    assert set(described["paths"]["/api/v1/messages"]) == {"get", "post"}
