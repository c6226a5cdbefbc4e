"""Walk every address as every kind of visitor: who gets in, who gets 403, who learns that nothing is there."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from rules.changing import versions
from rules.models import Holiday, InboundRule, InboundTarget, OutboundRoute, OutboundRule
from sms.models import (
    Attempt,
    Conversation,
    Delivery,
    InboxThread,
    Message,
    OptOut,
    RefusedRequest,
    Sender,
    TransferJob,
    Trunk,
    WebhookChange,
    WebhookJob,
)
from tenants import api_keys, audit, clock, switching
from tenants.access import Access
from tenants.audit import Actor
from tenants.ids import new_id
from tenants.models import AdministratorInvitation, Invitation, Member, Tenant, TenantOwned, User
from tenants.roles import PERMISSIONS, Permission, Role
from tests import factories

# Anybody may open these. At most twelve, each with its reason.
PUBLIC = {
    "livez": "load balancers ask it",
    "readyz": "load balancers ask it; says nothing about tenants",
    "webhook_message": "Twilio; the signature is the key",
    "webhook_fallback": "Twilio; the signature is the key",
    "webhook_status": "Twilio; the signature is the key",
    "tenants:invitation_accept": "people who are not members yet; the token is the key",
    "account_login": "the way in",
    "account_reset_password": "the way back in",
    "account_reset_password_done": "says that a mail is on its way",
    "account_reset_password_from_key": "the mailed key is the key",
    "account_reset_password_from_key_done": "says that the password is set",
    "mfa_authenticate": "the second step of the way in",
}
# Views of the sign-in library, which guards them itself: everybody who has signed in.
LIBRARY = {
    "account_logout",
    "account_inactive",
    "account_reauthenticate",
    "account_change_password",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "usersessions_list",
}
# Says nothing to anybody: "this account is inactive", and the end of a session that may not exist.
HARMLESS = {"account_inactive", "account_logout"}
# Only while developing.
DEVELOPMENT = {"style"}
CANARY = "canary-7f3a"


@dataclass(frozen=True)
class Address:
    """One address of the URLconf."""

    name: str
    arguments: tuple[str, ...]
    access: Access | None


def walk(patterns: list[Any], namespace: str = "") -> Iterator[Address]:
    for entry in patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from walk(entry.url_patterns, inner)
        elif isinstance(entry, URLPattern):
            yield Address(
                f"{namespace}{entry.name}",
                tuple(entry.pattern.converters),
                getattr(entry.callback, "access", None),
            )


def _with_arguments() -> list[Address]:
    """Return every address, with the arguments of the prefixes it stands under."""
    resolver = get_resolver()
    found = []
    for address in walk(resolver.url_patterns):
        options = resolver.reverse_dict.getlist(address.name) if ":" not in address.name else []
        names = tuple(options[0][0][0][1]) if options else _names_in_namespace(address)
        found.append(Address(address.name, names, address.access))
    return found


def _names_in_namespace(address: Address) -> tuple[str, ...]:
    namespace, _, name = address.name.rpartition(":")
    resolver: URLResolver = get_resolver()
    for part in namespace.split(":"):
        _, resolver = resolver.namespace_dict[part]
    options = resolver.reverse_dict.getlist(name)
    return tuple(options[0][0][0][1])


ADDRESSES = [address for address in _with_arguments() if address.name not in DEVELOPMENT]
NAMES = [address.name for address in ADDRESSES]
TENANT = [a for a in ADDRESSES if a.access and a.access.kind == "tenant"]
SYSTEM = [a for a in ADDRESSES if a.access and a.access.kind == "system"]
API = [a for a in ADDRESSES if a.access and a.access.kind == "api"]
SIGNED_IN = [a for a in ADDRESSES if (a.access and a.access.kind == "signed_in") or a.name in LIBRARY]


def each(addresses: list[Address], check: Callable[[Address], None], *, undo: bool = True) -> None:
    """Check every address on the same world, undo what each did, and name all that fail."""
    wrong = {}
    for address in addresses:
        try:
            with transaction.atomic():
                check(address)
                transaction.set_rollback(undo)
        except Exception as error:
            wrong[address.name] = f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"
    assert not wrong, "\n".join(f"{name}: {reason}" for name, reason in wrong.items())


class World:
    """Acme with one row of everything, each carrying the canary; Globex beside it."""

    def __init__(self) -> None:
        self.cast = cast = factories.make_cast()
        acme = cast.acme
        self.own_trunk = factories.make_trunk(f"Own {CANARY}", tenant=acme)
        factories.make_pool(self.own_trunk, acme)
        self.spare_trunk = factories.make_trunk(f"Spare {CANARY}", tenant=acme)
        self.group = factories.make_group(acme, f"Group {CANARY}", cast.bob)
        self.spare = factories.make_member(acme, "spare@acme.example", name=f"Spare {CANARY}")
        self.conversation: Conversation = factories.make_conversation(
            acme, factories.OUR_NUMBER, factories.THEIR_NUMBER, contact_name=f"Contact {CANARY}"
        )
        for member in (cast.bob, cast.sam):
            InboxThread.objects.create(tenant=acme, conversation=self.conversation, member=member)
        self.message = self._outbound("queued")
        self.delivery = Delivery.objects.create(
            tenant=acme,
            message=factories.make_inbound(
                cast.configuration, ours=factories.OUR_NUMBER, theirs=factories.THEIR_NUMBER, state="routed"
            ),
            kind="email",
            label=f"{CANARY}@acme.example",
            settings={"address": f"{CANARY}@acme.example"},
            state="exhausted",
            last_error="The mail server refuses this address.",
        )
        self.sender = Sender.objects.create(
            tenant=acme, configuration=cast.configuration, address=factories.OUR_SECOND_NUMBER, stopped_at=clock.now()
        )
        self.opt_out = OptOut.objects.create(
            tenant=acme, our_address=factories.OUR_SECOND_NUMBER, their_address=factories.THEIR_NUMBER, source="person"
        )
        self.invitation = Invitation.objects.create(
            tenant=acme,
            email=f"{CANARY}@acme.example",
            role=Role.ADMIN,
            token_digest=new_id().hex,
            invited_by="alice",
            expires_at=clock.in_seconds(9999),
        )
        self.change = WebhookChange.objects.create(
            tenant=acme,
            configuration=cast.configuration,
            number_sid=f"PN{new_id().hex}",
            e164=factories.OUR_NUMBER,
            before={"sms_url": ""},
            changed_by=CANARY,
        )
        self.webhook_job = WebhookJob.objects.create(
            tenant=acme, configuration=cast.configuration, purpose="set", state="stopped", made_by=CANARY
        )
        self.move_job = WebhookJob.objects.create(purpose="move", state="stopped", made_by=CANARY)
        self.refused = RefusedRequest.objects.create(
            tenant=acme,
            configuration=cast.configuration,
            reason="bad_signature",
            signed_url=f"https://portal.example/{CANARY}",
            method="POST",
        )
        actor = Actor(label="alice", user=cast.alice.user)
        self.api_key, self.api_text = api_keys.create(actor, acme, f"Key {CANARY}")
        _, self.globex_text = api_keys.create(actor, cast.globex, "Globex")
        self.inbound_rule = InboundRule.objects.create(tenant=acme, name=f"In {CANARY}")
        InboundTarget.objects.create(tenant=acme, rule=self.inbound_rule, kind="member", member=cast.alice)
        self.outbound_rule = OutboundRule.objects.create(
            tenant=acme, name=f"Out {CANARY}", conditions=[{"kind": "all"}]
        )
        OutboundRoute.objects.create(tenant=acme, rule=self.outbound_rule, configuration=cast.configuration)
        self.holiday = Holiday.objects.create(
            tenant=acme, name=f"Holiday {CANARY}", starts_on=date(2026, 12, 25), ends_on=date(2026, 12, 25)
        )
        versions.save(audit.PORTAL, acme, "inbound")
        versions.save(audit.PORTAL, acme, "outbound")
        self.transfer_job = TransferJob.objects.create(
            tenant=acme, kind="inbound", state="checked", file_name=CANARY, made_by=CANARY
        )
        self.closed = factories.make_tenant("Closed", enabled=False)
        self.deleted = factories.make_tenant("Deleted", enabled=False, deleted_at=clock.now())
        self.administrator_invitation = AdministratorInvitation.objects.create(
            email="third@portal.example",
            token_digest=new_id().hex,
            invited_by="root",
            expires_at=clock.in_seconds(9999),
        )
        self.second_root = factories.make_user("second@portal.example", is_system_administrator=True)

    def _outbound(self, state: str) -> Message:
        message = Message.objects.create(
            tenant=self.cast.acme,
            direction="out",
            configuration=self.cast.configuration,
            conversation=self.conversation,
            our_address=factories.OUR_NUMBER,
            their_address=factories.THEIR_NUMBER,
            body=f"Body {CANARY}",
            state=state,
        )
        Attempt.objects.create(
            tenant=self.cast.acme,
            message=message,
            number=1,
            configuration=self.cast.configuration,
            sender=factories.OUR_NUMBER,
            lease_token="x",
            account_sid=self.cast.account.account_sid,
        )
        return message

    def root_actor(self) -> Actor:
        return Actor(label="root", user=self.cast.root)


# What stands for each argument of an address; a name of the address in front makes it special.
ARGUMENTS: dict[str, Callable[[World], Any]] = {
    "slug": lambda w: w.cast.acme.slug,
    "tenant_id": lambda w: w.cast.acme.id,
    "conversation_id": lambda w: w.conversation.id,
    "message_id": lambda w: w.message.id,
    "delivery_id": lambda w: w.delivery.id,
    "sender_id": lambda w: w.sender.id,
    "opt_out_id": lambda w: w.opt_out.id,
    "api_key_id": lambda w: w.api_key.id,
    "member_id": lambda w: w.spare.id,
    "group_id": lambda w: w.group.id,
    "invitation_id": lambda w: w.invitation.id,
    "trunk_id": lambda w: w.own_trunk.id,
    "configuration_id": lambda w: w.cast.configuration.id,
    "refused_request_id": lambda w: w.refused.id,
    "sms:webhook_request_replay message_id": lambda w: w.delivery.message_id,
    "inbound_rule_id": lambda w: w.inbound_rule.id,
    "outbound_rule_id": lambda w: w.outbound_rule.id,
    "kind": lambda w: "inbound",
    "form": lambda w: "csv",
    "transfer_job_id": lambda w: w.transfer_job.id,
    "rule_set_id": lambda w: w.cast.acme.rule_sets.filter(kind="inbound").first().id,
    "holiday_id": lambda w: w.holiday.id,
    "rule_id": lambda w: w.inbound_rule.id,
    "tenants:tenant_restore tenant_id": lambda w: w.deleted.id,
    "user_id": lambda w: w.second_root.id,
    "administrator_id": lambda w: w.second_root.id,
    "administrator_invitation_id": lambda w: w.administrator_invitation.id,
    "webhook_job_id": lambda w: w.webhook_job.id,
    "webhook_change_id": lambda w: w.change.id,
    "sms:trunk_delete trunk_id": lambda w: w.spare_trunk.id,
}
for _address in ("", "_stop", "_resume", "_again", "_undo"):
    ARGUMENTS[f"sms:system_pointing_job{_address} webhook_job_id"] = lambda w: w.move_job.id
for _address in ("toggle", "share", "account", "account_check", "detail", "edit"):
    ARGUMENTS[f"sms:system_trunk_{_address} trunk_id"] = lambda w: w.cast.trunk.id
ARGUMENTS["sms:system_rotation trunk_id"] = lambda w: w.cast.trunk.id
for _address in ("edit", "remove"):
    ARGUMENTS[f"sms:system_pool_{_address} trunk_id"] = lambda w: w.cast.trunk.id


def url_of(address: Address, world: World, **given: Any) -> str:
    kwargs = {}
    for name in address.arguments:
        make = ARGUMENTS.get(f"{address.name} {name}") or ARGUMENTS.get(name)
        assert make, f"Say in ARGUMENTS what {name!r} of {address.name} stands for."
        kwargs[name] = given.get(name, make(world))
    return reverse(address.name, kwargs=kwargs)


@pytest.fixture
def world(db: None, settings: Any) -> World:
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = False
    settings.TWILIO_API_BASE = "http://127.0.0.1:9"  # nobody answers there
    return World()


def as_user(user: User | AnonymousUser | None) -> Client:
    client = Client()
    if isinstance(user, User):
        client.force_login(user)
    return client


def enters(client: Client, address: Address, world: World) -> int:
    """Return the status a permitted visitor gets: GET, or POST where only that is taken."""
    url = url_of(address, world)
    status: int = client.get(url).status_code
    return client.post(url).status_code if status == 405 else status


def fingerprint(tenant: Tenant) -> str:
    """Return one hash over every row of a tenant."""
    rows: list[Any] = []
    for model in apps.get_models():
        if issubclass(model, TenantOwned) or model in (Trunk, apps.get_model("sms.TwilioAccount")):
            rows += [[model.__name__, *map(str, row)] for row in _values(model, tenant=tenant)]
    rows += [list(map(str, row)) for row in _values(Tenant, pk=tenant.pk)]
    return hashlib.sha256(json.dumps(sorted(rows)).encode()).hexdigest()


def _values(model: type[Model], **where: Any) -> Any:
    return model._default_manager.filter(**where).values_list()


def lacking(permission: Permission, world: World) -> Member | None:
    """Return a member of Acme who lacks a permission, if any role does."""
    members = {
        Role.AGENT: world.cast.bob,
        Role.VIEWER: world.cast.vera,
        Role.SUPERVISOR: world.cast.sam,
        Role.ADMIN: world.cast.alice,
    }
    return next((members[role] for role in members if permission not in PERMISSIONS[role]), None)


def each_changes_nothing(world: World, addresses: list[Address], check: Callable[[Address], None]) -> None:
    """Check every address without undoing anything: Acme's rows must be the same at the end."""
    before = fingerprint(world.cast.acme)
    each(addresses, check, undo=False)
    assert fingerprint(world.cast.acme) == before, "One of these requests changed a row of Acme."


