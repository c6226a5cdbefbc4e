"""SMS configurations: what is stored, rotated, deleted."""

import pytest

from sms.models import Message, TwilioAccount, WebhookKey
from sms.setup import configuring, credentials
from sms.webhooks import keys, registry
from tenants import clock, secrets
from tenants.audit import PORTAL
from tenants.models import AuditEntry
from tests.factories import AUTH_TOKEN, OUR_NUMBER, THEIR_NUMBER, make_account, make_configuration, make_trunk

SID = "AC" + "1" * 32
OTHER = "f" * 32


def add(cast, **fields):
    trunk = fields.pop("trunk", None) or make_trunk("Second", tenant=cast.acme)
    return configuring.add(PORTAL, cast.acme, trunk=trunk, **({"account_sid": SID, "auth_token": AUTH_TOKEN} | fields))


def waiting_text(configuration, state="queued"):
    return Message.objects.create(
        tenant=configuration.tenant,
        direction="out",
        configuration=configuration,
        our_address=OUR_NUMBER,
        their_address=THEIR_NUMBER,
        state=state,
    )


def test_a_token_is_stored_sealed_with_its_last_four_digits(cast):
    account = add(cast).account
    account.refresh_from_db()
    assert AUTH_TOKEN.encode() not in bytes(account.auth_token_sealed)
    assert secrets.open(account, "auth_token") == AUTH_TOKEN
    assert account.auth_token_last4 == AUTH_TOKEN[-4:]
    assert AUTH_TOKEN not in str(list(AuditEntry.objects.values()))


def test_the_name_comes_from_the_trunk_and_stays_apart(cast):
    trunk = make_trunk("Main", tenant=cast.acme)
    assert add(cast, trunk=trunk).name == "Main 2"
    assert add(cast, name="Sales").name == "Sales"


def test_a_second_configuration_reuses_the_tenants_account(cast):
    first = add(cast)
    second = add(cast, trunk=make_trunk("Third", tenant=cast.acme), auth_token="")
    assert second.account == first.account
    assert TwilioAccount.objects.filter(account_sid=SID).count() == 1


def test_a_trunk_and_an_account_are_joined_once(cast):
    trunk = make_trunk("Second", tenant=cast.acme)
    add(cast, trunk=trunk)
    with pytest.raises(configuring.ConfigurationRefused, match="already joins"):
        add(cast, trunk=trunk)


def test_two_tenants_hold_the_same_account_in_rows_of_their_own(cast):
    add(cast)
    trunk = make_trunk("Theirs", tenant=cast.globex)
    configuring.add(PORTAL, cast.globex, trunk=trunk, account_sid=SID, auth_token=OTHER)
    assert {secrets.open(a, "auth_token") for a in TwilioAccount.objects.filter(account_sid=SID)} == {AUTH_TOKEN, OTHER}


def test_the_operators_credentials_come_with_the_trunk(cast):
    trunk = make_trunk("Shared", account=make_account(None))
    assert add(cast, trunk=trunk, account_sid="").account == trunk.account
    with pytest.raises(configuring.ConfigurationRefused, match="brings no credentials"):
        add(cast, trunk=make_trunk("Bare"), account_sid="")


def test_a_replaced_token_is_kept_as_the_former_one(cast):
    configuration = add(cast)
    configuring.replace_token(PORTAL, configuration, OTHER)
    account = TwilioAccount.objects.get(account_sid=SID)
    assert secrets.open(account, "auth_token") == OTHER
    assert secrets.open(account, "secondary_token") == AUTH_TOKEN
    assert (account.secondary_is_former, account.version) == (True, 2)
    entry = AuditEntry.objects.filter(action="sms.account.changed").get()
    assert entry.changes == {"auth_token": "replaced", "secondary_token": "replaced"}


def test_the_former_token_goes_with_the_first_webhook_signed_with_the_new_one(cast):
    configuration = add(cast)
    configuring.replace_token(PORTAL, configuration, OTHER)
    entry = registry.find(configuring.live_key(configuration).key, fresh=True)
    assert entry is not None
    assert entry.tokens == (OTHER, AUTH_TOKEN)
    registry.note_token(entry, 0)
    account = TwilioAccount.objects.get(account_sid=SID)
    assert secrets.open(account, "secondary_token") == ""


def test_credentials_left_empty_keep_what_is_stored(cast):
    configuration = add(cast, api_key_sid="SK" + "1" * 32, api_key_secret="s" * 32, secondary_token=OTHER)
    typed = credentials.Typed(SID, api_key_sid="SK" + "1" * 32)
    configuring.change(PORTAL, configuration, fields={"sender_id": "ACME"}, typed=typed)
    account = TwilioAccount.objects.get(account_sid=SID)
    assert secrets.open(account, "auth_token") == AUTH_TOKEN
    assert secrets.open(account, "api_key_secret") == "s" * 32
    assert secrets.open(account, "secondary_token") == OTHER
    configuring.change(PORTAL, configuration, fields={}, typed=credentials.Typed(SID, api_key_sid=""))
    account.refresh_from_db()
    assert (account.api_key_sid, account.api_key_last4, secrets.open(account, "api_key_secret")) == ("", "", "")


