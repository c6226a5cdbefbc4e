"""Tables of rules."""

from rules.models.inbound import Applies, InboundRule, InboundRuleNumber, InboundTarget, TargetKind, When
from rules.models.outbound import (
    OutboundAction,
    OutboundRoute,
    OutboundRule,
    OutboundRuleGroup,
    Strategy,
    WhenClosed,
)
from rules.models.schedules import Holiday, OfficeHours
from rules.models.versions import RuleSet

__all__ = [
    "Applies",
    "Holiday",
    "InboundRule",
    "InboundRuleNumber",
    "InboundTarget",
    "OfficeHours",
    "OutboundAction",
    "OutboundRoute",
    "OutboundRule",
    "OutboundRuleGroup",
    "RuleSet",
    "Strategy",
    "TargetKind",
    "When",
    "WhenClosed",
]
