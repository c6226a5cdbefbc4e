"""The demo's phone: it exists beside a sandbox only, and texts the visitor's own tenants."""

import pytest

from sms import sandbox_client
from sms.models import PhoneNumber
from tests import factories
from tests.sandbox.harness import Answer, Receiver, Sandbox

OURS, THEIRS = factories.OUR_NUMBER, "+14155550150"


@pytest.fixture(scope="module")
def running_sandbox(tmp_path_factory):
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox, settings, cast):
    """A sandbox that has Acme's first number."""
    settings.SANDBOX_URL = running_sandbox.url
    account = running_sandbox.account(sid="AC5a4db0c55a4d" + "1" * 20, auth_token="1" * 32)
    running_sandbox.number(account, OURS)
    return running_sandbox


@pytest.fixture
def portal(sandbox):
    """Something that takes the webhook."""
    client = sandbox.client("AC5a4db0c55a4d" + "1" * 20, "1" * 32)
    with Receiver() as receiver:
        number = client.incoming_phone_numbers.list(phone_number=OURS)[0]
        client.incoming_phone_numbers(number.sid).update(sms_url=f"{receiver.url}/in")
        yield receiver


def test_there_is_no_phone_without_a_sandbox(cast, client, settings):
    settings.SANDBOX_URL = ""
    client.force_login(cast.alice.user)
    assert client.get("/phone/").status_code == 404


def test_the_phone_is_for_people_who_have_signed_in(sandbox, client):
    assert client.get("/phone/").status_code == 302


def test_a_text_reaches_the_portal_and_stands_on_the_phone(portal, client, cast):
    client.force_login(cast.alice.user)
    answer = client.post("/phone/", {"phone": "(415) 555-0150", "to": OURS, "body": "Hello there"}, follow=True)
    assert portal.wait(1)[0].form["Body"] == "Hello there"
    assert "Hello there" in answer.content.decode()
    assert [text.mine for text in sandbox_client.texts(THEIRS)] == [True]


def test_a_live_page_gets_the_texts_only(portal, client, cast):
    client.force_login(cast.alice.user)
    answer = client.get("/phone/", {"phone": THEIRS, "to": OURS}, headers={"HX-Request": "true"})
    assert b"<html" not in answer.content


def test_a_text_that_the_portal_does_not_take_is_told(sandbox, client, cast):
    sandbox.number(sandbox.account(), factories.OUR_SECOND_NUMBER)
    client.force_login(cast.alice.user)
    sent = {"phone": THEIRS, "to": factories.OUR_SECOND_NUMBER, "body": "Hello"}
    assert "the portal did not take it" in client.post("/phone/", sent, follow=True).content.decode()


def test_only_numbers_of_the_own_tenants_can_be_texted(sandbox, client, cast):
    client.force_login(cast.mallory.user)
    assert client.get("/phone/").context["choices"] == []
    client.force_login(cast.root)
    assert OURS in dict(client.get("/phone/").context["choices"])


def test_a_number_of_nobody_is_not_texted(portal, client, cast):
    PhoneNumber.objects.update(released_at=cast.acme.created_at)
    client.force_login(cast.alice.user)
    assert client.post("/phone/", {"phone": THEIRS, "to": OURS, "body": "Hello"}).status_code == 302
    assert portal.requests == []


def test_a_wrong_number_is_told_at_its_field(sandbox, client, cast):
    client.force_login(cast.alice.user)
    answer = client.get("/phone/", {"phone": "call me", "to": OURS})
    assert answer.context["form"].errors["phone"]


def test_a_sandbox_that_does_not_answer_is_told(cast, client, settings):
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    client.force_login(cast.alice.user)
    answer = client.get("/phone/")
    assert answer.status_code == 503
    assert "does not answer" in answer.content.decode()


def test_what_the_sandbox_refuses_is_told_in_its_words(sandbox):
    with pytest.raises(sandbox_client.SandboxProblem, match="No sandbox account has the number"):
        sandbox_client.text(THEIRS, "+12025550999", "Hello")


def test_an_answer_that_is_no_sandbox_s_is_told_with_its_status(settings):
    with Receiver() as other:
        other.usual = Answer(status=502, body=b"<html>Bad gateway</html>")
        settings.SANDBOX_URL = other.url
        with pytest.raises(sandbox_client.SandboxProblem, match="status 502"):
            sandbox_client.numbers()