def test_every_address_is_classified() -> None:
    nobody = [a.name for a in ADDRESSES if a.access is None and a.name not in LIBRARY and a.name not in PUBLIC]
    assert not nobody, f"Give these views a door (tenants.access): {nobody}"
    public = {a.name for a in ADDRESSES if a.access and a.access.kind == "public"}
    assert public <= set(PUBLIC), "Public views are listed in PUBLIC, with a reason."


def test_few_addresses_are_public() -> None:
    assert len(PUBLIC) <= 12
    assert set(PUBLIC) <= set(NAMES)
    assert all(PUBLIC.values())


def test_the_library_list_holds_only_addresses_that_exist() -> None:
    assert set(NAMES) >= LIBRARY


def test_strangers_are_sent_to_the_sign_in_page(world: World) -> None:
    def check(address: Address) -> None:
        for method in ("get", "post"):
            response = getattr(as_user(None), method)(url_of(address, world))
            assert response.status_code in (302, 405), response.status_code
            if response.status_code == 302:
                assert response["Location"].startswith(reverse("account_login"))
            assert CANARY not in response.content.decode(errors="replace")

    each_changes_nothing(world, [a for a in (*TENANT, *SYSTEM, *SIGNED_IN) if a.name not in HARMLESS], check)


def test_members_of_another_tenant_find_nothing_and_change_nothing(world: World) -> None:
    def check(address: Address) -> None:
        client = as_user(world.cast.mallory.user)
        slugs = [world.cast.acme.slug]
        if set(address.arguments) - {"slug", "kind", "form"}:
            slugs.append(world.cast.globex.slug)  # her own tenant, somebody else's row
        for slug in slugs:
            for method in ("get", "post"):
                response = getattr(client, method)(url_of(address, world, slug=slug))
                assert response.status_code in (404, 405), (slug, method, response.status_code)
                assert CANARY not in response.content.decode(errors="replace")

    each_changes_nothing(world, TENANT, check)


