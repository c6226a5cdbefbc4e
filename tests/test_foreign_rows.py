"""Fill another tenant's rows into every field of every form of one's own tenant: none is taken, none is shown.

The walk of all addresses proves that nobody reaches another tenant's pages. This one proves that nobody draws another
tenant's members, numbers or configurations into his own by what he posts.
"""

import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.models import F, Model
from django.test import Client

from rules.changing import versions
from rules.models import InboundRule, OutboundRule
from sms.models import Conversation, Message, OptOut
from tenants import api_keys, audit
from tenants.models import TenantOwned
from tests import factories
from tests.test_access import TENANT, Address, World, as_user, each, fingerprint, url_of

THEIR_OWN_NUMBER = "+12025550301"
FOREIGN = "foreign-9c1e"
# So many tests share the walk, so that it takes the time of several workers.
PARTS = 4
WRITES = re.compile(r'^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)


class Victim:
    """Globex with a row of everything that a form could name."""

    def __init__(self, world: World) -> None:
        globex = world.cast.globex
        self.member = factories.make_member(globex, "victim@globex.example", name=f"Victim {FOREIGN}", extension="777")
        self.group = factories.make_group(globex, f"Group {FOREIGN}", self.member)
        self.trunk = factories.make_trunk(f"Trunk {FOREIGN}", tenant=globex)
        self.pool = factories.make_pool(self.trunk, globex, THEIR_OWN_NUMBER)
        globex.phone_numbers.update(description=f"Number {FOREIGN}")
        self.number = globex.phone_numbers.get()
        self.account = factories.make_account(globex)
        self.configuration = factories.make_configuration(globex, self.trunk, self.account, name=f"Config {FOREIGN}")
        self.conversation = Conversation.objects.create(
            tenant=globex, our_address=THEIR_OWN_NUMBER, their_address=factories.THEIR_NUMBER
        )
        self.message = Message.objects.create(
            tenant=globex,
            direction="out",
            configuration=self.configuration,
            conversation=self.conversation,
            our_address=THEIR_OWN_NUMBER,
            their_address=factories.THEIR_NUMBER,
            body=FOREIGN,
            state="queued",
        )
        self.opt_out = OptOut.objects.create(
            tenant=globex, our_address=THEIR_OWN_NUMBER, their_address=factories.THEIR_NUMBER, source="person"
        )
        self.inbound_rule = InboundRule.objects.create(tenant=globex, name=f"In {FOREIGN}")
        self.outbound_rule = OutboundRule.objects.create(
            tenant=globex, name=f"Out {FOREIGN}", conditions=[{"kind": "all"}]
        )
        versions.save(audit.PORTAL, globex, "inbound")
        versions.save(audit.PORTAL, globex, "outbound")

    @property
    def rows(self) -> list[Model]:
        return [row for row in vars(self).values() if isinstance(row, Model)]

    def names(self) -> list[str]:
        """Return what a form may be given: ids as they stand in fields, and the number."""
        return [self.number.e164, *(row.pk.hex for row in self.rows)]

    def alike(self, options: set[str]) -> list[str]:
        """Return the rows of the kind that a field's options name: members for members, the number for numbers."""
        found = {self.number.e164} if any(option.startswith("+") for option in options) else set()
        for option in options:
            prefix, colon, name = option.rpartition(":")
            found |= {f"{prefix}{colon}{row.pk.hex}" for row in self.rows if _is_one(type(row), name)}
        return sorted(found)


def _is_one(model: type[Model], name: str) -> bool:
    try:
        return model._default_manager.filter(pk=uuid.UUID(name)).exists()
    except ValueError:
        return False


@pytest.fixture
def world(db: None, settings: Any) -> World:
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = False
    return World()


@pytest.fixture
def victim(world: World) -> Victim:
    return Victim(world)


class Fields(HTMLParser):
    """The fields of a page's forms, as a browser would send them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self.choices: defaultdict[str, set[str]] = defaultdict(set)
        self.shown_by: dict[str, dict[str, list[str]]] = {}
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        checked = {name for name, _ in attrs}
        if "data-shown-by" in given and "name" in given:
            prefix = given["name"].rpartition("-")[0]
            other = f"{prefix}-{given['data-shown-by']}" if prefix else given["data-shown-by"]
            self.shown_by[given["name"]] = {other: [given["data-shown-for"].split()[0]]}
        if tag == "select":
            self._select = given.get("name", "")
            self.sent.setdefault(self._select, [])
            self.choices[self._select].add("")
        elif tag == "option" and self._select:
            self.choices[self._select].add(given.get("value", ""))
            if "selected" in checked:
                self.sent[self._select] = [given.get("value", "")]
        elif tag == "textarea" and "name" in given:
            self.sent.setdefault(given["name"], [""])
        elif tag == "input" and "name" in given:
            self._input(given, checked)

    def _input(self, given: dict[str, str], checked: set[str]) -> None:
        kind, name = given.get("type", "text"), given["name"]
        if kind in ("radio", "checkbox"):
            self.choices[name].add(given.get("value", ""))
            if "checked" in checked:
                self.sent.setdefault(name, []).append(given.get("value", "on"))
        else:
            self.sent.setdefault(name, []).append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""


# What a form wants besides; anything sound will do.
SOUND = {
    "name": "Something new",
    "to": factories.THEIR_NUMBER,
    "body": "Hello",
    "email": "new@acme.example",
    "our_address": factories.OUR_NUMBER,
    "their_address": "+12025550188",
}
# Posted by buttons, so on no page of the address itself.
BUTTONS = {"number": "number", "configuration": "configuration", "sender": "number"}


def posts_for(client: Client, url: str, victim: Victim) -> Iterator[dict[str, list[str]]]:
    """Give what to post: the page's own form, with one field at a time naming the victim's rows."""
    page = client.get(url)
    fields = Fields(page.content.decode()) if page.status_code == 200 else Fields("")
    sound = {name: [value] for name, value in SOUND.items()}
    base = {name: values for name, values in fields.sent.items() if name and name != "csrfmiddlewaretoken"}
    base = {name: values if any(values) else sound.get(name, values) for name, values in base.items()}
    for field in [name for name in base | fields.choices if "__prefix__" not in name]:
        options = fields.choices.get(field)
        wanted = [victim.number.e164] if options is None else victim.alike(options)
        for value in wanted:
            yield base | fields.shown_by.get(field, {}) | {field: [value]}
        if options and wanted:
            yield base | {field: victim.names()}
    for field, kind in ({} if base else BUTTONS).items():
        yield {field: [getattr(victim, kind).pk.hex]}
        yield {field: [victim.number.e164]}


def foreign_keys() -> list[tuple[type[Model], str]]:
    """Return every column by which a tenant's row names another row that is a tenant's."""
    owned = [model for model in apps.get_models() if issubclass(model, TenantOwned)]
    return [(model, field.name) for model in owned for field in model._meta.fields if field.related_model in owned]


class Written:
    """Notes the tables that statements write to, so that only those need be looked at."""

    def __init__(self) -> None:
        self.tables: set[str] = set()

    def __call__(self, execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        found = WRITES.search(sql)
        if found:
            self.tables.add(found[1])
        return execute(sql, *arguments)


def assert_nothing_crossed(tables: set[str]) -> None:
    for model, name in foreign_keys():
        if model._meta.db_table not in tables:
            continue
        named = model._default_manager.filter(**{f"{name}__isnull": False})
        assert not named.exclude(**{f"{name}__tenant": F("tenant")}).exists(), f"{model.__name__}.{name}"


def test_what_is_written_is_noted(world: World) -> None:
    written = Written()
    with connection.execute_wrapper(written):
        OptOut.objects.create(tenant=world.cast.acme, our_address="+1", their_address="+2", source="person")
        OptOut.objects.filter(their_address="+2").update(source="text")
        assert OptOut.objects.filter(their_address="+2").exists()
    assert written.tables == {"sms_optout"}


@pytest.mark.once
@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
def test_no_form_takes_what_is_another_tenants(world: World, victim: Victim, part: int) -> None:
    client, tried = as_user(world.cast.alice.user), [0]

    def check(address: Address) -> None:
        before = fingerprint(world.cast.globex)
        url = url_of(address, world)
        for data in posts_for(client, url, victim):
            written = Written()
            with transaction.atomic(), connection.execute_wrapper(written):
                answer = client.post(url, urlencode(data, doseq=True), content_type="application/x-www-form-urlencoded")
                assert FOREIGN not in answer.content.decode(errors="replace"), data
                if answer.status_code == 302 and written.tables - {"django_session"}:
                    assert_nothing_crossed(written.tables)
                    assert fingerprint(world.cast.globex) == before, data
                transaction.set_rollback(True)
            tried[0] += 1

    each([address for address in TENANT if not _calls_twilio(address)][part::PARTS], check)
    assert tried[0] > 200 / PARTS


def _calls_twilio(address: Address) -> bool:
    """Whether a form asks Twilio before anything else: no test reaches it."""
    return address.name in {"sms:configuration_check", "sms:configuration_verify"}


def test_no_program_sends_from_what_is_another_tenants(world: World, victim: Victim) -> None:
    _, key = api_keys.create(audit.PORTAL, world.cast.acme, "Attack")
    before = fingerprint(world.cast.globex)
    for name in victim.names():
        answer = Client().post(
            "/api/v1/messages",
            {"to": factories.THEIR_NUMBER, "body": "x", "sender": name, "configuration": name, "tenant": name},
            content_type="application/json",
            HTTP_AUTHORIZATION=f"Bearer {key}",
        )
        assert answer.status_code in (400, 422), name
    assert fingerprint(world.cast.globex) == before


def test_the_victims_world_is_one_that_forms_could_name(world: World, victim: Victim) -> None:
    """The test above tries rows that exist; with ids of nothing it would prove nothing."""
    models = {type(row).__name__ for row in victim.rows}
    assert {"Member", "Group", "Trunk", "PhoneNumber", "TwilioAccount", "Configuration", "Conversation"} <= models
    assert len(victim.names()) == len(set(victim.names()))