def test_a_change_is_logged_with_what_differs(cast):
    configuring.change(PORTAL, cast.configuration, fields={"sender_id": "ACME", "name": "Main"})
    entry = AuditEntry.objects.get(action="sms.configuration.changed")
    assert entry.changes == {"sender_id": ["", "ACME"]}


def test_the_webhook_holds_neither_sid_nor_token_nor_slug(cast, settings):
    settings.PUBLIC_BASE_URL = "https://portal.example"
    configuration = add(cast)
    url = configuring.webhook_url(configuration)
    key = configuring.live_key(configuration).key
    assert url == f"https://portal.example/webhooks/twilio/{key}/message{settings.WEBHOOK_OVERRIDES}"
    assert keys.mac_ok(key, [secret.encode() for secret in settings.WEBHOOK_KEY_SECRETS])
    assert not any(text in url for text in (SID[2:], AUTH_TOKEN, "acme"))


def test_the_fallback_may_live_on_another_host(cast, settings):
    settings.PUBLIC_BASE_URL = "https://portal.example"
    assert configuring.fallback_url(cast.configuration).startswith("https://portal.example/webhooks/twilio/")
    settings.FALLBACK_BASE_URL = "https://spare.example"
    assert configuring.fallback_url(cast.configuration).startswith("https://spare.example/webhooks/twilio/")
    assert configuring.status_callback_url(cast.configuration, cast.acme.pk, 2).startswith("https://portal.example/")


def test_each_address_tells_twilio_to_try_again_within_the_time_that_an_answer_may_take(cast, settings):
    settings.PUBLIC_BASE_URL = "https://portal.example"
    addresses = [
        configuring.webhook_url(cast.configuration),
        configuring.fallback_url(cast.configuration),
        configuring.status_callback_url(cast.configuration, cast.acme.pk, 1),
    ]
    assert [url.partition("#")[2] for url in addresses] == ["ct=2000&rt=3500&tt=15000&rc=3&rp=ct,rt,5xx"] * 3
    told = dict(pair.split("=") for pair in settings.WEBHOOK_OVERRIDES[1:].split("&"))
    # Four tries in all, none of them cut off before we answer or spool, and all of them before Twilio gives up.
    assert (int(told["rc"]) + 1) * int(told["rt"]) <= int(told["tt"])
    assert int(told["rt"]) > 2000


def test_a_rotated_key_takes_texts_until_its_overlap_ends(cast):
    old = configuring.live_key(cast.configuration)
    new = configuring.rotate_key(PORTAL, cast.configuration)
    assert configuring.live_key(cast.configuration) == new
    entry = registry.find(old.key, fresh=True)
    assert entry is not None
    assert entry.takes_messages(clock.now())
    with clock.frozen(clock.in_seconds(8 * 86_400)):
        assert not entry.takes_messages(clock.now())
        assert entry.takes_reports(clock.now())


def test_deleting_cancels_what_waits_and_ends_the_webhook(cast):
    texts = {state: waiting_text(cast.configuration, state) for state in ("queued", "held", "sending", "accepted")}
    key = configuring.live_key(cast.configuration).key
    assert configuring.delete(PORTAL, cast.configuration) == 2
    states = {}
    for state, text in texts.items():
        text.refresh_from_db()
        states[state] = (text.state, text.state_reason)
    assert states["queued"] == states["held"] == ("canceled", configuring.DELETED)
    assert (states["sending"][0], states["accepted"][0]) == ("sending", "accepted")
    assert registry.find(key, fresh=True) is None
    assert WebhookKey.objects.filter(key=key).exists()
    again = make_configuration(cast.acme, cast.trunk, cast.account)
    assert again.name == cast.configuration.name


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("", "no public address"),
        ("http://portal.example", "not an https"),
        ("https://localhost:8000", "inside this network"),
        ("https://192.168.1.5", "inside this network"),
        ("https://portal", "inside this network"),
        ("https://pbx.local", "inside this network"),
        ("https://portal.example", ""),
        ("https://8.8.8.8", ""),
    ],
)
def test_an_address_that_twilio_cannot_reach_is_not_offered(cast, settings, base, said):
    settings.PUBLIC_BASE_URL = base
    problem = configuring.address_problem(cast.configuration)
    assert said in problem if said else problem == ""


def test_a_sandbox_account_needs_no_public_address(cast, settings):
    settings.PUBLIC_BASE_URL, settings.LOCAL_BASE_URL = "", "http://127.0.0.1:8000"
    cast.account.account_sid = "AC5a4db0c55a4d" + "0" * 20
    assert configuring.address_problem(cast.configuration) == ""
    assert configuring.webhook_url(cast.configuration).startswith("http://127.0.0.1:8000/webhooks/twilio/")
