"""What other rules would do with texts that were decided already. Nothing is changed."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from rules.e164 import format_for_people
from sms.models import Message
from sms.showing import log, masking
from sms.trying import decided, replaying
from sms.trying.decided import Explanation
from sms.trying.replaying import Replay
from sms.views.messages import hider
from tenants.access import TenantRequest, can, tenant_view
from tenants.roles import Permission

# So many texts stand in the table; the rest is counted.
_SHOWN = 100
_LONGEST_TEXT = 80


@tenant_view(Permission.RULES_VIEW)
def message_replay(request: TenantRequest, message_id: uuid.UUID) -> HttpResponse:
    """Show what was done with a text beside what today's rules would do with it."""
    message = get_object_or_404(log.visible_to(request), pk=message_id)
    shown: dict[str, Any] = {"everything": request.GET.get("rules") == "all", "hide": hider(request, message)}
    then = decided.explain(message, **shown)
    now = replaying.by_todays_rules(message, **shown) if then else None
    kind = decided.kind_of(message)
    context = {
        "message": message,
        "theirs": _shown(request, message),
        "then": then,
        "now": now,
        "rows": _compared(then, now) if then and now else [],
        "kind": kind,
        "detail": f"rules:{kind}_rule_detail",
    }
    return render(request, "rules/try_message.html", context)


def _compared(then: Explanation, now: Explanation) -> list[dict[str, Any]]:
    """Return what was and what would be, line by line, marked where they differ."""
    both = [
        (_("Decision"), [then.sentence], [now.sentence]),
        (_("Rule"), [then.rule or _("None")], [now.rule or _("None")]),
        (_("Goes to"), then.destinations, now.destinations),
        (_("Routes, in order"), [one.words for one in then.routes], [one.words for one in now.routes]),
        (_("Time"), [then.hours.reason] if then.hours else [], [now.hours.reason] if now.hours else []),
        (_("Version"), [then.version], [now.version]),
    ]
    return [
        {"label": label, "then": was, "now": would, "differs": list(was) != list(would)}
        for label, was, would in both
        if was or would
    ]


@tenant_view(Permission.RULES_VIEW)
def version_replay(request: TenantRequest, rule_set_id: uuid.UUID) -> HttpResponse:
    """Show what an older version of the rules would do with the last texts."""
    rule_set = get_object_or_404(request.tenant.rule_sets, pk=rule_set_id)
    found = replaying.replay(request.tenant, rule_set.kind, rule_set.document)
    title = _("With version %d") % rule_set.version
    return answer(request, rule_set.kind, found, title)


def answer(request: TenantRequest, kind: str, found: Replay, title: str, **more: Any) -> HttpResponse:
    """Show what would change."""
    context = {
        "replay": found,
        "kind": kind,
        "title": title,
        "rows": [_row(request, change) for change in found.changes[:_SHOWN]],
        "hidden": max(0, len(found.changes) - _SHOWN),
        "limit": replaying.LIMIT,
        "list": f"rules:{kind}_rule_list",
    }
    return render(request, "rules/try_replay.html", context | more)


def _row(request: TenantRequest, change: replaying.Change) -> dict[str, Any]:
    message, hide = change.message, hider(request, change.message)
    body = message.body if len(message.body) <= _LONGEST_TEXT else f"{message.body[:_LONGEST_TEXT]}…"
    return {
        "message": message,
        "theirs": _shown(request, message),
        "body": body,
        "is_erased": decided.is_erased(message),
        "then": hide(change.then.words),
        "now": hide(change.now.words),
        "then_rule": change.then.rule,
        "now_rule": change.now.rule,
    }


def _shown(request: TenantRequest, message: Message) -> str:
    address = message.their_address
    return format_for_people(address) if can(request, Permission.MESSAGES_UNMASKED) else masking.mask(address)
