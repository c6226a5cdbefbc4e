"""The call that the portal makes to its own webhook: taken without a trace, and what kept it away is named."""

import http.server
import socket
import ssl
import threading

import pytest
import requests
from django.urls import reverse

from sms.models import Configuration, Message, RefusedRequest, TokenRotation, TwilioAccount
from sms.setup import configuring, connecting, selftest, verifying
from sms.setup.selftest import Reached
from sms.webhooks import registry, selftests
from sms.webhooks.views import GONE
from tenants import clock, secrets
from tests.factories import AUTH_TOKEN, make_configuration, make_trunk

SANDBOX_SID = "AC5a4db0c55a4d" + "0" * 19 + "1"
SECOND = "f" * 32


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """A server that is not this portal, or one that changes what it passes on."""

    status, body = 200, b"<Response/>"
    headers_sent: dict[str, str] = {}
    passes_to = ""
    drops, path_before = (), ("", "")

    def do_POST(self):
        told = self.rfile.read(int(self.headers["Content-Length"]))
        answer, status = self.body, self.status
        if self.passes_to:
            kept = {name: value for name, value in self.headers.items() if name not in (*self.drops, "Host")}
            path = self.path.replace(*self.path_before) if self.path_before[0] else self.path
            passed = requests.post(self.passes_to + path, data=self.changed(told), headers=kept, timeout=10)
            answer, status = passed.content, passed.status_code
        self.send_response(status)
        for name, value in self.headers_sent.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def changed(self, told):
        return told

    def log_message(self, *args):
        pass


@pytest.fixture
def serve(settings):
    """Let something else stand at the address of the webhook."""
    servers = []

    def serve(**what):
        handler = type("Handler", (Elsewhere,), what)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        settings.LOCAL_BASE_URL = f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def in_the_sandbox(configuration):
    account = configuration.account
    account.account_sid = SANDBOX_SID
    secrets.seal(account, "secondary_token", SECOND)
    account.save()
    return Configuration.objects.select_related("tenant", "account").get(pk=configuration.pk)


@pytest.fixture
def configuration(cast):
    registry.forget()
    yield in_the_sandbox(cast.configuration)
    registry.forget()


@pytest.fixture
def here(transactional_db, live_server, cast, settings):
    settings.LOCAL_BASE_URL = live_server.url
    registry.forget()
    yield in_the_sandbox(cast.configuration)
    registry.forget()


def test_our_own_call_is_taken_and_leaves_no_trace(here):
    TwilioAccount.objects.update(secondary_is_former=True)
    outcome = selftest.run(here)
    assert (outcome.reached, outcome.is_here) == (Reached.HERE, True)
    assert not Message.objects.exists()
    assert not RefusedRequest.objects.exists()
    here.refresh_from_db()
    assert here.signed_at is None, "Twilio did not call"
    account = TwilioAccount.objects.get()
    assert account.token_seen_at is None
    assert account.secondary_token_sealed, "no proof that Twilio signs with the new one"


def test_a_call_signed_with_the_second_token_is_taken_too(here):
    assert selftest.run(here, SECOND).is_here


def test_a_wrong_signature_is_told_and_not_kept(here):
    assert selftest.run(here, "0" * 32).reached == Reached.BAD_SIGNATURE
    assert not RefusedRequest.objects.exists(), "it would look as if Twilio had called"


@pytest.mark.parametrize(
    ("what", "reached"),
    [
        ({"drops": ("X-Twilio-Signature",)}, Reached.NO_SIGNATURE),
        ({"changed": lambda self, told: told + b"&added=1"}, Reached.BAD_SIGNATURE),
        ({"path_before": ("/message", "/fallback")}, Reached.PATH_CHANGED),
        ({}, Reached.HERE),
    ],
)
def test_what_a_proxy_changes_is_named(here, live_server, serve, what, reached):
    serve(passes_to=live_server.url, **what)
    outcome = selftest.run(here)
    assert outcome.reached == reached
    assert outcome.arrived


@pytest.mark.parametrize(
    ("what", "reached", "said"),
    [
        ({"status": 301, "headers_sent": {"Location": "https://www.acme.example/"}}, Reached.REDIRECTED, "www.acme"),
        ({"status": 404, "body": b"nginx"}, Reached.NOT_FOUND, "not this portal"),
        ({"status": 404, "body": GONE.encode()}, Reached.OTHER_PORTAL, "another installation"),
        ({"status": 403, "body": b"Blocked"}, Reached.REFUSED, "firewall"),
        ({"status": 401}, Reached.REFUSED, "password"),
        ({"status": 502}, Reached.NO_SERVER, "does not reach"),
        ({"status": 500}, Reached.ANSWERED, "500"),
        ({"status": 200}, Reached.STRANGER, "not this portal"),
    ],
)
def test_whoever_answers_in_our_place_is_told_from_us(configuration, serve, what, reached, said):
    serve(**what)
    outcome = selftest.run(configuration)
    assert outcome.reached == reached
    assert said in selftest.explain(outcome)


