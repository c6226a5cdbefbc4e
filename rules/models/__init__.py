"""Tables of rules."""

from rules.models.inbound import InboundRule, InboundRuleNumber, InboundTarget, TargetKind
from rules.models.outbound import OutboundRoute, OutboundRule, OutboundRuleGroup
from rules.models.versions import RuleSet

__all__ = [
    "InboundRule",
    "InboundRuleNumber",
    "InboundTarget",
    "OutboundRoute",
    "OutboundRule",
    "OutboundRuleGroup",
    "RuleSet",
    "TargetKind",
]
