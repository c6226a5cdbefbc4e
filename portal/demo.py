"""A demo to look at: two companies, people in every role, sandbox numbers that really work, a week of texts."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction

from portal import demo_history, demo_script
from portal.demo_cast import ACME, COMPANIES, GLOBEX, KIM, PASSWORD, ROOT, Company, Person
from rules.changing import editing, usual
from rules.changing.editing import InboundDraft, TargetDraft
from rules.models import TargetKind
from rules.schedule import DAYS
from rules.times import availability, calendars, public_holidays
from rules.times.calendars import HolidayDraft
from sms import optouts, sandbox_client
from sms.models import Configuration, Trunk, WebhookChange
from sms.pointing import single
from sms.setup import configuring, connecting, credentials, numbers, trunking
from sms.twilio import numbers as at_twilio
from sms.twilio.client import SANDBOX_PREFIX
from tenants import api_keys, audit, clock, membership, provisioning
from tenants.audit import Actor
from tenants.membership import SenderNumber
from tenants.models import Group, Member, Tenant, User
from tenants.models.members import Assignment, SendingRight
from tenants.sharing import Sharing

_AGE = timedelta(days=7, hours=3)
_TEXTS_A_DAY = 150


def sign_ins() -> list[tuple[str, str, str]]:
    """Return who can sign in: who, e-mail address, password."""
    places: dict[str, list[str]] = {ROOT: ["System administrator"]}
    for company in COMPANIES:
        for person in company.people:
            places.setdefault(person.email, []).append(f"{company.name}, {person.role.value}")
    return [(" and ".join(where), email, PASSWORD) for email, where in places.items()]


def seed() -> bool:
    """Fill an empty database; a filled one is left alone, but its sandbox numbers follow the portal's address."""
    for company in COMPANIES:
        _stock_sandbox(company)
    if User.objects.exists():
        follow_address()
        return False
    with transaction.atomic():
        with clock.frozen(clock.now() - _AGE):
            _fill()
        for company in COMPANIES:
            demo_history.write(Tenant.objects.get(slug=company.slug), demo_script.week(company, clock.now()))
    return True


def _stock_sandbox(company: Company) -> None:
    sandbox_client.ensure_account(company.account_sid, company.token, company.name)
    for e164 in company.pool:
        sandbox_client.ensure_number(company.account_sid, e164, company.name)


# --- Who and what ---


def _fill() -> None:
    root = provisioning.create_system_administrator(audit.PORTAL, email=ROOT, name="Root", password=PASSWORD)
    actor = Actor(label=root.email, user=root)
    trunk = trunking.create_trunk(actor, owner=None, fields={"name": "Twilio shared", "host": "demo.pstn.twilio.com"})
    for company, make_rules in ((ACME, _acme_rules), (GLOBEX, _globex_rules)):
        tenant = _open(actor, company)
        numbers.set_pool(actor, trunk, tenant, "; ".join(company.pool), name_holders=True)
        administrator = _acting(tenant.members.select_related("user").get(user__email=company.people[0].email))
        configuration = _connect(administrator, tenant, trunk, company)
        make_rules(administrator, tenant, trunk)
        usual.usual_rules(administrator, tenant, configuration, administrator.member)
        _let_send(administrator, tenant)


def _acting(member: Member) -> Actor:
    return Actor(label=member.user.email, user=member.user, member=member)


def _open(actor: Actor, company: Company) -> Tenant:
    tenant = provisioning.create_tenant(
        actor,
        name=company.name,
        slug=company.slug,
        country=company.country,
        time_zone=company.time_zone,
        currency=company.currency,
        website=f"https://{company.slug}.example",
    ).tenant
    for person in company.people:
        _join(actor, tenant, person)
    calendars.save_hours(actor, tenant, dict.fromkeys(DAYS[:5], company.shifts))
    calendars.import_holidays(actor, tenant, _public_holidays(company))
    return tenant


def _public_holidays(company: Company) -> list[HolidayDraft]:
    found = public_holidays.of_country(company.country, [clock.now().year, clock.now().year + 1], language="en_US")
    return [HolidayDraft(one.name, one.first, one.last, country=company.country) for one in found]


def _join(actor: Actor, tenant: Tenant, person: Person) -> None:
    """Invite a person and take the invitation up, as the person would."""
    invited = membership.invite(
        actor,
        tenant,
        email=person.email,
        name=person.name,
        role=person.role,
        extension=person.extension,
        sending_right=person.right,
    )
    token = invited.link.rstrip("/").rsplit("/", 1)[-1]
    known = User.objects.filter(email=person.email).first()
    membership.accept(token, user=known, name=person.name, password=PASSWORD)


