"""Who plays in the demo: two companies, their people, their numbers and their accounts at the sandbox."""

from collections.abc import Sequence
from dataclasses import dataclass

from sms.twilio.client import SANDBOX_PREFIX
from tenants.models.members import SendingRight
from tenants.roles import Role

PASSWORD = "demodemodemo"  # noqa: S105  printed beside the address: a demo has nothing to hide
ROOT = "root@portal.example"
KIM = "kim@agency.example"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in to the demo."""

    email: str
    name: str
    role: Role
    extension: str
    right: SendingRight = SendingRight.NUMBERS


@dataclass(frozen=True, slots=True)
class Company:
    """One tenant of the demo, with its account at the sandbox and its pool on the shared trunk."""

    name: str
    slug: str
    country: str
    time_zone: str
    currency: str
    pool: tuple[str, ...]
    account_sid: str
    token: str
    people: tuple[Person, ...]
    sender_id: str = ""
    # On weekdays.
    shifts: Sequence[Sequence[str]] = (("09:00", "17:00"),)


ACME = Company(
    name="Acme Dental",
    slug="acme",
    country="US",
    time_zone="America/New_York",
    currency="USD",
    pool=tuple(f"+1202555011{last}" for last in range(4)),
    account_sid=f"{SANDBOX_PREFIX}{'ac':0>20}",
    token="ac" * 16,
    people=(
        Person("alice@acme.example", "Alice Moreau", Role.ADMIN, "101", SendingRight.SENDER_ID),
        Person("sam@acme.example", "Sam Whitfield", Role.SUPERVISOR, "102"),
        Person("bob@acme.example", "Bob Lindqvist", Role.AGENT, "103"),
        Person("vera@acme.example", "Vera Okafor", Role.VIEWER, "104", SendingRight.NONE),
        Person(KIM, "Kim Tanaka", Role.SUPERVISOR, "105"),
    ),
    # As its automatic reply says.
    shifts=(("08:00", "18:00"),),
)
GLOBEX = Company(
    name="Globex Logistics",
    slug="globex",
    country="GB",
    time_zone="Europe/London",
    currency="GBP",
    pool=tuple(f"+44207946030{last}" for last in range(3)),
    account_sid=f"{SANDBOX_PREFIX}{'9b':0>20}",
    token="9b" * 16,
    people=(
        Person("mallory@globex.example", "Mallory Finch", Role.ADMIN, "201", SendingRight.SENDER_ID),
        Person("omar@globex.example", "Omar Haddad", Role.AGENT, "202"),
        Person(KIM, "Kim Tanaka", Role.SUPERVISOR, "203"),
    ),
    sender_id="Globex",
)
COMPANIES = (ACME, GLOBEX)
