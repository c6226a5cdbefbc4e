"""What a check of Twilio credentials finds out, each with its own sentence; nothing secret is told to anybody."""

import logging

import pytest
from django.urls import reverse

from sms.models import Configuration, TwilioAccount
from sms.setup import configuring, connecting, credentials
from sms.twilio import account_words, accounts
from sms.twilio.account_words import Result
from tenants import secrets
from tenants.audit import PORTAL
from tenants.models import AuditEntry
from tests.factories import make_account
from tests.sms.connect_scene import forget, make_scene

pytestmark = pytest.mark.once

TOKEN = "f" * 32


@pytest.fixture
def scene(cast, running_sandbox, settings):
    settings.SANDBOX_URL = running_sandbox.url
    yield make_scene(cast, running_sandbox)
    running_sandbox.control("DELETE", "/faults")
    forget(running_sandbox)


def typed(scene, **more):
    return credentials.Typed(scene.account["sid"], **({"auth_token": scene.account["auth_token"]} | more))


def asked(cast, scene, **more):
    return connecting.try_out(cast.acme, typed(scene, **more))


def change(scene, **changes):
    return scene.sandbox.control("PATCH", f"/accounts/{scene.account['sid']}", changes)


def key_of(scene, account=None, **wanted):
    return scene.sandbox.control("POST", f"/accounts/{(account or scene.account)['sid']}/keys", wanted)


def with_key(cast, scene, key, secret=""):
    return asked(cast, scene, api_key_sid=key["sid"], api_key_secret=secret or key["secret"])


# --- The pair holds ---


def test_the_right_pair_is_known_by_name(scene):
    finding = connecting.check(scene.configuration.account)
    assert (finding.result, finding.friendly_name, finding.account_type) == ("ok", "Acme Inc.", "Full")
    account = scene.configuration.account
    account.refresh_from_db()
    assert (account.check_result, account.friendly_name, account.status) == ("ok", "Acme Inc.", "active")
    assert (account.owner_sid, account.checked_at is not None) == (account.account_sid, True)


def test_a_sub_account_is_known_as_one(cast, scene):
    parent = scene.sandbox.account(friendly_name="Holding")
    change(scene, parent=parent["sid"])
    connecting.check(scene.configuration.account)
    scene.configuration.account.refresh_from_db()
    assert scene.configuration.account.owner_sid == parent["sid"]


def test_a_trial_account_is_good_and_its_limits_are_said(cast, scene):
    change(scene, type="Trial")
    finding = asked(cast, scene)
    assert (finding.result, finding.is_good) == ("ok", True)
    assert "only to numbers verified" in accounts.trial_note(finding.account_type)
    assert not accounts.trial_note("Full")


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_a_stopped_account_is_said_to_be_stopped(cast, scene, status):
    change(scene, status=status)
    finding = asked(cast, scene)
    assert (finding.result, finding.is_good, finding.friendly_name) == (status, False, "Acme Inc.")


# --- The pair is refused ---


def test_a_wrong_pair_is_said_to_be_one(cast, scene):
    finding = asked(cast, scene, auth_token=TOKEN)
    assert (finding.result, finding.is_good) == ("wrong_pair", False)
    assert "do not belong together" in accounts.describe(finding.result)


def test_the_parents_token_is_named_when_the_portal_knows_the_parent(cast, scene):
    parent = scene.sandbox.account(friendly_name="Holding")
    change(scene, parent=parent["sid"])
    assert asked(cast, scene, auth_token=parent["auth_token"]).result == "wrong_pair"
    connecting.check(scene.configuration.account)
    finding = asked(cast, scene, auth_token=parent["auth_token"])
    assert (finding.result, finding.detail) == ("parent_token", parent["sid"][-4:])
    assert f"parent account …{parent['sid'][-4:]}" in accounts.describe(finding.result, finding.detail)


def test_the_token_of_another_account_of_the_same_owner_is_named(cast, scene):
    other = scene.sandbox.account(friendly_name="Other")
    make_account(cast.globex, sid=other["sid"], auth_token=other["auth_token"])
    assert asked(cast, scene, auth_token=other["auth_token"]).result == "wrong_pair"
    make_account(cast.acme, sid=other["sid"], auth_token=other["auth_token"])
    finding = asked(cast, scene, auth_token=other["auth_token"])
    assert (finding.result, finding.detail) == ("other_token", other["sid"][-4:])


@pytest.mark.parametrize(("chosen", "held"), [("", "ie1"), ("", "au1"), ("ie1", "us1"), ("au1", "ie1")])
def test_the_region_that_accepts_the_pair_is_found(cast, scene, chosen, held):
    change(scene, region=held)
    finding = asked(cast, scene, region=chosen)
    assert (finding.result, finding.better_region) == (f"in_{held}", held)
    assert str(account_words.REGION_NAMES[held]) in accounts.describe(finding.result, finding.detail)
    assert asked(cast, scene, region=finding.better_region).is_good


