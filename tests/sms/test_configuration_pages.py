"""SMS configurations as people see them: list, form, webhook, token."""

import pytest
from django.urls import reverse

from rules.models import RuleSet
from sms.models import Configuration, RefusedRequest
from sms.pointing import single
from sms.setup import configuring
from tenants import clock, secrets
from tenants.audit import PORTAL
from tenants.models.members import SendingRight
from tests.factories import OUR_NUMBER, make_account, make_trunk
from tests.sms.connect_scene import forget, make_scene

OTHER = "f" * 32


@pytest.fixture
def scene(cast, running_sandbox, settings):
    settings.SANDBOX_URL = running_sandbox.url
    yield make_scene(cast, running_sandbox)
    running_sandbox.control("DELETE", "/faults")
    forget(running_sandbox)


@pytest.fixture
def issued(cast, running_sandbox, settings):
    """A fresh account, Acme with a trunk and no configuration."""
    settings.SANDBOX_URL = running_sandbox.url
    configuring.delete(PORTAL, cast.configuration)
    account = running_sandbox.account(friendly_name="Acme Inc.")
    running_sandbox.number(account, OUR_NUMBER)
    yield account
    forget(running_sandbox)


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice.user)
    return client


def url(view, *args):
    return reverse(f"sms:{view}", args=["acme", *args])


def data(cast, account, **changes):
    four = {"trunk": cast.trunk.pk.hex, "sender_id": "", "account_sid": account["sid"]}
    return four | {"auth_token": account["auth_token"], "enabled": "on"} | changes


# --- Add ---


def test_four_fields_make_a_configuration_and_the_list_shows_it_selected(alice, cast, issued):
    answer = alice.post(url("configuration_new"), data(cast, issued), follow=True)
    made = Configuration.objects.get(deleted_at=None)
    assert answer.redirect_chain[-1][0] == f"{url('configuration_list')}?selected={made.pk.hex}"
    page = answer.content.decode()
    assert "Twilio knows the account: Acme Inc." in page
    assert (made.name, made.enabled, made.account.check_result) == ("Main", True, "ok")
    cast.number.refresh_from_db()
    assert cast.number.verified_at is not None
    assert configuring.webhook_url(made) in page.replace("&amp;", "&")
    assert issued["auth_token"] not in page


def test_the_first_configuration_offers_the_usual_rules_ticked(alice, cast, issued):
    form = alice.get(url("configuration_new")).context["form"]
    assert form["usual_rules"].initial is True
    cast.alice.sending_right = SendingRight.NONE
    cast.alice.save()
    alice.post(url("configuration_new"), data(cast, issued, usual_rules="on"))
    assert set(RuleSet.objects.filter(tenant=cast.acme).values_list("kind", flat=True)) == {"inbound", "outbound"}
    cast.alice.refresh_from_db()
    assert cast.alice.sending_right != SendingRight.NONE
    assert "usual_rules" not in alice.get(url("configuration_new")).context["form"].fields


def test_without_the_tick_no_rule_is_made(alice, cast, issued):
    alice.post(url("configuration_new"), data(cast, issued))
    assert not RuleSet.objects.filter(tenant=cast.acme).exists()


def test_wrong_credentials_are_saved_only_knowingly_and_not_typed_twice(alice, cast, issued):
    refused = alice.post(url("configuration_new"), data(cast, issued, auth_token=OTHER))
    page = refused.content.decode()
    assert "do not belong together" in page
    assert "Save anyway" in page
    assert OTHER not in page
    assert not Configuration.objects.filter(deleted_at=None).exists()
    kept = refused.context["form"].data["auth_token_kept"]
    again = data(cast, issued, auth_token="", auth_token_kept=kept, save_anyway="1")
    alice.post(url("configuration_new"), again)
    made = Configuration.objects.get(deleted_at=None)
    assert secrets.open(made.account, "auth_token") == OTHER
    assert made.account.check_result == "wrong_pair"


def test_a_kept_secret_is_of_no_use_to_somebody_else(client, cast, issued):
    client.force_login(cast.alice.user)
    kept = client.post(url("configuration_new"), data(cast, issued, sender_id="!!")).context["form"].data
    client.force_login(cast.mallory.user)
    trunk = make_trunk("Theirs", tenant=cast.globex)
    stolen = data(cast, issued, trunk=trunk.pk.hex, auth_token="", auth_token_kept=kept["auth_token_kept"])
    answer = client.post(reverse("sms:configuration_new", args=["globex"]), stolen)
    assert "auth_token" in answer.context["form"].errors


