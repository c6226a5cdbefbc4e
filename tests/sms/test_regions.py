"""Each region of Twilio with each kind of credentials: asked, sent and received with its own host and token."""

import asyncio
import itertools

import pytest

from sms.models import Message
from sms.setup import connecting, credentials
from sms.twilio import numbers, sender
from sms.twilio.client import DeadlineClient
from sms.twilio.sender import Post
from tenants import secrets
from tenants.audit import PORTAL
from tests.factories import OUR_NUMBER
from tests.sms import webhook_client
from tests.sms.connect_scene import forget, make_scene

pytestmark = pytest.mark.once

HOSTS = {"us1": "api.twilio.com", "ie1": "api.dublin.ie1.twilio.com", "au1": "api.sydney.au1.twilio.com"}
TABLE = list(itertools.product(HOSTS, ["token", "key"], ["parent", "sub-account"]))


@pytest.fixture
def scene(cast, running_sandbox, settings):
    settings.SANDBOX_URL, settings.PUBLIC_BASE_URL = running_sandbox.url, webhook_client.BASE
    settings.LOCAL_BASE_URL = webhook_client.BASE
    yield make_scene(cast, running_sandbox)
    forget(running_sandbox)


@pytest.fixture
def placed(scene, request):
    """The scene's account as a row of the table has it: in a region, by token or key, alone or below a parent."""
    region, login, kind = request.param
    parent = scene.sandbox.account(friendly_name="Holding")
    token = f"{list(HOSTS).index(region)}" * 32
    changes = {"region_tokens": {region: token}} if region != "us1" else {"auth_token": token}
    if kind == "sub-account":
        changes["parent"] = parent["sid"]
    scene.sandbox.control("PATCH", f"/accounts/{scene.account['sid']}", changes)
    typed = {"auth_token": token, "region": "" if region == "us1" else region}
    if login == "key":
        key = scene.sandbox.control("POST", f"/accounts/{scene.account['sid']}/keys", {"region": region})
        typed |= {"api_key_sid": key["sid"], "api_key_secret": key["secret"]}
    account = credentials.prepare(scene.configuration.tenant, credentials.Typed(scene.account["sid"], **typed))
    credentials.save(PORTAL, account)
    scene.configuration.account = account
    return scene, region, login, parent if kind == "sub-account" else None, token


def hosts_asked(scene, after):
    """Return where the scene's account was asked, and by what; the sandbox serves others as well."""
    sid = scene.configuration.account.account_sid
    entries = [entry for entry in scene.sandbox.journal("request")[after:] if sid in entry["path"]]
    return {entry["path"].split("/")[1] for entry in entries}, entries


def sent(account):
    async def once():
        async with sender.sender(2) as twilio:
            return await twilio.post(Post(account, "+12025550199", OUR_NUMBER, "Hello", "", 60))

    return asyncio.run(once())


@pytest.mark.parametrize("placed", TABLE, indirect=True, ids="-".join)
def test_an_account_is_asked_and_sends_where_it_lives(placed):
    scene, region, login, parent, _token = placed
    account, before = scene.configuration.account, len(scene.sandbox.journal("request"))
    finding = connecting.check(account)
    assert finding.is_good
    assert finding.result == ("key_limited" if login == "key" else "ok")
    assert account.owner_sid == (parent["sid"] if parent else account.account_sid)
    assert OUR_NUMBER in [number.e164 for number in numbers.list_numbers(account)]
    answer = sent(account)
    assert (answer.http_status, answer.code) == (201, "")
    hosts, entries = hosts_asked(scene, before)
    assert hosts == {HOSTS[region]}
    assert "create" in {entry["operation"] for entry in entries}


@pytest.mark.parametrize("placed", TABLE, indirect=True, ids="-".join)
def test_a_text_is_taken_with_the_token_of_its_own_account_and_region_only(placed):
    scene, region, login, parent, token = placed
    path = webhook_client.path_of(scene.configuration)
    wrong = [parent["auth_token"]] if parent else []
    wrong += [secrets.open(scene.configuration.account, "api_key_secret")] if login == "key" else []
    wrong += [scene.sandbox.account(friendly_name="Another region")["auth_token"]]
    for other in wrong:
        answer = webhook_client.post(path, webhook_client.text(scene.configuration), token=other)
        assert answer.status_code == 403, region
    assert not Message.objects.filter(configuration=scene.configuration).exists()
    answer = webhook_client.post(path, webhook_client.text(scene.configuration, Body="Mine"), token=token)
    assert answer.status_code == 200
    assert Message.objects.get(configuration=scene.configuration).body == "Mine"


@pytest.mark.parametrize("region", ["ie1", "au1"])
@pytest.mark.parametrize("edge", ["", "frankfurt"])
@pytest.mark.parametrize("product", ["api", "messaging", "accounts", "monitor"])
def test_management_calls_of_each_product_reach_the_regions_host(cast, monkeypatch, region, edge, product):
    asked = []
    monkeypatch.setattr(DeadlineClient, "_before_deadline", lambda self, call, **more: asked.append(call.url) or 1 / 0)
    cast.account.region, cast.account.edge = region, edge
    client = connecting.accounts.sync_client(cast.account)
    calls = {
        "api": client.incoming_phone_numbers.list,
        "messaging": client.messaging.v1.services.list,
        "accounts": client.accounts.v1.messaging_geopermissions.fetch,
        "monitor": client.monitor.v1.alerts.list,
    }
    with pytest.raises(ZeroDivisionError):
        calls[product]()
    usual = {"ie1": "dublin", "au1": "sydney"}[region]
    assert asked[0].startswith(f"https://{product}.{edge or usual}.{region}.twilio.com/")