def test_a_region_without_messaging_is_named(cast, scene):
    change(scene, region="au1")
    scene.sandbox.fault("error_code", code=20404, status=404, match={"operation": "list"})
    finding = asked(cast, scene, region="au1", edge="sydney")
    assert (finding.result, finding.detail) == ("no_messaging", "Australia (AU1)")


@pytest.mark.parametrize(
    ("code", "status", "result"),
    [
        (20008, 403, "test_credentials"),
        (20005, 403, "not_active"),
        (20005, 401, "not_active"),
        (90010, 403, "not_active"),
        (20429, 429, "busy"),
        (20500, 500, "busy"),
        (20001, 400, "unclear"),
    ],
)
def test_what_twilio_says_in_place_of_the_account_is_told_apart(cast, scene, code, status, result):
    scene.sandbox.fault("error_code", code=code, status=status, match={"operation": "accounts"})
    assert asked(cast, scene).result == result


def test_no_answer_and_no_sandbox_are_said_apart(cast, scene, settings):
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    assert asked(cast, scene).result == "unreachable"
    settings.SANDBOX_URL = ""
    assert asked(cast, scene).result == "sandbox_off"


def test_a_check_ends_at_its_deadline(scene):
    scene.sandbox.fault("delay", seconds=30, match={"operation": "accounts"})
    account = scene.configuration.account
    assert accounts.check_account(account, deadline=0.3).result == "unreachable"


# --- The API key ---


def test_an_api_key_is_tried_where_it_may_read(cast, scene):
    assert with_key(cast, scene, key_of(scene, kind="standard")).result == "key_limited"
    assert with_key(cast, scene, key_of(scene, kind="main")).result == "ok"


def test_a_wrong_secret_is_told_from_a_foreign_key(cast, scene):
    other = scene.sandbox.account(friendly_name="Other")
    assert with_key(cast, scene, key_of(scene), "x" * 32).result == "key_secret"
    assert with_key(cast, scene, key_of(scene, other)).result == "key_foreign"


def test_a_key_of_another_region_is_named(cast, scene):
    finding = with_key(cast, scene, key_of(scene, region="ie1"))
    assert (finding.result, finding.detail) == ("key_region", "Ireland (IE1)")


def test_a_key_that_may_not_read_messages_is_of_no_use(cast, scene):
    key = key_of(scene)
    for operation in ("numbers", "list"):
        scene.sandbox.fault("error_code", code=20003, status=403, match={"operation": operation})
    assert with_key(cast, scene, key).result == "key_powerless"


# --- In words ---


def test_every_result_has_a_sentence_and_a_consequence():
    said = [accounts.describe(result, "detail") for result in Result]
    without = [accounts.describe(result) for result in Result]
    assert len(set(said)) == len(said) == len(set(without))
    assert all(said)
    assert all(without)
    bad = [result for result in Result if result not in accounts.GOOD]
    assert len({account_words.consequence(result) for result in bad}) == 4


# --- On the pages ---


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice.user)
    return client


def url(view, *args):
    return reverse(f"sms:{view}", args=["acme", *args])


def form_of(cast, scene, **changes):
    configuring.delete(PORTAL, scene.configuration)
    four = {"trunk": cast.trunk.pk.hex, "sender_id": "", "account_sid": scene.account["sid"]}
    return four | {"auth_token": scene.account["auth_token"], "enabled": "on"} | changes


def test_one_click_takes_the_region_that_accepts_what_was_typed(alice, cast, scene):
    change(scene, region="ie1")
    data = form_of(cast, scene)
    answer = alice.post(url("configuration_new"), data)
    page = answer.content.decode()
    assert "Use Ireland (IE1)" in page
    assert "Nothing is saved yet" in page
    again = data | {"auth_token": "", "auth_token_kept": answer.context["form"].data["auth_token_kept"]}
    alice.post(url("configuration_new"), again | {"use_region": "ie1"})
    made = Configuration.objects.get(deleted_at=None)
    assert (made.account.region, made.account.edge, made.account.check_result) == ("ie1", "dublin", "ok")


def test_the_first_button_of_the_form_is_ok_whatever_is_offered(alice, cast, scene):
    change(scene, region="ie1")
    page = alice.post(url("configuration_new"), form_of(cast, scene)).content.decode()
    form = page[page.index('class="form"') :]
    assert form.index(">OK<") < form.index("Use Ireland") < form.index("Save anyway")


def test_saving_all_the_same_says_what_will_happen(alice, cast, scene):
    page = alice.post(url("configuration_new"), form_of(cast, scene, auth_token=TOKEN)).content.decode()
    assert "nothing is sent and nothing comes in" in page
    assert "What you typed is kept in the form, secrets too." in page


