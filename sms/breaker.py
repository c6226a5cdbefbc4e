"""Hold a configuration's queue when Twilio refuses its credentials or account, and let it go again."""

import logging
import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from sms.models import Configuration
from tenants import audit, clock, hints
from tenants.audit import Actor

log = logging.getLogger(__name__)


@transaction.atomic
def hold(configuration_id: uuid.UUID, code: str) -> bool:
    """Stop sending by a configuration; its texts stay queued. Returns False when it was held already."""
    held = Configuration.objects.filter(pk=configuration_id, held_reason="").update(
        held_reason=code or _("account"), held_at=clock.now()
    )
    if held:
        configuration = Configuration.objects.select_related("tenant").get(pk=configuration_id)
        log.warning("sms.configuration.held configuration=%s code=%s", configuration_id.hex, code)
        audit.record(audit.PORTAL, "sms.configuration.held", configuration, {"code": code}, tenant=configuration.tenant)
    return bool(held)


@transaction.atomic
def release(actor: Actor, configuration: Configuration) -> bool:
    """Send again by a configuration that was held; returns False when it was not."""
    released = Configuration.objects.filter(pk=configuration.pk).exclude(held_reason="")
    if not released.update(held_reason="", held_at=None):
        return False
    audit.record(actor, "sms.configuration.released", configuration, tenant=configuration.tenant)
    hints.hint("send")
    return True
