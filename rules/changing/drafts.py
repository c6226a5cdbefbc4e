"""Rules as a person entered them, already read and checked: what the forms hand over to be saved."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rules.models.inbound import When

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TargetDraft:
    """One destination; `row` is the member or the group, `moment` the times when `when` asks for such."""

    kind: str
    row: uuid.UUID | None = None
    settings: Json = field(default_factory=dict)
    when: str = When.ALWAYS.value
    moment: Json | None = None


@dataclass(frozen=True, slots=True)
class InboundDraft:
    """An inbound rule; `hours` and `holidays` are its own, None stands for the company's."""

    name: str
    enabled: bool
    trunk: uuid.UUID | None
    numbers: Sequence[uuid.UUID]
    conditions: list[Json]
    targets: Sequence[TargetDraft]
    applies: str = "both"
    hours: Json | None = None
    holidays: list[Json] | None = None


@dataclass(frozen=True, slots=True)
class RouteDraft:
    """One route."""

    configuration: uuid.UUID
    strip: int = 0
    prepend: str = ""
    sender: str = ""
    enabled: bool = True
    weight: int = 1


@dataclass(frozen=True, slots=True)
class OutboundDraft:
    """An outbound rule; groups stand among the conditions. `hours` are its own, None stands for the company's."""

    name: str
    enabled: bool
    priority: int
    conditions: list[Json]
    routes: Sequence[RouteDraft]
    action: str = "send"
    reason: str = ""
    strategy: str = "prioritised"
    when_closed: str = ""
    hours: Json | None = None
    sticky: bool = False
    area_match: bool = False
