"""The message log and one message's page."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from django_stubs_ext import StrOrPromise

from rules.e164 import format_for_people
from sms import conversations, delivering, errors, outbound, rerouting, segments
from sms.composing import registration, writing
from sms.models import Direction, Message
from sms.showing import log, masking, remedies, threads, timeline
from sms.trying import decided
from tenants import keyset
from tenants.access import TenantRequest, can, tenant_view
from tenants.roles import Permission

STATE_CHOICES = [
    ("", _("Any state")),
    ("waiting", _("Waiting")),
    ("sent", _("Sent")),
    ("delivered", _("Delivered")),
    ("failed", _("Failed")),
    ("canceled", _("Canceled")),
    ("unknown", _("Unknown outcome")),
    ("unrouted", _("Not routed")),
    ("held", _("Held")),
    ("stranded", _("Destination not reached")),
]
DIRECTION_CHOICES = [("", _("In and out")), ("in", _("Received")), ("out", _("Sent"))]


def _shown(request: TenantRequest, address: str) -> str:
    return format_for_people(address) if can(request, Permission.MESSAGES_UNMASKED) else masking.mask(address)


@tenant_view(Permission.MESSAGES_VIEW)
def message_list(request: TenantRequest) -> HttpResponse:
    """Show the log, newest first."""
    found = log.found(request)
    shown = found.rows.select_related("configuration").defer("raw", "decision")
    page = keyset.page(shown, request, among=found.among)
    names = ("q", "direction", "state", "code", "from", "to")
    rows = [
        {
            "message": message,
            "problem": errors.explain(message.error_code) if message.error_code else None,
            "theirs": _shown(request, message.their_address),
            "ours": format_for_people(message.our_address),
            "state": threads.state_of(message),
        }
        for message in page.rows
    ]
    context = {
        "page": page,
        "rows": rows,
        "states": STATE_CHOICES,
        "directions": DIRECTION_CHOICES,
        "codes": log.codes(request.tenant, request.GET.get("code", "")),
        "filters": {name: request.GET.get(name, "") for name in names},
        "narrowed": any(request.GET.get(name) for name in names),
    }
    return render(request, "sms/message_list.html", context)


def _message(request: TenantRequest, message_id: uuid.UUID) -> Message:
    return get_object_or_404(
        log.visible_to(request).select_related("configuration__account", "conversation"), pk=message_id
    )


@tenant_view(Permission.MESSAGES_VIEW)
def message_detail(request: TenantRequest, message_id: uuid.UUID) -> HttpResponse:
    """Show one message: what it says, what happened to it, and why it went where it went."""
    message = _message(request, message_id)
    context = {
        "message": message,
        "theirs": _shown(request, message.their_address),
        "state": threads.state_of(message),
        "problem": _problem(request, message),
        "conversation": _conversation_id(request, message),
        "reason": "" if message.error_code else threads.reason_of(message),
        "again": remedies.can_be_sent_again(message),
        "events": timeline.of(message),
        "decided": decided.explain(message, everything=request.GET.get("rules") == "all", hide=hider(request, message)),
        "kind": decided.kind_of(message),
        "detail": f"rules:{decided.kind_of(message)}_rule_detail",
        "sender_steps": _sender_steps(request, message),
        "concern": _concern(message),
        "count": segments.count(message.body),
        "failed": message.deliveries.filter(state="exhausted", kind__in=delivering.REPLAYABLE),
    }
    return render(request, "sms/message_detail.html", context)


def _problem(request: TenantRequest, message: Message) -> remedies.Problem | None:
    """Return Twilio's error about a text, with who must act and the button for this visitor."""
    if not message.error_code:
        return None
    return remedies.of(request, errors.explain(message.error_code), message=message)


def _concern(message: Message) -> registration.Concern | None:
    """Return what speaks against the sender that was taken, as it is known by now."""
    if message.direction != Direction.OUT or message.configuration is None or message.provider_status == "delivered":
        return None
    return registration.of_way(message.configuration, message.our_address, message.their_address)


def _conversation_id(request: TenantRequest, message: Message) -> uuid.UUID | None:
    """Return the text's conversation, if the visitor may read it: the log can show more than the inbox."""
    if message.conversation_id is None:
        return None
    seen = conversations.visible_to(request.tenant, request.member).filter(pk=message.conversation_id)
    return message.conversation_id if seen.exists() else None


def _sender_steps(request: TenantRequest, message: Message) -> list[dict[str, Any]]:
    """Return why each possible sender was taken or not."""
    hide = hider(request, message)
    steps = message.decision.get("sender", {}).get("steps", [])
    return [{"name": step["name"], "taken": step["taken"], "reason": hide(step["reason"])} for step in steps]


def hider(request: TenantRequest, message: Message) -> Callable[[str], str]:
    """Return what masks their number in sentences, for visitors who may not see it."""
    if can(request, Permission.MESSAGES_UNMASKED):
        return str
    facts = message.decision.get("facts", {})
    addresses = (message.their_address, str(facts.get("to", "")), str(facts.get("their_address", "")))
    return lambda text: masking.hide(text, *addresses)


def _answer(request: TenantRequest, message: Message, done: bool, yes: StrOrPromise, no: StrOrPromise) -> HttpResponse:
    """Say what became of a request about a text, on its page."""
    messages.add_message(request, messages.SUCCESS if done else messages.WARNING, yes if done else no)
    return redirect("sms:message_detail", request.tenant.slug, message.id)


@require_POST
@tenant_view(Permission.RULES_EDIT)
def message_route_again(request: TenantRequest, message_id: uuid.UUID) -> HttpResponse:
    """Route a text that no rule had taken by the rules of today."""
    message = _message(request, message_id)
    done = rerouting.route_again(request.actor, message)
    return _answer(
        request,
        message,
        done,
        _("The text is routed now."),
        _("No rule fits this text yet. Add one, or a last rule for all numbers."),
    )


@require_POST
@tenant_view(Permission.MESSAGES_SEND)
def message_cancel(request: TenantRequest, message_id: uuid.UUID) -> HttpResponse:
    """Cancel a text that has not left yet."""
    message = _message(request, message_id)
    done = outbound.cancel(request.actor, message)
    return _answer(request, message, done, _("The text is canceled."), _("Too late: the text has left already."))


@require_POST
@tenant_view(Permission.MESSAGES_SEND)
def message_send_again(request: TenantRequest, message_id: uuid.UUID) -> HttpResponse:
    """Send a text again that failed, or whose outcome is unknown: knowingly, since it may arrive twice."""
    message = _message(request, message_id)
    hindered = writing.hindrance(request.tenant, request.member, message.conversation)
    if hindered:
        return _answer(request, message, False, "", hindered.text)
    done = outbound.send_again(request.actor, message)
    return _answer(
        request,
        message,
        done,
        _("The text is queued again."),
        _("Only texts that failed, or whose outcome is unknown, can be sent again."),
    )


@require_POST
@tenant_view(Permission.MESSAGES_SEND)
def message_mark_as_sent(request: TenantRequest, message_id: uuid.UUID) -> HttpResponse:
    """Settle a text of unknown outcome: the other end has it."""
    message = _message(request, message_id)
    done = outbound.mark_as_sent(request.actor, message)
    return _answer(
        request, message, done, _("The text is marked as sent."), _("Only texts of unknown outcome can be marked.")
    )
