"""Rows to measure with, made inside the portal's settings: `python -m tests.bench.scene <what> <json>`."""

import json
import sys
from collections.abc import Callable
from typing import Any

import django

from tests.bench.payloads import BODY


def intake() -> dict[str, str]:
    """One tenant with one configuration; returns where its webhook is and how to sign."""
    from tests import factories
    from tests.sms.webhook_client import path_of

    tenant = factories.make_tenant("Bench")
    trunk = factories.make_trunk("Bench")
    factories.make_pool(trunk, tenant, factories.OUR_NUMBER)
    configuration = factories.make_configuration(tenant, trunk, factories.make_account(tenant))
    return {
        "path": path_of(configuration),
        "account": configuration.account.account_sid,
        "token": factories.AUTH_TOKEN,
    }


def pragmas() -> str:
    """Return what the portal says to every new connection with its embedded database."""
    from django.conf import settings

    return str(settings.DATABASES["default"]["OPTIONS"]["init_command"])


def sending(tenants: int = 10) -> dict[str, str]:
    """Tenants that may send, each with limits far above what is measured, and one text each to copy.

    Returns how a program sends as the first of them.
    """
    from sms.models import Message
    from tenants import api_keys, audit
    from tenants.models import Tenant

    for number in range(tenants):
        _sending_tenant(number, f"AC5a4db0c55a4d{number:020d}")
    Message.objects.update(source="sample", state="canceled", due_at=None)
    return {"api_key": api_keys.create(audit.PORTAL, Tenant.objects.earliest("created_at"), "Bench")[1]}


def reported(tenants: int = 10) -> dict[str, Any]:
    """Tenants with a text each that Twilio has taken, to copy; returns where its reports go, and who signs them."""
    from sms.models import Attempt, Configuration, Message
    from sms.queueing.outcomes import Outcome, Phase
    from sms.status import rank_of
    from tests import factories
    from tests.sms.webhook_client import path_of

    for number in range(tenants):
        _sending_tenant(number, f"AC{number:032d}")
    taken = {"state": "accepted", "attempt_count": 1, "provider_status": "queued"}
    Message.objects.update(source="sample", due_at=None, provider_sid="SM", **taken)
    for message in Message.objects.all():
        Attempt.objects.create(
            tenant_id=message.tenant_id,
            message=message,
            number=1,
            configuration=Configuration.objects.get(tenant=message.tenant_id),
            sender=message.our_address,
            lease_token="bench",
            phase=Phase.DONE,
            outcome=Outcome.ACCEPTED,
            account_sid=message.account_sid,
            provider_status="queued",
            provider_rank=rank_of("queued") or 0,
            provider_sid=f"SM{message.pk.hex}",
        )
    paths = {str(found.tenant_id): path_of(found, "status") for found in Configuration.objects.all()}
    return {"paths": paths, "token": factories.AUTH_TOKEN}


def _sending_tenant(number: int, account_sid: str) -> None:
    from rules.models import RuleSet
    from sms import outbound
    from sms.models import Sender
    from tenants import audit
    from tests import factories

    ours = f"+1202555{number:04d}"
    limits = {"messages_per_day": 100_000_000, "messages_per_month": 1_000_000_000}
    tenant = factories.make_tenant(f"Bench {number}", default_number=ours, **limits)
    trunk = factories.make_trunk(f"Bench {number}")
    factories.make_pool(trunk, tenant, ours)
    account = factories.make_account(tenant, sid=account_sid)
    configuration = factories.make_configuration(tenant, trunk, account)
    route = {"id": "1" * 32, "configuration": configuration.id.hex, "label": configuration.name}
    rule = {"id": "a" * 32, "name": "Everything", "enabled": True, "conditions": [{"kind": "all"}], "routes": [route]}
    RuleSet.objects.create(tenant=tenant, kind="outbound", version=1, document={"rules": [rule]})
    Sender.objects.create(tenant=tenant, configuration=configuration, address=ours, rate=100_000)
    outbound.send(audit.PORTAL, tenant, to="+13035550199", body=BODY)


SCENES: dict[str, Callable[..., Any]] = {"intake": intake, "pragmas": pragmas, "sending": sending, "reported": reported}


def main(name: str, given: str = "{}") -> None:
    django.setup()
    print(json.dumps(SCENES[name](**json.loads(given))))


if __name__ == "__main__":
    main(*sys.argv[1:])
