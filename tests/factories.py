"""Plain functions that make rows for tests, and the cast: Acme's people, Globex with Mallory, Root above both."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from sms.models import Configuration, Conversation, Message, PhoneNumber, Pool, Trunk, TwilioAccount, WebhookKey
from sms.webhooks import keys
from tenants import clock, secrets
from tenants.ids import new_id
from tenants.models import Group, GroupMember, Member, Tenant, User
from tenants.models.members import SendingRight
from tenants.roles import Role

PASSWORD = "correct horse battery staple"
AUTH_TOKEN = "0123456789abcdef0123456789abcdef"


def make_user(email: str, *, name: str = "", password: str = PASSWORD, **fields: Any) -> User:
    return User.objects.create_user(email, password, name=name, **fields)


def make_tenant(name: str = "Acme", *, country: str = "US", **fields: Any) -> Tenant:
    return Tenant.objects.create(
        name=name, slug=fields.pop("slug", name.lower().replace(" ", "-")), country=country, **fields
    )


def make_member(tenant: Tenant, email: str, role: Role = Role.AGENT, **fields: Any) -> Member:
    user = User.objects.filter(email=email).first() or make_user(email)
    return Member.objects.create(
        tenant=tenant, user=user, name=fields.pop("name", email.split("@")[0].title()), role=role, **fields
    )


def make_group(tenant: Tenant, name: str, *members: Member) -> Group:
    group = Group.objects.create(tenant=tenant, name=name)
    GroupMember.objects.bulk_create(GroupMember(tenant=tenant, group=group, member=member) for member in members)
    return group


def make_trunk(name: str = "Main", *, tenant: Tenant | None = None, **fields: Any) -> Trunk:
    host = fields.pop("host", f"{name.lower().replace(' ', '-')}-{new_id().hex[-6:]}.pstn.twilio.com")
    return Trunk.objects.create(name=name, tenant=tenant, host=host, **fields)


def make_pool(trunk: Trunk, tenant: Tenant, *numbers: str) -> Pool:
    pool, _ = Pool.objects.get_or_create(trunk=trunk, tenant=tenant)
    PhoneNumber.objects.bulk_create(PhoneNumber(tenant=tenant, pool=pool, e164=number) for number in numbers)
    return pool


def make_account(tenant: Tenant | None, *, sid: str = "", auth_token: str = AUTH_TOKEN, **fields: Any) -> TwilioAccount:
    account = TwilioAccount(tenant=tenant, account_sid=sid or f"AC{new_id().hex}", **fields)
    secrets.seal(account, "auth_token", auth_token)
    account.auth_token_last4 = auth_token[-4:]
    account.save()
    return account


def make_configuration(tenant: Tenant, trunk: Trunk, account: TwilioAccount, **fields: Any) -> Configuration:
    configuration = Configuration.objects.create(
        tenant=tenant, trunk=trunk, account=account, name=fields.pop("name", trunk.name), **fields
    )
    make_webhook_key(configuration)
    return configuration


def make_webhook_key(configuration: Configuration) -> WebhookKey:
    text = keys.make(settings.WEBHOOK_KEY_SECRETS[0].encode(), new_id().bytes)
    return WebhookKey.objects.create(tenant=configuration.tenant, configuration=configuration, key=text)


def make_conversation(tenant: Tenant, ours: str, theirs: str, **fields: Any) -> Conversation:
    return Conversation.objects.create(tenant=tenant, our_address=ours, their_address=theirs, **fields)


def make_inbound(
    configuration: Configuration, *, ours: str, theirs: str, body: str = "Hello", **fields: Any
) -> Message:
    return Message.objects.create(
        tenant=configuration.tenant,
        direction="in",
        configuration=configuration,
        our_address=ours,
        their_address=theirs,
        body=body,
        state=fields.pop("state", "received"),
        account_sid=configuration.account.account_sid,
        provider_sid=fields.pop("provider_sid", f"SM{new_id().hex}"),
        due_at=fields.pop("due_at", clock.now()),
        **fields,
    )


@dataclass
class Cast:
    """Everybody the tests speak of; passwords are `PASSWORD`."""

    acme: Tenant
    globex: Tenant
    alice: Member
    bob: Member
    vera: Member
    sam: Member
    mallory: Member
    root: User
    trunk: Trunk
    pool: Pool
    number: PhoneNumber
    account: TwilioAccount
    configuration: Configuration


OUR_NUMBER = "+12025550101"
OUR_SECOND_NUMBER = "+12025550102"
THEIR_NUMBER = "+12025550199"


def make_cast() -> Cast:
    acme, globex = make_tenant("Acme"), make_tenant("Globex")
    alice = make_member(
        acme, "alice@acme.example", Role.ADMIN, name="Alice", extension="101", sending_right=SendingRight.SENDER_ID
    )
    trunk = make_trunk("Main")
    pool = make_pool(trunk, acme, OUR_NUMBER, OUR_SECOND_NUMBER)
    account = make_account(acme)
    return Cast(
        acme=acme,
        globex=globex,
        alice=alice,
        bob=make_member(
            acme, "bob@acme.example", Role.AGENT, name="Bob", extension="102", sending_right=SendingRight.NUMBERS
        ),
        vera=make_member(acme, "vera@acme.example", Role.VIEWER, name="Vera", extension="103"),
        sam=make_member(
            acme, "sam@acme.example", Role.SUPERVISOR, name="Sam", extension="104", sending_right=SendingRight.NUMBERS
        ),
        mallory=make_member(globex, "mallory@globex.example", Role.ADMIN, name="Mallory", extension="101"),
        root=make_user("root@portal.example", name="Root", is_system_administrator=True),
        trunk=trunk,
        pool=pool,
        number=PhoneNumber.objects.get(e164=OUR_NUMBER),
        account=account,
        configuration=make_configuration(acme, trunk, account),
    )
