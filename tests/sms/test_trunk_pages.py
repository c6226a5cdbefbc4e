"""Trunks and pools as people see them."""

import pytest
from django.urls import reverse

from sms.models import Trunk, TwilioAccount
from sms.setup import numbers
from tenants import secrets, switching
from tenants.audit import Actor
from tests.factories import (
    AUTH_TOKEN,
    OUR_NUMBER,
    OUR_SECOND_NUMBER,
    THEIR_NUMBER,
    make_conversation,
    make_pool,
    make_trunk,
)


@pytest.fixture(autouse=True)
def no_second_factor(settings):
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = False


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice.user)
    return client


@pytest.fixture
def root(client, cast):
    client.force_login(cast.root)
    return client


def manage(cast):
    switching.begin(Actor("Root", user=cast.root), cast.acme)


def trunk_data(**changes):
    data = {"name": "New", "brand": "twilio", "host": "new.pstn.twilio.com", "enabled": "on", "transport": "udp"}
    return data | {"numbers": ""} | changes


def post(client, view, /, *args, **data):
    return client.post(reverse(f"sms:{view}", args=args), data)


def test_a_tenant_administrator_adds_a_trunk_with_numbers_and_sees_it_selected(alice, cast):
    answer = post(alice, "trunk_new", "acme", **trunk_data(numbers="(202) 555-0180, 2025550181-83"))
    trunk = Trunk.objects.get(name="New")
    assert answer["Location"] == f"/t/acme/trunks/?selected={trunk.pk.hex}"
    assert (trunk.tenant, trunk.kind, trunk.port) == (cast.acme, "register", 5060)
    assert numbers.pool_text(trunk, cast.acme) == "+12025550180-12025550183"
    assert "+12025550180-12025550183" in alice.get("/t/acme/trunks/").content.decode()


def test_a_trunk_made_for_a_configuration_leads_back_with_it_chosen(alice):
    answer = alice.post(reverse("sms:trunk_new", args=["acme"]) + "?for=configuration", trunk_data())
    assert answer["Location"] == f"/t/acme/sms/new/?trunk={Trunk.objects.get(name='New').pk.hex}"


def test_a_preview_says_what_was_understood_and_saves_nothing(alice):
    answer = post(alice, "trunk_new", "acme", **trunk_data(numbers=f"2025550180; banana; {OUR_NUMBER}", preview="1"))
    page = answer.content.decode()
    assert "+12025550180" in page
    assert "banana" in page
    assert f"{OUR_NUMBER} is on your trunk" in page
    assert not Trunk.objects.filter(name="New").exists()


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"host": "http://x"}, "host", "host name"),
        ({"needs_registration": "on"}, "needs_registration", "no registrations"),
        ({"twilio_trunk_sid": "AC1"}, "twilio_trunk_sid", "TK and 32"),
        ({"addresses": "10.0.0.0/24\nnope"}, "addresses", "nope is not an IP address"),
        ({"numbers": "banana"}, "numbers", "not phone numbers"),
        ({"numbers": OUR_NUMBER}, "numbers", "Already in use"),
    ],
)
def test_what_is_wrong_with_a_trunk_stands_at_its_field(alice, changes, field, said):
    answer = post(alice, "trunk_new", "acme", **trunk_data(**changes))
    assert said in str(answer.context["form"].errors[field])
    assert not Trunk.objects.filter(name="New").exists()


def test_host_and_authentication_name_are_unique_together(alice):
    make_trunk("Old", host="new.pstn.twilio.com")
    answer = post(alice, "trunk_new", "acme", **trunk_data())
    assert "host and authentication name" in str(answer.context["form"].errors["host"])
    assert post(alice, "trunk_new", "acme", **trunk_data(auth_name="acme")).status_code == 302


def test_an_unusual_host_is_allowed_with_a_warning(alice):
    answer = alice.post(reverse("sms:trunk_new", args=["acme"]), trunk_data(host="pbx.example.net"), follow=True)
    assert "Twilio documents" in answer.content.decode()


def test_without_the_feature_a_tenant_adds_no_trunk_but_a_managing_administrator_does(client, cast):
    cast.acme.own_trunks = False
    cast.acme.save()
    client.force_login(cast.alice.user)
    assert client.get("/t/acme/trunks/new/").status_code == 403
    client.force_login(cast.root)
    manage(cast)
    answer = post(client, "trunk_new", "acme", **trunk_data(kind="ip"))
    assert answer.status_code == 302
    assert Trunk.objects.get(name="New").kind == "ip"


def test_a_tenant_cannot_make_an_ip_based_trunk(alice):
    post(alice, "trunk_new", "acme", **trunk_data(kind="ip"))
    assert Trunk.objects.get(name="New").kind == "register"


def test_a_shared_trunk_is_read_only_for_a_tenant(alice, cast):
    page = alice.get(f"/t/acme/trunks/{cast.trunk.pk.hex}/").content.decode()
    assert "shared with you" in page
    for verb in ("edit", "delete", "toggle"):
        assert alice.post(f"/t/acme/trunks/{cast.trunk.pk.hex}/{verb}/").status_code == 404
    assert alice.get(f"/t/acme/trunks/{cast.trunk.pk.hex}/numbers/").status_code == 403


def test_a_trunk_of_its_own_is_edited_toggled_and_deleted(alice, cast):
    trunk = make_trunk("Own", tenant=cast.acme)
    post(alice, "trunk_edit", "acme", trunk.pk, **trunk_data(name="Renamed"))
    post(alice, "trunk_toggle", "acme", trunk.pk, on="0")
    trunk.refresh_from_db()
    assert (trunk.name, trunk.enabled, trunk.host) == ("Renamed", False, "new.pstn.twilio.com")
    post(alice, "pool_edit", "acme", trunk.pk, numbers="+12025550190")
    assert numbers.pool_text(trunk, cast.acme) == "+12025550190"
    post(alice, "trunk_delete", "acme", trunk.pk)
    assert trunk not in numbers.trunks_of(cast.acme)