def test_members_without_the_permission_are_refused(world: World) -> None:
    def check(address: Address) -> None:
        assert address.access
        assert address.access.permission
        member = lacking(address.access.permission, world)
        if member is None:
            assert all(address.access.permission in held for held in PERMISSIONS.values())
            return
        for method in ("get", "post"):
            response = getattr(as_user(member.user), method)(url_of(address, world))
            assert response.status_code in (403, 405)

    each_changes_nothing(world, TENANT, check)


def test_members_with_the_permission_get_in(world: World) -> None:
    def check(address: Address) -> None:
        assert enters(as_user(world.cast.alice.user), address, world) in (200, 204, 302)

    each(TENANT, check)


def test_system_administrators_are_asked_before_they_enter_a_tenant(world: World) -> None:
    def check(address: Address) -> None:
        for method in ("get", "post"):
            response = getattr(as_user(world.cast.root), method)(url_of(address, world))
            assert response.status_code in (403, 405)
            assert CANARY not in response.content.decode(errors="replace")

    each_changes_nothing(world, TENANT, check)


def test_system_administrators_who_manage_a_tenant_get_in(world: World) -> None:
    def check(address: Address) -> None:
        switching.begin(world.root_actor(), world.cast.acme)
        assert enters(as_user(world.cast.root), address, world) in (200, 204, 302)

    each(TENANT, check)


