"""Decide where a text goes: the only reader of a tenant's live rules. Reads rule sets, never the rows being edited."""

import uuid
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

from rules.documents import InboundRule, OutboundRule, parse_inbound, parse_outbound
from rules.engine import Action, CompiledInbound, CompiledOutbound, Decision, decide
from rules.facts import InboundFacts, OutboundFacts
from rules.models import RuleSet
from rules.models.versions import RuleKind
from tenants.models import Tenant

_NO_INBOUND = CompiledInbound(())
_NO_OUTBOUND = CompiledOutbound(())
# Compiled rules kept in a process; the key is a version's own id, so a new version is simply another key.
_KEPT = 256


class DecidedMessage(Protocol):
    """What of a message a decision can be recomputed from."""

    direction: Any
    body: Any
    decision: Any
    occurred_at: Any


def route_inbound(tenant: Tenant, facts: InboundFacts, *, explain: bool = False) -> tuple[Decision, str]:
    """Decide where a received text goes; returns the id of the rule set that decided, or "" without one."""
    newest = newest_id(tenant, RuleKind.INBOUND)
    rules = _inbound(newest) if newest else _NO_INBOUND
    return rules.decide(facts, explain=explain), newest.hex if newest else ""


def route_outbound(tenant: Tenant, facts: OutboundFacts, *, explain: bool = False) -> tuple[Decision, str]:
    """Decide by which routes a text leaves; returns the id of the rule set that decided, or "" without one."""
    newest = newest_id(tenant, RuleKind.OUTBOUND)
    rules = _outbound(newest) if newest else _NO_OUTBOUND
    return rules.decide(facts, explain=explain), newest.hex if newest else ""


def live_rules(tenant: Tenant, kind: str) -> Sequence[InboundRule | OutboundRule]:
    """Return the rules that decide now, in their order."""
    newest = newest_id(tenant, kind)
    if newest is None:
        return ()
    return _inbound(newest).rules if kind == RuleKind.INBOUND else _outbound(newest).rules


def explain_snapshot(tenant: Tenant, message: DecidedMessage) -> Decision:
    """Recompute, with every step, the decision that a message carries: from its rule set and its facts.

    Facts from before times were kept are read as of when the text occurred.
    """
    snapshot: dict[str, Any] = message.decision or {}
    facts = snapshot.get("facts") or {}
    document = _document(tenant, str(snapshot.get("ruleset", "")))
    if message.direction == "in":
        received = InboundFacts.from_json(facts, body=message.body, at=message.occurred_at)
        return decide(parse_inbound(document or {"rules": []}), received, otherwise=Action.UNROUTED)
    written = OutboundFacts.from_json(facts, body=message.body, at=message.occurred_at)
    return decide(parse_outbound(document or {"rules": []}), written, otherwise=Action.REFUSE)


def newest_id(tenant: Tenant, kind: str) -> uuid.UUID | None:
    """Return the id of the live rule set: one look at the index."""
    return tenant.rule_sets.filter(kind=kind).order_by("-version").values_list("id", flat=True).first()


@lru_cache(maxsize=_KEPT)
def _inbound(rule_set: uuid.UUID) -> CompiledInbound:
    return CompiledInbound(parse_inbound(RuleSet.objects.get(pk=rule_set).document))


@lru_cache(maxsize=_KEPT)
def _outbound(rule_set: uuid.UUID) -> CompiledOutbound:
    return CompiledOutbound(parse_outbound(RuleSet.objects.get(pk=rule_set).document))


def _document(tenant: Tenant, rule_set: str) -> dict[str, Any] | None:
    try:
        found = tenant.rule_sets.filter(pk=uuid.UUID(rule_set)).first()
    except ValueError:
        return None
    return found.document if found else None