def test_taking_out_a_number_with_conversations_shows_them_first(alice, cast):
    trunk = make_trunk("Own", tenant=cast.acme)
    make_pool(trunk, cast.acme, "+12025550190", "+12025550191")
    make_conversation(cast.acme, "+12025550190", THEIR_NUMBER)
    page = post(alice, "pool_edit", "acme", trunk.pk, numbers="+12025550191")
    assert "1 conversation" in page.content.decode()
    assert numbers.live_numbers(cast.acme).filter(e164="+12025550190").exists()
    post(alice, "pool_edit", "acme", trunk.pk, numbers="+12025550191", seen=page.context["plan"].removed_text)
    assert not numbers.live_numbers(cast.acme).filter(e164="+12025550190").exists()


def test_deleting_a_used_trunk_names_its_users(root, cast):
    url = reverse("sms:system_trunk_delete", args=[cast.trunk.pk])
    answer = root.post(url)
    assert answer.status_code == 409
    assert "SMS configuration “Main” (Acme)" in answer.content.decode()


def test_the_search_finds_name_host_and_number(alice, cast):
    make_trunk("Zulu", tenant=cast.acme)
    for text, found in [("zul", "Zulu"), ("555-0101", "Main"), ("nothing", "Nothing found")]:
        assert found in alice.get("/t/acme/trunks/", {"q": text}).content.decode()


def test_a_system_administrator_adds_a_shared_trunk_with_its_first_tenant(root, cast):
    answer = post(root, "system_trunk_new", **trunk_data(kind="ip", tenant=cast.globex.pk, numbers="+12025550195"))
    trunk = Trunk.objects.get(name="New")
    assert answer["Location"] == f"/system/trunks/?selected={trunk.pk.hex}"
    assert trunk.tenant is None
    assert numbers.pool_text(trunk, cast.globex) == "+12025550195"


def test_numbers_need_a_tenant_to_hold_them(root):
    answer = post(root, "system_trunk_new", **trunk_data(kind="ip", numbers="+12025550195"))
    assert "Choose who holds" in str(answer.context["form"].errors["tenant"])


def test_sharing_names_who_holds_a_number_and_takes_over_only_when_asked(root, cast):
    trunk = make_trunk("Second")
    url = reverse("sms:system_trunk_share", args=[trunk.pk])
    answer = root.post(url, {"tenant": cast.globex.pk, "numbers": OUR_NUMBER})
    assert "held by Acme (not verified)" in answer.content.decode()
    root.post(url, {"tenant": cast.globex.pk, "numbers": OUR_NUMBER, "take_over": "on"})
    assert numbers.pool_text(trunk, cast.globex) == OUR_NUMBER
    assert numbers.pool_text(cast.trunk, cast.acme) == OUR_SECOND_NUMBER


def test_a_pool_of_a_tenant_is_edited_and_taken_back(root, cast):
    trunk = make_trunk("Second")
    numbers.set_pool(Actor("Root"), trunk, cast.globex, "+12025550195")
    url = reverse("sms:system_pool_edit", args=[trunk.pk, cast.globex.pk])
    assert "+12025550195" in root.get(url).content.decode()
    root.post(url, {"numbers": "+12025550195-12025550196"})
    assert numbers.live_numbers(cast.globex).count() == 2
    root.post(reverse("sms:system_pool_remove", args=[trunk.pk, cast.globex.pk]))
    assert not numbers.live_numbers(cast.globex).exists()
    used = root.post(reverse("sms:system_pool_remove", args=[cast.trunk.pk, cast.acme.pk]))
    assert used.status_code == 409
    assert "SMS configuration “Main”" in used.content.decode()


def test_a_shared_trunk_may_bring_the_operators_credentials(root, cast, running_sandbox, settings):
    settings.SANDBOX_URL = running_sandbox.url
    issued = running_sandbox.account(friendly_name="Operator")
    url = reverse("sms:system_trunk_account", args=[cast.trunk.pk])
    wrong = root.post(url, {"account_sid": issued["sid"], "auth_token": AUTH_TOKEN})
    assert "do not belong together" in wrong.content.decode()
    assert AUTH_TOKEN not in wrong.content.decode()
    root.post(url, {"account_sid": issued["sid"], "auth_token": issued["auth_token"]})
    account = TwilioAccount.objects.get(tenant=None)
    assert secrets.open(account, "auth_token") == issued["auth_token"]
    cast.trunk.refresh_from_db()
    assert cast.trunk.account == account
    root.post(url, {"remove": "1"})
    cast.trunk.refresh_from_db()
    assert cast.trunk.account is None


def test_every_page_of_trunks_shows(client, cast, django_assert_max_num_queries):
    client.force_login(cast.root)
    make_trunk("Own", tenant=cast.acme)
    pages = [
        reverse("sms:system_trunk_list"),
        reverse("sms:system_trunk_new"),
        *(
            reverse(f"sms:system_trunk_{name}", args=[cast.trunk.pk])
            for name in ("detail", "edit", "delete", "share", "account")
        ),
        reverse("sms:system_pool_remove", args=[cast.trunk.pk, cast.acme.pk]),
    ]
    for page in pages:
        # Two more than elsewhere: an administrator's menu counts what is wrong with the portal and its addresses.
        with django_assert_max_num_queries(14):
            assert client.get(page).status_code == 200, page
