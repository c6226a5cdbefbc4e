"""Make the tables and a small world: two companies that send, receive and answer through the sandbox.

    python -m tests.chaos.seed '{"north": {"sid": "AC…", "auth_token": "…"}, "south": {…}}'

Prints what the load needs, as JSON: API keys, numbers, webhook addresses.
"""

import json
import os
import sys
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

import django

django.setup()

from django.core.management import call_command  # noqa: E402 (Django is set up above)

from rules.changing import editing, usual  # noqa: E402
from rules.changing.editing import InboundDraft, TargetDraft  # noqa: E402
from rules.models import TargetKind  # noqa: E402
from sms.models import Configuration, Sender, Trunk  # noqa: E402
from sms.setup import configuring, numbers, trunking  # noqa: E402
from tenants import api_keys, audit, provisioning  # noqa: E402
from tenants.audit import Actor  # noqa: E402
from tenants.models import Tenant  # noqa: E402

NUMBERS = {"north": ("+12025550110", "+12025550111"), "south": ("+12025550120", "+12025550121")}
# Far above what the load offers: the chaos is not about pace.
RATE = 1000.0


def main() -> None:
    call_command("migrate", verbosity=0, interactive=False)
    accounts = json.loads(sys.argv[1])
    actor = audit.PORTAL
    trunk = trunking.create_trunk(actor, owner=None, fields={"name": "Shared", "host": "chaos.pstn.twilio.com"})
    print(json.dumps({slug: _company(actor, trunk, slug, accounts[slug]) for slug in NUMBERS}))


def _company(actor: Actor, trunk: Trunk, slug: str, account: dict[str, str]) -> dict[str, Any]:
    tenant = provisioning.create_tenant(
        actor, name=slug.title(), slug=slug, country="US", time_zone="UTC", currency="USD"
    ).tenant
    numbers.set_pool(actor, trunk, tenant, "; ".join(NUMBERS[slug]), name_holders=True)
    configuration = configuring.add(
        actor, tenant, trunk=trunk, account_sid=account["sid"], auth_token=account["auth_token"], name=slug
    )
    _rules(actor, tenant, configuration)
    Sender.objects.bulk_create(
        Sender(tenant=tenant, configuration=configuration, address=address, rate=RATE) for address in NUMBERS[slug]
    )
    _, key = api_keys.create(actor, tenant, "Load")
    return {
        "key": key,
        "numbers": NUMBERS[slug],
        "sms_url": configuring.webhook_url(configuration),
        "sms_fallback_url": configuring.fallback_url(configuration),
    }


def _rules(actor: Actor, tenant: Tenant, configuration: Configuration) -> None:
    """Mail what comes to the first number; answer what comes to the second, and mail it, too."""
    mail = TargetDraft(TargetKind.EMAIL, settings={"address": f"desk@{tenant.slug}.example"})
    answer = TargetDraft(TargetKind.AUTO_REPLY, settings={"text": "Thank you, we have it."})
    for e164, targets in zip(NUMBERS[tenant.slug], ([mail], [answer, mail]), strict=True):
        number = numbers.live_numbers(tenant).get(e164=e164)
        editing.save_inbound(actor, tenant, InboundDraft(f"To {e164}", True, None, [number.pk], [], targets))
    usual.usual_rules(actor, tenant, configuration, None, inbound=False)


if __name__ == "__main__":
    main()
