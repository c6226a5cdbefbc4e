"""Texts of Acme that a test takes through the steps of sending by hand, and what Twilio may answer."""

from typing import Any

from sms import outbound
from sms.models import Message, Sender
from sms.queueing.outcomes import Answer
from tenants import audit
from tests import factories
from tests.factories import THEIR_NUMBER

TAKEN = Answer(201, sid="SM" + "1" * 32, status="queued")
LOST = Answer(text="timeout")


def queue(cast: factories.Cast, body: str = "Hello", to: str = THEIR_NUMBER, **wanted: Any) -> Message:
    return outbound.send(audit.PORTAL, cast.acme, to=to, body=body, **wanted)


def quick(**changes: Any) -> None:
    Sender.objects.update(rate=1000, **changes)
