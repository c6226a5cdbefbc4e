"""Hold a queue when Twilio refuses its account, or will not carry its sender, and let it go again."""

import logging
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from sms.errors import CodeInfo, explain
from sms.models import Configuration, RotationStep, Sender, TokenRotation
from tenants import audit, clock, hints
from tenants.audit import Actor

log = logging.getLogger(__name__)


@transaction.atomic
def hold(configuration_id: uuid.UUID, code: str, version: int | None = None) -> bool:
    """Stop sending by a configuration; its texts stay queued. Returns False when it was held already, or need not be.

    `version` is that of the credentials that were refused: those that have replaced them meanwhile are not to blame.
    """
    promoting = TokenRotation.objects.filter(
        account__account_sid=OuterRef("account__account_sid"), begun=RotationStep.PROMOTED, finished_at=None
    )
    # While a new Auth Token takes the old one's place, a refusal speaks of that alone: the next try knows both.
    rows = Configuration.objects.filter(~Exists(promoting), pk=configuration_id, held_reason="")
    if version is not None:
        rows = rows.filter(account__version=version)
    held = rows.update(held_reason=code or _("account"), held_at=clock.now())
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


@transaction.atomic
def stop_sender(configuration_id: uuid.UUID, address: str, code: str) -> bool:
    """Stop one sender that Twilio will not carry; its texts wait or take their next route. False: it was stopped."""
    rows = Sender.objects.filter(configuration=configuration_id, address=address)
    if not rows.filter(stopped_at=None).update(stopped_reason=code, stopped_at=clock.now()):
        return False
    sender = rows.select_related("tenant").get()
    log.warning("sms.sender.stopped configuration=%s code=%s", configuration_id.hex, code)
    audit.record(audit.PORTAL, "sms.sender.stopped", sender, {"code": code}, tenant=sender.tenant)
    return True


@dataclass(frozen=True, slots=True)
class Stopped:
    """A stopped sender with what its code means."""

    sender: Sender
    why: CodeInfo


def stopped_senders(configuration: Configuration) -> list[Stopped]:
    """Return the stopped senders of a configuration, the last one first."""
    rows = configuration.senders.filter(stopped_at__isnull=False).order_by("-stopped_at", "id")
    return [Stopped(sender, explain(sender.stopped_reason)) for sender in rows[:20]]


@transaction.atomic
def release_sender(actor: Actor, sender: Sender) -> bool:
    """Send again from a sender that was stopped; returns False when it was not."""
    if not Sender.objects.filter(pk=sender.pk, stopped_at__isnull=False).update(stopped_reason="", stopped_at=None):
        return False
    audit.record(actor, "sms.sender.released", sender, tenant=sender.tenant)
    hints.hint("send")
    return True
