"""Misbehaviour of the REST API, and what the sandbox remembers over a restart."""

import subprocess
import sys

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from sms.sandbox.faults import Faults
from sms.sandbox.overrides import POLICIES, parse
from tests.sandbox.harness import ROOT, Sandbox, SandboxHttpClient, wait_until


@pytest.fixture
def send(client, our_number, phone):
    return lambda **more: client.messages.create(**{"to": phone, "from_": our_number, "body": "x", **more})


@pytest.fixture
def created(sandbox, phone):
    return lambda: [e for e in sandbox.journal("message.created") if e["message"]["to"] == phone]


def test_an_answer_can_be_late(sandbox, client, send, phone, created):
    sandbox.fault("delay", seconds=0.2, count=1, match={"to": phone})
    assert send().status == "queued"
    assert len(created()) == 1
    assert [e["fault_kind"] for e in sandbox.journal("fault.hit") if e["facts"]["to"] == phone] == ["delay"]


@pytest.mark.parametrize(
    ("kind", "exists"),
    [("timeout_after_accept", 1), ("reset_before", 0), ("reset_after_accept", 1)],
)
def test_an_answer_can_be_lost(sandbox, client, send, phone, created, kind, exists):
    client.http_client = SandboxHttpClient(sandbox.url, timeout=0.5)
    sandbox.fault(kind, count=1, seconds=2, match={"to": phone})
    with pytest.raises(requests.exceptions.RequestException):
        send()
    assert len(created()) == exists
    assert send().status == "queued"


@pytest.mark.parametrize(
    ("kind", "more", "code", "status", "exists"),
    [
        ("http_429", {"seconds": 7}, 20429, 429, 0),
        ("http_500_before", {}, 20500, 500, 0),
        ("http_500_after_accept", {}, 20500, 500, 1),
        ("error_code", {"code": 21610}, 21610, 400, 0),
        ("error_code", {"code": 20003}, 20003, 401, 0),
        ("error_code", {"code": 99999, "status": 418}, 99999, 418, 0),
    ],
)
def test_an_error_can_be_ordered(sandbox, send, phone, created, kind, more, code, status, exists):
    sandbox.fault(kind, count=1, match={"to": phone}, **more)
    with pytest.raises(TwilioRestException) as caught:
        send()
    assert (caught.value.code, caught.value.status) == (code, status)
    assert len(created()) == exists
    assert sandbox.control("GET", "/faults")["faults"] == []


def raw_create(sandbox, account, our_number, phone):
    url = f"{sandbox.url}/api.twilio.com/2010-04-01/Accounts/{account['sid']}/Messages.json"
    form = {"To": phone, "From": our_number, "Body": "x"}
    return requests.post(url, data=form, auth=(account["sid"], account["auth_token"]), timeout=10)


def test_too_many_requests_say_when_to_come_back(sandbox, account, our_number, phone):
    sandbox.fault("http_429", count=1, seconds=7, match={"account": account["sid"]})
    assert raw_create(sandbox, account, our_number, phone).headers["Retry-After"] == "7"


def test_an_answer_can_be_broken(sandbox, account, our_number, phone, created):
    sandbox.fault("bad_json", count=1, match={"from": our_number})
    response = raw_create(sandbox, account, our_number, phone)
    assert response.status_code == 201
    with pytest.raises(requests.exceptions.JSONDecodeError):
        response.json()
    assert len(created()) == 1


def test_a_gateway_can_answer_a_web_page(sandbox, account, our_number, phone, created):
    sandbox.fault("http_502_html", count=1, match={"from": our_number})
    response = raw_create(sandbox, account, our_number, phone)
    assert (response.status_code, response.headers["Content-Type"]) == (502, "text/html")
    assert created() == []


def test_lists_can_lag(sandbox, client, send, phone):
    fault = sandbox.fault("list_lag", seconds=3600)
    sid = send().sid
    assert client.messages.list(to=phone) == []
    sandbox.control("DELETE", f"/faults/{fault['id']}")
    assert [m.sid for m in client.messages.list(to=phone)] == [sid]


def test_a_fault_strikes_only_what_it_was_meant_for(sandbox, client, send, phone, our_number):
    sandbox.fault("http_500_before", match={"to": "+19995*"})
    assert send().status == "queued"
    sandbox.fault("http_500_before", match={"operation": "fetch", "account": client.account_sid})
    message = send()
    with pytest.raises(TwilioRestException, match="internal server error"):
        client.messages(message.sid).fetch()


