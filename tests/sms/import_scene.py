"""A phone that texts Acme while no webhook comes, and the reading of Twilio's list."""

from typing import Any

from sms.lists import importing
from sms.models import ImportCursor, Message
from tenants import clock
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.conftest import World

HOUR = 3600.0


def text(world: World, body: str = "Hello", *, to: str = OUR_NUMBER, phone: str = THEIR_NUMBER, **how: Any) -> str:
    """Let a phone send a text that no webhook brings; returns its SID."""
    return str(world.sandbox.text(phone, to, body, **how)["sid"])


def cursor(world: World) -> ImportCursor:
    return ImportCursor.objects.get(account__account_sid=world.account["sid"])


def read_all(rounds: int = 30) -> int:
    """Read until nothing is due."""
    taken = 0
    for _ in range(rounds):
        taken += importing.work()
        if not ImportCursor.objects.filter(due_at__lte=clock.now()).exists():
            break
    return taken


def bodies() -> list[str]:
    return list(Message.objects.filter(direction="in").order_by("occurred_at", "body").values_list("body", flat=True))
