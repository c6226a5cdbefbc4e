"""What calls each public function of sms/twilio once or more, in the ways the product does.

A function that asks Twilio nothing stands in ASKS_NOTHING; a new one belongs to one of the two.
"""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sms.models import TwilioAccount
from sms.twilio import accounts, alerts, balance, geo, history, numbers, registration, sender, services, tokens
from tenants import clock, secrets
from tenants.models import Tenant
from tests.factories import make_account
from tests.sandbox.console import Console
from tests.sandbox.harness import Sandbox

PHONE = "+15557409999"
URL = "https://portal.example/webhooks/twilio/abc/message#ct=2000&rt=3500&tt=15000&rc=3&rp=ct,rt,5xx"
PLACES = {"us1": ("", ""), "ie1": ("ie1", "dublin"), "au1": ("au1", "sydney")}
_numbers = itertools.count(15557400001)


@dataclass
class Scene:
    """A fresh account at Twilio with two numbers, a short code and a service, and our row for it."""

    sandbox: Sandbox
    console: Console
    account: TwilioAccount
    token: str
    e164: str
    pn: str
    code: str
    service: str


def make(sandbox: Sandbox, tenant: Tenant, region: str = "us1") -> Scene:
    """Have an account issued in a region, and know it."""
    issued = sandbox.account(friendly_name="Acme", region=region)
    console, token = Console(sandbox, issued["sid"]), issued["auth_token"]
    first, second = (f"+{next(_numbers)}" for _ in range(2))
    pn = sandbox.number(issued, first)["sid"]
    sandbox.number(issued, second)
    code = sandbox.number(issued, str(74000 + next(_numbers) % 1000), type="short code")["sid"]
    service = console.add_service(second)
    name, edge = PLACES[region]
    account = make_account(tenant, sid=issued["sid"], auth_token=token, region=name, edge=edge)
    return Scene(sandbox, console, account, token, first, pn, code, service)


def use_key(scene: Scene, kind: str = "standard") -> None:
    """Have an API key issued, and ask with it from now on."""
    key = scene.sandbox.control("POST", f"/accounts/{scene.console.sid}/keys", {"kind": kind})
    scene.account.api_key_sid = key["sid"]
    secrets.seal(scene.account, "api_key_secret", key["secret"])


def _check(scene: Scene) -> None:
    assert accounts.check_account(scene.account).is_good
    for kind in ("standard", "main"):
        use_key(scene, kind)
        assert accounts.check_account(scene.account).is_good
    secrets.seal(scene.account, "api_key_secret", "wrong")
    assert not accounts.check_account(scene.account).is_good
    secrets.seal(scene.account, "auth_token", "f" * 32)
    assert not accounts.check_account(scene.account).is_good


def _post(scene: Scene) -> None:
    async def once() -> list[Any]:
        async with sender.sender(2) as twilio:
            return [await twilio.post(post) for post in posts]

    whole: dict[str, Any] = {"account": scene.account, "to": PHONE, "status_callback": URL, "validity_seconds": 3600}
    posts = [
        sender.Post(sender=scene.e164, body="Hello", media=("https://a.example/1.png", "https://a.example/2"), **whole),
        sender.Post(sender=scene.service, body="Grüße 👋", **whole),
        sender.Post(sender=scene.e164, body="", **whole),
    ]
    assert [answer.http_status for answer in asyncio.run(once())] == [201, 201, 400]
    scene.sandbox.wait_quiet()


def _texts(scene: Scene) -> list[str]:
    scene.console.set_number(scene.e164, sms_url="")
    picture = {"content_type": "image/png", "base64": "cG5n"}
    return [scene.sandbox.text(PHONE, scene.e164, "look", media=[picture])["sid"] for _ in range(2)]


def _page(scene: Scene) -> None:
    assert len(_texts(scene)) == 2
    first = history.page(scene.account, size=1)
    assert len(history.page(scene.account, url=first.next_url).entries) == 1
    today = clock.now().date()
    history.page(scene.account, since=today - timedelta(days=2), until=today + timedelta(days=1))
    assert not history.page(scene.account, since=date(2026, 1, 1), until=date(2026, 1, 2)).entries


def _media(scene: Scene) -> None:
    sids = _texts(scene)
    assert [len(history.media_of(scene.account, sids)[sid]) for sid in sids] == [1, 1]


def _sent(scene: Scene) -> None:
    _post(scene)
    assert len(history.sent_to(scene.account, PHONE, scene.e164)) == 1
    assert len(history.sent_to(scene.account, PHONE, scene.service)) == 2


def _find(scene: Scene) -> None:
    assert history.find(scene.account, _texts(scene)[0]) is not None
    assert history.find(scene.account, "SM" + "0" * 32) is None


def _number_page(scene: Scene) -> None:
    beginnings = {"": "+14155551000", "ie1": "+14155553000", "au1": "+14155555000"}
    scene.console.add_numbers(beginnings[scene.account.region], 1200)
    first = numbers.number_page(scene.account)
    assert len([*first.rows, *numbers.number_page(scene.account, first.next_url).rows]) == 1202