def test_people_of_a_disabled_tenant_stay_outside(world: World) -> None:
    def check(address: Address) -> None:
        Tenant.objects.filter(pk=world.cast.acme.pk).update(enabled=False)
        response = as_user(world.cast.alice.user).get(url_of(address, world))
        assert response.status_code in (403, 405)
        assert CANARY not in response.content.decode(errors="replace")

    each(TENANT, check)


def test_the_systems_pages_are_closed_to_tenants_people(world: World) -> None:
    def check(address: Address) -> None:
        for member in (world.cast.alice, world.cast.mallory):
            for method in ("get", "post"):
                response = getattr(as_user(member.user), method)(url_of(address, world))
                assert response.status_code in (403, 405)
                assert CANARY not in response.content.decode(errors="replace")

    each_changes_nothing(world, SYSTEM, check)


def test_system_administrators_get_into_the_systems_pages(world: World) -> None:
    def check(address: Address) -> None:
        assert enters(as_user(world.cast.root), address, world) in (200, 204, 302)

    each(SYSTEM, check)


def test_everybody_who_has_signed_in_gets_into_his_own_pages(world: World) -> None:
    def check(address: Address) -> None:
        if address.name in HARMLESS:
            return
        response = as_user(world.cast.mallory.user).get(url_of(address, world))
        # The sign-in library asks for the password again, or says 404 where there is no second factor yet.
        assert response.status_code in (200, 302, 404, 405)
        assert CANARY not in response.content.decode(errors="replace")

    each(SIGNED_IN, check)