def test_no_answer_from_twilio_is_said_and_may_be_saved(alice, cast, issued, settings):
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    refused = alice.post(url("configuration_new"), data(cast, issued))
    assert "not checked yet" in refused.content.decode()
    alice.post(url("configuration_new"), data(cast, issued, save_anyway="1"))
    assert Configuration.objects.get(deleted_at=None).account.check_result == "unreachable"


def test_a_trial_account_is_said_to_be_one(alice, cast, issued, running_sandbox):
    running_sandbox.control("PATCH", f"/accounts/{issued['sid']}", {"type": "Trial"})
    answer = alice.post(url("configuration_new"), data(cast, issued), follow=True)
    assert "trial account" in answer.content.decode()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("ACME", "ACME"),
        (" ACME ", "ACME"),
        ("A", "A"),
        ("Acme 24", "Acme 24"),
        ("ABCDEFGHIJK", "ABCDEFGHIJK"),
        ("1234567890a", "1234567890a"),
    ],
)
def test_a_sender_id_is_taken(alice, cast, issued, typed, kept):
    alice.post(url("configuration_new"), data(cast, issued, sender_id=typed))
    assert Configuration.objects.get(deleted_at=None).sender_id == kept


@pytest.mark.parametrize("typed", ["ABCDEFGHIJKL", "12345", "Acme-1", "Acme_1", "Äcme", "ACME!", "+12025550101", "😀a"])
def test_what_is_no_sender_id_is_refused_at_its_field(alice, cast, issued, typed):
    answer = alice.post(url("configuration_new"), data(cast, issued, sender_id=typed))
    assert answer.context["form"].errors["sender_id"]
    assert not Configuration.objects.filter(deleted_at=None).exists()


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"account_sid": "SK" + "1" * 32}, "account_sid", "API key SID"),
        ({"account_sid": ""}, "account_sid", "Type the Account SID"),
        ({"auth_token": "AC" + "1" * 32}, "auth_token", "Account SID"),
        ({"auth_token": "123"}, "auth_token", "3 characters"),
        ({"auth_token": ""}, "auth_token", "Type the Auth Token"),
        ({"secondary_token": "12"}, "secondary_token", "2 characters"),
        ({"api_key_sid": "SK" + "1" * 32}, "api_key_secret", "secret too"),
        ({"api_key_secret": "s" * 32}, "api_key_sid", "SID too"),
        ({"messaging_service_sid": "AC" + "1" * 32}, "messaging_service_sid", "Account SID"),
        ({"trunk": "0" * 32}, "trunk", "valid choice"),
    ],
)
def test_what_is_wrong_stands_at_its_field(alice, cast, issued, changes, field, said):
    answer = alice.post(url("configuration_new"), data(cast, issued, **changes))
    assert said in str(answer.context["form"].errors[field])


def test_a_token_typed_twice_is_named(alice, cast, issued):
    answer = alice.post(url("configuration_new"), data(cast, issued, secondary_token=issued["auth_token"]))
    assert "Auth Token again" in str(answer.context["form"].errors["secondary_token"])


def test_a_disabled_trunk_is_greyed_with_its_reason(alice, cast):
    make_trunk("Off", tenant=cast.acme, enabled=False)
    page = alice.get(url("configuration_new")).content.decode()
    assert "Off (disabled)" in page
    assert " disabled>" in page


def test_without_a_trunk_the_page_leads_to_one_or_to_somebody_who_may(client, cast):
    client.force_login(cast.mallory.user)
    page = client.get(reverse("sms:configuration_new", args=["globex"])).content.decode()
    assert "/t/globex/trunks/new/?for=configuration" in page
    cast.globex.own_trunks = False
    cast.globex.save()
    page = client.get(reverse("sms:configuration_new", args=["globex"])).content.decode()
    assert "Ask your system administrator" in page
    assert "root@portal.example" in page


def test_the_operators_account_needs_no_secret(alice, cast, issued, running_sandbox):
    cast.trunk.account = make_account(None, sid=issued["sid"], auth_token=issued["auth_token"])
    cast.trunk.save()
    assert "provided by your operator" in alice.get(url("configuration_new")).content.decode()
    alice.post(url("configuration_new"), {"trunk": cast.trunk.pk.hex, "enabled": "on"})
    made = Configuration.objects.get(deleted_at=None)
    assert made.account == cast.trunk.account
    page = alice.get(url("configuration_detail", made.pk)).content.decode()
    assert issued["sid"] not in page
    assert issued["sid"][-4:] in page
    assert alice.get(url("configuration_token", made.pk)).status_code == 404
    answer = alice.post(url("configuration_edit", made.pk), {"name": "Ours", "enabled": "on", "sender_id": "ACME"})
    assert answer.status_code == 302
    made.refresh_from_db()
    assert (made.name, made.sender_id) == ("Ours", "ACME")


