"""Texts that come in and are delivered: the scene of the tests about destinations."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sms import delivering, inbound
from sms.models import Delivery, Message
from tenants import clock
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.test_inbound import rules

PHONE = "+12025550177"
# A Monday at ten in Vienna, where it is open from nine to five on working days.
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SUNDAY = MONDAY - timedelta(days=1)
OPENING = MONDAY - timedelta(hours=1)
WEEK = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
VIENNA = {"zone": "Europe/Vienna", "week": WEEK, "holidays": []}


def arrive(cast: factories.Cast, at: datetime | None = None, **fields: Any) -> Message:
    """Let a text come in, be processed and delivered as far as it goes."""
    given = {"ours": OUR_NUMBER, "theirs": THEIR_NUMBER, "occurred_at": at or clock.now()} | fields
    message = factories.make_inbound(cast.configuration, **given)
    inbound.work()
    delivering.work()
    message.refresh_from_db()
    return message


def follow(cast: factories.Cast, *targets: dict[str, Any], calendar: dict[str, Any] | None = None) -> None:
    """Let one rule take all texts."""
    saved = rules(cast.acme, {"targets": list(targets)})
    type(saved).objects.filter(pk=saved.pk).update(document=saved.document | {"calendar": calendar or VIENNA})


def only(message: Message) -> Delivery:
    return message.deliveries.get()


def ends(message: Message) -> list[tuple[str, str]]:
    return list(message.deliveries.values_list("kind", "state"))


def outcome(delivery: Delivery) -> tuple[str, str]:
    return delivery.state, delivery.last_error


def sent(source: str) -> list[Message]:
    return list(Message.objects.filter(direction="out", source=source).order_by("occurred_at", "id"))