def _fetch_number(scene: Scene) -> None:
    assert numbers.fetch_number(scene.account, scene.pn).e164 == scene.e164
    assert numbers.fetch_number(scene.account, scene.code).is_short_code


def _write_webhook(scene: Scene) -> None:
    whole = {
        "sms_url": URL,
        "sms_method": "POST",
        "sms_fallback_url": URL.replace("message", "fallback"),
        "sms_fallback_method": "POST",
        "sms_application_sid": "",
    }
    empty = {"sms_url": "", "sms_method": "POST", "sms_fallback_url": "", "sms_application_sid": ""}
    for sid in (scene.pn, scene.code):
        assert numbers.write_webhook(scene.account, sid, whole).webhook["sms_url"] == URL
        assert numbers.write_webhook(scene.account, sid, empty).webhook["sms_url"] == ""
    application = scene.console.set_application(scene.e164)
    assert numbers.write_webhook(scene.account, scene.pn, {"sms_application_sid": application})


def _registered(scene: Scene) -> None:
    scene.console.set_brand("FAILED", failure_reason="Tax ID")
    scene.console.set_campaign(scene.service, "IN_PROGRESS")
    scene.console.set_number(scene.e164, type="toll free")
    scene.console.set_verification(scene.e164, "TWILIO_REJECTED", rejection_reason="Opt-in", error_code=30491)


def _brand(scene: Scene) -> None:
    registration.brand(scene.account)
    _registered(scene)
    assert registration.brand(scene.account).detail


def _campaign(scene: Scene) -> None:
    registration.campaign(scene.account, scene.service)
    registration.campaign(scene.account, "MG" + "0" * 32)
    _registered(scene)
    registration.campaign(scene.account, scene.service)


def _toll_free(scene: Scene) -> None:
    _registered(scene)
    assert registration.toll_free(scene.account)[scene.pn].detail


def _write_service(scene: Scene) -> None:
    first = services.fetch_service(scene.account, scene.service)
    whole: services.Webhook = {
        "inbound_request_url": URL,
        "inbound_method": "POST",
        "fallback_url": URL,
        "fallback_method": "GET",
        "use_inbound_webhook_on_number": False,
    }
    assert services.write_service(scene.account, scene.service, whole).webhook == whole
    assert services.write_service(scene.account, scene.service, first.webhook) == first


def _alerts(scene: Scene) -> None:
    scene.console.set_number(scene.e164, sms_url="http://127.0.0.1:9/in")
    scene.sandbox.text(PHONE, scene.e164, "nobody home")
    since = clock.now() - timedelta(days=1)
    assert [a.code for a in alerts.since(scene.account, since, lambda url: url.startswith("http://127"))] == ["11205"]


def _standing(scene: Scene) -> None:
    assert tokens.standing(scene.account, scene.token).is_primary
    assert not tokens.standing(scene.account, "f" * 32).works


def _delete_secondary(scene: Scene) -> None:
    scene.console.set_account(rotate="secondary")
    for _ in range(2):
        tokens.delete_secondary(scene.account, scene.token)


def _promote(scene: Scene) -> None:
    second = tokens.create_secondary(scene.account, scene.token)
    assert tokens.promote(scene.account, second) == second


CALLS: dict[str, Callable[[Scene], Any]] = {
    "accounts.check_account": _check,
    "alerts.since": _alerts,
    "balance.read": lambda scene: balance.read(scene.account),
    "geo.allowed": lambda scene: geo.allowed(scene.account, ["US", "PK", "DE"]),
    "history.find": _find,
    "history.media_of": _media,
    "history.page": _page,
    "history.sent_to": _sent,
    "numbers.fetch_number": _fetch_number,
    "numbers.list_numbers": lambda scene: numbers.list_numbers(scene.account),
    "numbers.number_page": _number_page,
    "numbers.short_code_page": lambda scene: numbers.short_code_page(scene.account),
    "numbers.write_webhook": _write_webhook,
    "registration.brand": _brand,
    "registration.campaign": _campaign,
    "registration.toll_free": _toll_free,
    "sender.sender": _post,
    "services.code_page": lambda scene: services.code_page(scene.account, scene.service),
    "services.fetch_service": lambda scene: services.fetch_service(scene.account, scene.service),
    "services.member_page": lambda scene: services.member_page(scene.account, scene.service),
    "services.service_page": lambda scene: services.service_page(scene.account),
    "services.write_service": _write_service,
    "tokens.create_secondary": lambda scene: tokens.create_secondary(scene.account, scene.token),
    "tokens.delete_secondary": _delete_secondary,
    "tokens.promote": _promote,
    "tokens.standing": _standing,
}

ASKS_NOTHING = {
    "account_words.consequence",
    "account_words.describe",
    "account_words.trial_note",
    "client.is_sandbox",
    "client.region_and_edge",
    "client.rest_credentials",
    "client.rest_url",
    "client.sync_client",
    "client.usual_place",
    "errors.in_words",
    "history.as_report",
    "numbers.is_short_code",
    "paging.checked",
    "sender.form_of",
    "sender.warm_up",
}