# --- List, details, webhook ---


def test_the_list_has_its_columns_and_states(alice, cast, settings):
    assert "Polling, up to 30 s late" in alice.get(url("configuration_list")).content.decode()
    settings.PUBLIC_BASE_URL = "https://portal.example"
    page = alice.get(url("configuration_list")).content.decode()
    for head in ("Name", "Trunk", "Sender ID", "Webhook", "Last in", "Last out", "Enabled", "Copy Webhook"):
        assert head in page
    assert "Waiting" in page
    configuration = cast.configuration
    configuration.last_in_at = clock.in_seconds(-60)
    configuration.save()
    assert "Works" in alice.get(url("configuration_list")).content.decode()
    RefusedRequest.objects.create(tenant=cast.acme, configuration=configuration, reason="bad_signature", method="POST")
    assert "Refuses requests" in alice.get(url("configuration_list")).content.decode()
    RefusedRequest.objects.all().delete()
    Configuration.objects.filter(pk=configuration.pk).update(webhook_method="GET")
    assert "Set to GET" in alice.get(url("configuration_list")).content.decode()


def test_the_list_is_searched_and_takes_few_queries(alice, cast, django_assert_max_num_queries):
    for number in range(8):
        configuring.add(
            PORTAL,
            cast.acme,
            trunk=make_trunk(f"Extra {number}", tenant=cast.acme),
            account_sid=cast.account.account_sid,
        )
    with django_assert_max_num_queries(12):
        page = alice.get(url("configuration_list")).content.decode()
    assert "Extra 7" in page
    found = alice.get(url("configuration_list"), {"q": "extra 3"}).content.decode()
    assert "Extra 3" in found
    assert "Extra 4" not in found


def test_only_administrators_see_the_address(client, cast, settings):
    settings.PUBLIC_BASE_URL = "https://portal.example"
    key = configuring.live_key(cast.configuration).key
    for member, sees in [(cast.alice, True), (cast.sam, False), (cast.vera, False)]:
        client.force_login(member.user)
        for page in (url("configuration_list"), url("configuration_detail", cast.configuration.pk)):
            assert (key in client.get(page).content.decode()) == sees, (member, page)
    assert client.get(url("configuration_webhook", cast.configuration.pk)).status_code == 403


def test_without_a_public_address_nothing_useless_is_copied(alice, cast):
    key = configuring.live_key(cast.configuration).key
    for page in ("configuration_list", "configuration_webhook", "configuration_detail"):
        args = () if page == "configuration_list" else (cast.configuration.pk,)
        text = alice.get(url(page, *args)).content.decode()
        assert key not in text
    assert "PUBLIC_BASE_URL" in text


def test_the_webhook_page_has_both_addresses_and_the_steps(alice, cast, settings):
    settings.PUBLIC_BASE_URL = "https://portal.example"
    page = alice.get(url("configuration_webhook", cast.configuration.pk)).content.decode().replace("&amp;", "&")
    for address in (configuring.webhook_url(cast.configuration), configuring.fallback_url(cast.configuration)):
        assert address.endswith("#ct=2000&rt=3500&tt=15000&rc=3&rp=ct,rt,5xx")
        # Each in a field of its own, with its own button.
        assert page.count(f'readonly value="{address}"') == 1
        assert page.count(f'data-copy-value="{address}"') == 1
    for link in ("manage/incoming", "geo-permissions", "a2p-10dlc"):
        assert link in page
    assert "What stands after #" in page


def test_a_sandbox_configuration_wears_its_badge(alice, scene):
    for page in ("configuration_detail", "configuration_webhook", "configuration_verify"):
        text = alice.get(url(page, scene.configuration.pk), follow=True).content.decode()
        assert "Sandbox: nothing leaves this machine" in text