def test_throws_are_the_same_for_the_same_seed():
    def hits(seed):
        faults = Faults(seed)
        faults.add({"kind": "delay", "probability": 0.5})
        return [faults.take(["delay"], {"operation": "create"}) is not None for _ in range(40)]

    assert hits(7) == hits(7) != hits(8)
    assert 5 < sum(hits(7)) < 35


def test_overrides_are_read_within_twilios_bounds():
    url, how = parse("https://a.example/in?x=1#ct=50&rt=99999&tt=400&rc=9&rp=all&e=ashburn")
    assert url == "https://a.example/in?x=1"
    assert (how.connect_ms, how.read_ms, how.total_ms, how.retries) == (100, 15000, 400, 5)
    assert how.policies == POLICIES
    _, plain = parse("https://a.example/in")
    assert (plain.connect_ms, plain.read_ms, plain.total_ms, plain.retries) == (5000, 15000, 15000, 1)
    assert plain.policies == {"ct"}
    assert not parse("https://a.example/in#rp=sometimes")[1].is_valid


def test_a_restart_keeps_everything(tmp_path):
    with Sandbox(tmp_path) as sandbox:
        account = sandbox.account(friendly_name="Acme")
        sandbox.number(account, "+15550200001", sms_url="http://127.0.0.1:9/in#rc=0")
        client = sandbox.client(account["sid"], account["auth_token"])
        sids = [client.messages.create(to="+15550201111", from_="+15550200001", body=str(n)).sid for n in range(3)]
        sandbox.text("+15550202222", "+15550200001", "STOP")
        sandbox.wait_quiet()
        before = sandbox.control("GET", "/state")
        assert sandbox.stop() == 0
        sandbox.start()
        after = sandbox.control("GET", "/state")
        assert {**after, "pending": 0} == before
        client = sandbox.client(account["sid"], account["auth_token"])
        assert [m.sid for m in client.messages.list(to="+15550201111")] == sids[::-1]
        with pytest.raises(TwilioRestException, match="unsubscribed"):
            client.messages.create(to="+15550202222", from_="+15550200001", body="x")


def test_a_crash_loses_nothing_that_was_promised_and_the_rest_goes_on(tmp_path):
    sandbox = Sandbox(tmp_path, step_seconds=30).start()
    account = sandbox.account()
    sandbox.number(account, "+15550200001")
    client = sandbox.client(account["sid"], account["auth_token"])
    sid = client.messages.create(to="+15550201111", from_="+15550200001", body="x").sid
    sandbox.kill()
    with (tmp_path / "journal.jsonl").open("ab") as file:
        file.write(b'{"n":99,"kind":"half an ent')
    with Sandbox(tmp_path) as again:
        client = again.client(account["sid"], account["auth_token"])
        wait_until(lambda: client.messages(sid).fetch().status == "delivered")
        numbers = [entry["n"] for entry in again.journal()]
        assert numbers == list(range(1, len(numbers) + 1))


def test_the_journal_tells_what_happened_in_order(sandbox, client, send, phone):
    sid = send().sid
    sandbox.wait_quiet()
    kinds = [
        (e["kind"], e.get("status"))
        for e in sandbox.journal("message.created", "message.status", "request")
        if sid in (e.get("sid"), e.get("message", {}).get("sid"))
    ]
    assert kinds[:2] == [("message.created", None), ("request", 201)]
    assert [k for k in kinds if k[0] == "message.status"] == [
        ("message.status", "sending"),
        ("message.status", "sent"),
        ("message.status", "delivered"),
    ]


def failed_start(state, port="0"):
    command = [sys.executable, "-m", "sms.sandbox", "--port", port, "--state", str(state)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    assert (found.returncode, found.stdout) == (1, "")
    (line,) = found.stderr.splitlines()
    return line


def test_a_taken_port_is_one_sentence(sandbox, tmp_path):
    assert "in use" in failed_start(tmp_path, sandbox.url.rsplit(":", 1)[1])


def test_a_second_copy_in_the_same_folder_is_one_sentence(sandbox):
    assert "another sandbox uses" in failed_start(sandbox.state_dir)


def test_a_damaged_journal_is_one_sentence(tmp_path):
    (tmp_path / "journal.jsonl").write_bytes(b"{broken\n")
    assert "line 1" in failed_start(tmp_path)


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_a_web_page_cannot_use_the_control_api(sandbox, headers):
    assert requests.get(f"{sandbox.url}/sandbox/state", headers=headers, timeout=10).status_code == 403
