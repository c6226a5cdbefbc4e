"""What can be wrong with rules, and what must be known around them to see it; PURE."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from rules.facts import InboundFacts


class Code(StrEnum):
    """What is wrong, for whoever chooses the page that mends it."""

    UNUSABLE = "unusable"
    SHADOWED = "shadowed"
    CONTRADICTION = "contradiction"
    NO_NUMBER = "no_number"
    NUMBERS_WITHOUT_RULE = "numbers_without_rule"
    TARGET_GONE = "target_gone"
    MEMBER_OFF = "member_off"
    GROUP_EMPTY = "group_empty"
    GROUP_AWAY = "group_away"
    EXTENSION_FREE = "extension_free"
    TRUNK_OFF = "trunk_off"
    CONFIGURATION_OFF = "configuration_off"
    NO_ROUTE_LEFT = "no_route_left"
    SENDER_OUTSIDE = "sender_outside"
    NEVER_OPENS = "never_opens"
    NEVER_COMES = "never_comes"
    COUNTRY_UNSERVED = "country_unserved"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: with which rule ("" with none alone), in one sentence, and what it is about.

    `subject` is the id of the row that `code` speaks of, "" for the rule itself. `mend` is the name and the arguments
    of the page that mends it; code outside this module knows pages.
    """

    code: Code
    rule_id: str
    rule_name: str
    text: str
    subject: str = ""
    mend: tuple[str, tuple[str, ...]] = ("", ())


@dataclass(frozen=True, slots=True)
class Thing:
    """A row that rules name: a member, a group, a trunk or a configuration.

    A member `works` when enabled and is `reachable` unless his own hours never open; `members` are the ids of a group's
    members; `senders` are the addresses that a configuration may send from.
    """

    label: str
    works: bool = True
    reachable: bool = True
    members: tuple[str, ...] = ()
    senders: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What there is around a tenant's rules.

    `now` is aware and in UTC. `numbers` are the facts of a text to each of our numbers. `things` are found by kind
    ("member", "group", "trunk", "configuration") and id; what is not there is gone. `lost` are the ids of rules that
    named a row since removed. `extensions` are those that members have. `recipients` are, by ISO country code, numbers
    that texts may go to.
    """

    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    numbers: Sequence[InboundFacts] = ()
    things: Mapping[tuple[str, str], Thing] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()
    extensions: frozenset[str] = frozenset()
    recipients: Mapping[str, Sequence[str]] = field(default_factory=dict)