def test_a_new_address_is_made_with_the_overlap_that_was_chosen(alice, cast):
    page = url("configuration_webhook_rotate", cast.configuration.pk)
    assert 'value="7"' in alice.get(page).content.decode()
    old = configuring.live_key(cast.configuration)
    alice.post(page, {"overlap_days": "1"})
    old.refresh_from_db()
    assert old.retires_at is not None
    assert 0 < (old.retires_at - clock.now()).total_seconds() <= 86_400


# --- Edit, token, delete ---


def test_a_configuration_is_edited_without_typing_the_token_again(alice, scene):
    made = scene.configuration
    form = alice.get(url("configuration_edit", made.pk))
    assert scene.account["auth_token"] not in form.content.decode()
    assert f"ends in {scene.account['auth_token'][-4:]}" in form.content.decode()
    answer = alice.post(
        url("configuration_edit", made.pk),
        {"account_sid": scene.account["sid"], "sender_id": "ACME", "name": "Sales", "enabled": "on"},
    )
    assert answer["Location"].endswith(f"?selected={made.pk.hex}")
    made.refresh_from_db()
    assert (made.sender_id, made.name) == ("ACME", "Sales")
    assert secrets.open(made.account, "auth_token") == scene.account["auth_token"]


def test_another_account_wants_its_own_token(alice, scene):
    other = "AC" + "2" * 32
    fields = {"account_sid": other, "name": "Main", "enabled": "on"}
    answer = alice.post(url("configuration_edit", scene.configuration.pk), fields)
    assert "Type the Auth Token" in str(answer.context["form"].errors["auth_token"])


def test_names_stay_apart(alice, scene, cast):
    configuring.add(
        PORTAL, cast.acme, trunk=make_trunk("Other", tenant=cast.acme), account_sid=cast.account.account_sid
    )
    fields = {"account_sid": scene.account["sid"], "name": "Other", "enabled": "on"}
    answer = alice.post(url("configuration_edit", scene.configuration.pk), fields)
    assert "has this name" in str(answer.context["form"].errors["name"])


def test_a_token_is_replaced_after_twilio_was_asked(alice, scene):
    page = url("configuration_token", scene.configuration.pk)
    wrong = alice.post(page, {"auth_token": OTHER})
    assert "do not belong together" in wrong.content.decode()
    fresh = scene.sandbox.control("PATCH", f"/accounts/{scene.account['sid']}", {"rotate": "primary"})["auth_token"]
    alice.post(page, {"auth_token": fresh})
    account = scene.configuration.account
    account.refresh_from_db()
    assert secrets.open(account, "auth_token") == fresh
    assert secrets.open(account, "secondary_token") == scene.account["auth_token"]
    assert account.secondary_is_former


def test_the_delete_page_says_what_goes_and_the_webhook_answers_404(alice, scene, cast):
    single.set_number(PORTAL, scene.configuration, scene.sids[OUR_NUMBER])
    page = alice.get(url("configuration_delete", scene.configuration.pk)).content.decode()
    assert "+1 202-555-0101" in page
    assert "No texts are waiting" in page
    path = f"/webhooks/twilio/{configuring.live_key(scene.configuration).key}/message"
    alice.post(url("configuration_delete", scene.configuration.pk))
    assert alice.get(url("configuration_detail", scene.configuration.pk)).status_code == 404
    assert alice.post(path, {"MessageSid": "SM1"}).status_code == 404


def test_a_configuration_is_toggled(alice, cast):
    alice.post(url("configuration_toggle", cast.configuration.pk), {"on": "0"})
    cast.configuration.refresh_from_db()
    assert not cast.configuration.enabled


def test_a_stopped_configuration_says_why_and_goes_on_after_a_good_check(alice, scene):
    made = scene.configuration
    Configuration.objects.filter(pk=made.pk).update(held_reason="20003", held_at=clock.now())
    assert "Sending is stopped" in alice.get(url("configuration_list")).content.decode()
    page = alice.get(url("configuration_detail", made.pk)).content.decode()
    assert "Sending is stopped" in page
    assert "Check now" in page
    alice.post(url("configuration_check", made.pk))
    made.refresh_from_db()
    assert (made.held_reason, made.held_at) == ("", None)


def test_checking_says_who_the_account_is(alice, scene):
    answer = alice.post(url("configuration_check", scene.configuration.pk), follow=True)
    assert "Acme Inc." in answer.content.decode()
    scene.sandbox.control("PATCH", f"/accounts/{scene.account['sid']}", {"rotate": "primary"})
    answer = alice.post(url("configuration_check", scene.configuration.pk), follow=True)
    assert "do not belong together" in answer.content.decode()