def test_the_stored_account_moves_to_its_region_with_one_click(alice, scene):
    change(scene, region="ie1")
    check = url("configuration_check", scene.configuration.pk)
    page = alice.post(check, follow=True).content.decode()
    assert "Use Ireland (IE1)" in page
    alice.post(check, {"use_region": "ie1"})
    scene.configuration.account.refresh_from_db()
    assert (scene.configuration.account.region, scene.configuration.account.check_result) == ("ie1", "ok")
    assert AuditEntry.objects.filter(action="sms.account.changed").exists()


def test_a_region_that_refuses_too_changes_nothing(alice, scene):
    alice.post(url("configuration_check", scene.configuration.pk), {"use_region": "au1"})
    scene.configuration.account.refresh_from_db()
    assert (scene.configuration.account.region, scene.configuration.account.check_result) == ("", "")


def test_a_token_of_another_region_replaces_the_stored_one_with_one_click(alice, scene):
    change(scene, region="au1")
    fresh = change(scene, rotate="primary")["auth_token"]
    page = url("configuration_token", scene.configuration.pk)
    assert "Use Australia (AU1)" in alice.post(page, {"auth_token": fresh}).content.decode()
    alice.post(page, {"auth_token": fresh, "use_region": "au1"})
    account = TwilioAccount.objects.get(pk=scene.configuration.account_id)
    assert (account.region, account.edge, secrets.open(account, "auth_token")) == ("au1", "sydney", fresh)


def test_an_operators_account_is_checked_saved_and_moved_too(client, cast, scene, settings):
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = False
    client.force_login(cast.root)
    cast.trunk.tenant = None
    cast.trunk.save()
    change(scene, region="ie1")
    page = reverse("sms:system_trunk_account", args=[cast.trunk.pk])
    data = {"account_sid": scene.account["sid"], "auth_token": scene.account["auth_token"]}
    assert "Use Ireland (IE1)" in client.post(page, data).content.decode()
    client.post(page, data | {"use_region": "ie1"})
    cast.trunk.refresh_from_db()
    assert (cast.trunk.account.region, cast.trunk.account.check_result) == ("ie1", "ok")
    change(scene, region="us1")
    check = reverse("sms:system_trunk_account_check", args=[cast.trunk.pk])
    assert "Use United States (US1)" in client.post(check, follow=True).content.decode()
    client.post(check, {"use_region": "us1"})
    cast.trunk.account.refresh_from_db()
    assert (cast.trunk.account.region, cast.trunk.account.check_result) == ("", "ok")


def test_of_an_operators_account_a_tenant_sees_neither_name_nor_parent(alice, cast, scene):
    parent = scene.sandbox.account(friendly_name="Holding")
    change(scene, parent=parent["sid"])
    scene.configuration.account.tenant = None
    scene.configuration.account.save()
    page = alice.post(url("configuration_check", scene.configuration.pk), follow=True).content.decode()
    assert "Twilio knows this account" in page
    for hidden in ("Acme Inc.", "Sub-account of", parent["sid"][-4:]):
        assert hidden not in page


# --- Nothing secret is told ---


def test_no_path_of_a_check_tells_a_secret(alice, cast, scene, caplog):
    caplog.set_level(logging.DEBUG)
    other = scene.sandbox.account(friendly_name="Other")
    key, foreign = key_of(scene), key_of(scene, other)
    known = [scene.account["auth_token"], other["auth_token"], key["secret"], foreign["secret"], TOKEN, "x" * 32]
    tokens = [scene.account["auth_token"], other["auth_token"], TOKEN]
    data, pages = form_of(cast, scene), []
    for token in tokens:
        for sid, secret in [("", ""), (key["sid"], key["secret"]), (key["sid"], "x" * 32), (foreign["sid"], "x" * 32)]:
            more = {"auth_token": token, "api_key_sid": sid, "api_key_secret": secret, "region": "ie1"}
            pages += [
                alice.post(url("configuration_new"), data | more),
                alice.post(url("configuration_new"), data | more | {"region": ""}),
            ]
            Configuration.objects.filter(deleted_at=None).update(deleted_at=scene.configuration.created_at)
    scene.sandbox.fault("error_code", code=20008, status=403, match={"operation": "accounts"})
    pages.append(alice.post(url("configuration_new"), data | {"save_anyway": "1"}, follow=True))
    made = Configuration.objects.get(deleted_at=None)
    pages.append(alice.post(url("configuration_check", made.pk), follow=True))
    told = caplog.text + str(list(AuditEntry.objects.values_list("changes", "target_label")))
    told += "".join(page.content.decode() for page in pages)
    assert len(caplog.text) > 100
    assert not [secret for secret in known if secret in told]