def call(url: str, method: str, key: str = "") -> Any:
    headers = {"HTTP_AUTHORIZATION": f"Bearer {key}"} if key else {}
    return getattr(Client(), method)(
        url, content_type="application/json", data="{}" if method == "post" else {}, **headers
    )


def test_the_api_wants_a_key(world: World) -> None:
    def check(address: Address) -> None:
        for method in ("get", "post"):
            for key in ("", "smsp_x", world.api_text[:-1] + ("1" if world.api_text.endswith("0") else "0")):
                assert call(url_of(address, world), method, key).status_code in (401, 405)

    each(API, check)


def test_a_session_is_no_key(world: World) -> None:
    def check(address: Address) -> None:
        assert as_user(world.cast.alice.user).get(url_of(address, world)).status_code == 401

    each(API, check)


def test_another_tenants_key_finds_nothing(world: World) -> None:
    def check(address: Address) -> None:
        for method in ("get", "post"):
            response = call(url_of(address, world), method, world.globex_text)
            wanted = (404, 405) if address.arguments else (200, 400, 405)
            assert response.status_code in wanted
            assert CANARY not in response.content.decode()

    each_changes_nothing(world, API, check)


def test_the_tenants_own_key_gets_in(world: World) -> None:
    def check(address: Address) -> None:
        response = call(url_of(address, world), "get", world.api_text)
        assert response.status_code in (200, 405)

    each(API, check)


def test_a_revoked_key_and_the_key_of_a_disabled_tenant_are_refused(world: World) -> None:
    url = reverse("api:message_collection")
    assert call(url, "get", world.api_text).status_code == 200
    Tenant.objects.filter(pk=world.cast.acme.pk).update(enabled=False)
    assert call(url, "get", world.api_text).status_code == 401
    Tenant.objects.filter(pk=world.cast.acme.pk).update(enabled=True)
    api_keys.revoke(audit.PORTAL, world.api_key)
    assert call(url, "get", world.api_text).status_code == 401


def test_no_child_row_points_into_another_tenant(world: World) -> None:
    """For each foreign key between tenant-owned tables both rows have the same tenant."""
    from django.db.models import F

    for model in apps.get_models():
        if not issubclass(model, TenantOwned):
            continue
        for field in model._meta.concrete_fields:
            target = field.related_model
            if isinstance(target, type) and issubclass(target, TenantOwned):
                crossed = model._default_manager.filter(**{f"{field.name}__isnull": False}).exclude(
                    **{f"{field.name}__tenant": F("tenant")}
                )
                assert not crossed.exists(), f"{model.__name__}.{field.name}"