def _connect(actor: Actor, tenant: Tenant, trunk: Trunk, company: Company) -> Configuration:
    """Add the SMS configuration and set the webhook of each number, as the pages do."""
    typed = credentials.Typed(company.account_sid, auth_token=company.token)
    configuration = configuring.add(
        actor,
        tenant,
        trunk=trunk,
        name=f"{company.name} texts",
        account_sid=company.account_sid,
        auth_token=company.token,
        sender_id=company.sender_id,
        finding=connecting.try_out(tenant, typed),
    )
    for line in connecting.lines(configuration):
        single.set_number(actor, configuration, line.number.sid)
    return configuration


def _let_send(actor: Actor, tenant: Tenant) -> None:
    """Give everybody who may send the tenant's numbers, one of them preferred."""
    held = list(numbers.live_numbers(tenant).order_by("e164"))
    for member in tenant.members.exclude(sending_right=SendingRight.NONE):
        membership.change(
            actor,
            member,
            name=member.name,
            role=member.role,
            extension=member.extension,
            sending_right=member.sending_right,
            enabled=True,
            numbers=[SenderNumber(number, preferred=number == held[0]) for number in held],
        )


# --- Rules ---


def _acme_rules(actor: Actor, tenant: Tenant, trunk: Trunk) -> None:
    billing = _group(actor, tenant, "Billing", "sam@acme.example", KIM)
    sam = tenant.members.get(user__email="sam@acme.example")
    shared = Sharing(Assignment.ROUND_ROBIN, fallback_group=billing, escalate_minutes=30, escalate_member=sam)
    people = ("alice@acme.example", "bob@acme.example", "sam@acme.example")
    desk = _group(actor, tenant, "Front desk", *people, shared=shared)
    answer = TargetDraft(TargetKind.AUTO_REPLY, settings={"text": demo_script.OPENING_HOURS})
    asked = [{"kind": "keyword", "words": ["hours", "open"]}]
    hours = InboundDraft("Opening hours", True, trunk.pk, [], asked, [answer, TargetDraft(TargetKind.GROUP, desk.pk)])
    editing.save_inbound(actor, tenant, hours)
    kim = tenant.members.get(user__email=KIM)
    availability.set_hours(actor, kim, dict.fromkeys(DAYS[:3], (("09:00", "13:00"),)))
    _number_to_group(actor, tenant, ACME.pool[0], desk)
    _number_to_group(actor, tenant, ACME.pool[1], billing)
    optouts.add(tenant, ACME.pool[0], demo_script.OPTED_OUT, source="text", word="STOP")
    api_keys.create(actor, tenant, demo_script.PROGRAM)


def _globex_rules(actor: Actor, tenant: Tenant, trunk: Trunk) -> None:
    dispatch = _group(actor, tenant, "Dispatch", "mallory@globex.example", "omar@globex.example", KIM)
    _number_to_group(actor, tenant, GLOBEX.pool[0], dispatch)
    api_keys.create(actor, tenant, demo_script.PROGRAM)


def _group(actor: Actor, tenant: Tenant, name: str, *emails: str, shared: Sharing | None = None) -> Group:
    members = tenant.members.filter(user__email__in=emails)
    return membership.save_group(actor, tenant, name=name, members=members, shared=shared)


def _number_to_group(actor: Actor, tenant: Tenant, e164: str, group: Group) -> None:
    number = numbers.live_numbers(tenant).get(e164=e164)
    target = TargetDraft(TargetKind.GROUP, group.pk)
    editing.save_inbound(actor, tenant, InboundDraft(group.name, True, None, [number.pk], [], [target]))


# --- After a restart, and while it runs ---


def follow_address() -> None:
    """Point the sandbox numbers that lead to this portal to its present address: the port may have changed."""
    live = Configuration.objects.filter(deleted_at=None, account__account_sid__startswith=SANDBOX_PREFIX)
    for configuration in live.select_related("account", "tenant"):
        for line in connecting.lines(configuration):
            url = line.number.webhook["sms_url"]
            if line.points_here and not url.startswith(f"{settings.LOCAL_BASE_URL}/"):
                _move(configuration, line)


def _move(configuration: Configuration, line: connecting.Line) -> None:
    moved = {
        name: settings.LOCAL_BASE_URL + value[value.index("/webhooks/twilio/") :]
        for name, value in line.number.webhook.items()
        if "/webhooks/twilio/" in value
    }
    at_twilio.write_webhook(configuration.account, line.number.sid, moved)
    if line.change is not None:
        WebhookChange.objects.filter(pk=line.change.pk).update(after=line.change.after | moved)


def text_in() -> bool:
    """Let a phone text one of the companies; returns whether one did."""
    tenants = Tenant.objects.filter(slug__in=[company.slug for company in COMPANIES], deleted_at=None, enabled=True)
    since = clock.now() - timedelta(days=1)
    received = [t.messages.filter(direction="in", occurred_at__gt=since).count() for t in tenants]
    if len(received) < len(COMPANIES) or sum(received) > _TEXTS_A_DAY:
        return False
    phone, to, body = demo_script.LIVE[sum(received) % len(demo_script.LIVE)]
    return sandbox_client.text(phone, to, body)