def test_no_address_no_name_and_nobody_there_are_said_apart(configuration, settings, monkeypatch):
    settings.LOCAL_BASE_URL = ""
    assert selftest.run(configuration).reached == Reached.NO_ADDRESS
    settings.LOCAL_BASE_URL = "http://127.0.0.1:9"
    assert selftest.run(configuration).reached == Reached.CONNECT
    settings.LOCAL_BASE_URL = "http://no-such-name.invalid"
    assert selftest.run(configuration).reached == Reached.DNS
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.LOCAL_BASE_URL = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setattr(selftest, "_SECONDS", 0.3)
        assert selftest.run(configuration).reached == Reached.TIMEOUT


def test_http_behind_https_is_named(configuration, serve, settings):
    serve()
    settings.LOCAL_BASE_URL = settings.LOCAL_BASE_URL.replace("http:", "https:")
    assert selftest.run(configuration).reached == Reached.TLS


def test_certificates_are_told_apart():
    def said(message):
        error = ssl.SSLCertVerificationError(1, message)
        error.verify_message = message
        return selftest._unreached(requests.exceptions.SSLError(error), "portal.example").reached

    assert said("unable to get local issuer certificate") == Reached.CHAIN
    assert said("certificate has expired") == Reached.CERTIFICATE


def test_every_end_has_a_sentence_of_its_own():
    said = [selftest.explain(selftest.Outcome(reached, "x")) for reached in Reached]
    assert len(set(said)) == len(said)
    assert not any("%s" in text for text in said)


def test_a_text_is_never_taken_for_a_self_test():
    nonce = "a" * 32
    assert not selftests.note([("MessageSid", "SM1"), (selftests.PARAMETER, nonce)])
    assert not selftests.note([(selftests.PARAMETER, "short")])
    assert not selftests.note([])


# --- On the page ---


def test_the_page_calls_itself_when_asked_to_and_ticks(here, client, cast, monkeypatch):
    client.force_login(cast.alice.user)
    page = reverse("sms:configuration_verify", args=["acme", here.pk]) + "?since=1700000000"
    text = client.get(page).content.decode()
    assert "Not called yet" in text
    assert 'hx-trigger="load, submit"' in text
    answer = client.post(page, {"selftest": "1"})
    assert answer["Location"] == page
    text = client.get(page).content.decode()
    assert "The call came back here" in text
    assert 'hx-trigger="submit"' in text


def test_an_outcome_from_before_the_test_does_not_count(configuration):
    selftest.keep(configuration, selftest.Outcome(Reached.DNS, "portal.example"))
    assert verifying.own_call_ticks(configuration, clock.in_seconds(60))[0].state == "waiting"
    tick = verifying.own_call_ticks(configuration, clock.in_seconds(-60))[0]
    assert (tick.state, "DNS" in tick.text) == ("failed", True)
    selftest.keep(configuration, selftest.Outcome(Reached.BAD_SIGNATURE))
    ticks = verifying.own_call_ticks(configuration, clock.in_seconds(-60))
    assert [tick.state for tick in ticks] == ["done", "failed"]


def test_what_is_known_of_the_account_is_ticked(configuration):
    ticks = verifying.setup_ticks(configuration)
    assert [tick.state for tick in ticks] == ["waiting", "waiting"]
    for result, state in (("ok", "done"), ("wrong_pair", "failed"), ("of another version", "failed")):
        configuration.account.check_result = result
        assert verifying.setup_ticks(configuration)[0].state == state


def test_a_rotation_keeps_its_former_token_for_a_self_test(here):
    TokenRotation.objects.create(account=here.account, step="promoted", made_by="alice")
    TwilioAccount.objects.update(secondary_is_former=True)
    assert selftest.run(here, AUTH_TOKEN).is_here
    assert TokenRotation.objects.get().seen_at is None


def test_a_second_configuration_of_the_account_is_called_at_its_own_address(here, cast):
    other = make_configuration(cast.acme, make_trunk("Other"), here.account, name="Other")
    assert configuring.webhook_url(other) != configuring.webhook_url(here)
    assert selftest.run(other).is_here
    assert connecting.refused_since_last_text(other) == 0
