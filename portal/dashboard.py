"""A tenant's dashboard."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from rules.e164 import format_for_people
from sms import conversations
from sms.health import showing as health
from sms.setup import first_hour
from sms.showing import figures, log, masking, reasons
from sms.showing.figures import Figures
from sms.views.trunks import may_add
from tenants import clock
from tenants.access import TenantRequest, can, tenant_view
from tenants.roles import Permission, Role

_RECENT = 6
_CHARTS = {
    "today": _lazy("Texts of today, by hour"),
    "week": _lazy("Texts of seven days"),
    "month": _lazy("Texts of thirty days"),
}


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that somebody should look at."""

    tone: str
    icon: str
    text: str
    url: str


@tenant_view(Permission.TENANT_VIEW)
def dashboard(request: TenantRequest) -> HttpResponse:
    """Show today's figures, what needs attention, and the steps that are still to be done."""
    now = timezone.localtime(clock.now())
    span = request.GET.get("chart", "")
    span = span if span in _CHARTS else "week"
    days = figures.LONG_DAYS if span == "month" else figures.DAYS
    whole = request.tenant if can(request, Permission.MESSAGES_VIEW_ALL) else None
    found = figures.read(log.visible_to(request), now, days=days, counted_for=whole)
    since = now - timedelta(days=figures.DAYS)
    joined = figures.configurations(request.tenant, since)
    works = any(c.last_in_at for c in joined) and any(c.last_out_at for c in joined)
    first_hour_context = {} if works else _first_hour(request, joined)
    steps = first_hour_context.get("steps", [])
    context = {
        "stats": _stats(request, found, now),
        "by_month": span == "month",
        "by_week": span == "week",
        "by_hour": span == "today",
        "chart": _chart(found, span),
        "chart_title": _CHARTS[span],
        "chart_names": [_("Received"), _("Sent")],
        "concerns": [
            *_about_texts(request, found, since),
            *_about_configurations(request, joined, is_set_up=not steps),
        ],
        "steps": steps,
        **first_hour_context,
        "is_new": bool(steps) and not any(slot.received or slot.sent for slot in found.days),
        "reasons": _reasons(request, found, now, joined),
        "recent": _recent(request),
    }
    return render(request, "portal/dashboard.html", context)


def _first_hour(request: TenantRequest, joined: list[Any]) -> dict[str, Any]:
    """Return what is to be done before texts flow; people who cannot do it see only what they wait for."""
    visitor = first_hour.Visitor(
        may=lambda permission: can(request, permission),
        adds_trunks=may_add(request),
        is_system=request.managing is not None,
    )
    steps = first_hour.checklist(request.tenant, joined, visitor)
    left = [step for step in steps if not step.done]
    if not left:
        return {}
    if not can(request, Permission.CONFIGURATIONS_VIEW):
        administrators = request.tenant.members.filter(enabled=True, role=Role.ADMIN).order_by("name")
        return {"steps": [], "waits_for": left[0], "who_does_it": [str(one) for one in administrators[:3]]}
    shown = [{"step": step, "current": step is left[0]} for step in steps]
    return {"steps": shown, "done_count": len(steps) - len(left), "step_count": len(steps)}


def _stats(request: TenantRequest, found: Figures, now: datetime) -> list[dict[str, Any]]:
    """Return the four figures of today, each with the list it counts."""
    day = now.date().isoformat()

    def stat(label: str, value: int, hint: str = "", tone: str = "neutral", **filters: str) -> dict[str, Any]:
        url = _log(request, **filters, **{"from": day, "to": day})
        return {"label": label, "value": value, "hint": hint, "tone": tone, "url": url}

    waiting = ngettext("%d waits", "%d wait", found.waiting) % found.waiting if found.waiting else ""
    share = _("%d %% of those sent") % round(100 * found.delivered / found.sent) if found.sent else ""
    return [
        stat(_("Received today"), found.received, direction="in"),
        stat(_("Sent today"), found.sent, waiting, direction="out"),
        stat(_("Delivered today"), found.delivered, share, direction="out", state="delivered"),
        stat(
            _("Failed today"), found.failed, tone="bad" if found.failed else "neutral", direction="out", state="failed"
        ),
    ]


def _log(request: TenantRequest, **filters: str) -> str:
    return f"{reverse('sms:message_list', args=[request.tenant.slug])}?{urlencode(filters)}"


def _chart(found: Figures, span: str) -> list[dict[str, Any]]:
    slots = found.hours if span == "today" else found.days
    style = {"today": "H:i", "week": "D", "month": "j M"}[span]
    return [{"label": date_format(slot.at, style), "values": [slot.received, slot.sent]} for slot in slots]


def _about_texts(request: TenantRequest, found: Figures, since: datetime) -> Iterator[Concern]:
    """Say which texts of the last days need somebody, with the list that shows them."""
    lately = {"from": since.date().isoformat()}
    if found.unrouted:
        words = ngettext(
            "%d text came in that no rule leads anywhere",
            "%d texts came in that no rule leads anywhere",
            found.unrouted,
        )
        yield Concern("warn", "circle-question-mark", words % found.unrouted, _log(request, state="unrouted", **lately))
    if found.unknown:
        words = ngettext(
            "%d text may or may not have been sent", "%d texts may or may not have been sent", found.unknown
        )
        yield Concern("warn", "circle-alert", words % found.unknown, _log(request, state="unknown", **lately))
    if found.held:
        words = ngettext("%d text is held", "%d texts are held", found.held)
        yield Concern("warn", "circle-pause", words % found.held, _log(request, state="held", **lately))
    if found.failed_lately:
        words = ngettext("%d text failed in seven days", "%d texts failed in seven days", found.failed_lately)
        yield Concern("bad", "circle-x", words % found.failed_lately, _log(request, state="failed", **lately))
    lost = figures.undelivered_to_destination(request.tenant, since) if can(request, Permission.RULES_VIEW) else 0
    if lost:
        words = ngettext("%d text did not reach its destination", "%d texts did not reach their destination", lost)
        url = f"{reverse('sms:delivery_list', args=[request.tenant.slug])}?{urlencode(lately)}"
        yield Concern("bad", "mail-x", words % lost, url)


def _about_configurations(request: TenantRequest, joined: list[Any], *, is_set_up: bool) -> Iterator[Concern]:
    if not can(request, Permission.CONFIGURATIONS_VIEW):
        return
    # Until then the steps say what is missing.
    lights = health.worst(joined) if is_set_up else {}
    for configuration in joined:
        url = configuration.get_absolute_url()
        light = lights.get(configuration.pk)
        # Said below, in words of their own.
        is_said = light is not None and light.aspect == ("outbound" if configuration.held_reason else "signature")
        if light is not None and light.is_trouble and configuration.enabled and not is_said:
            page = reverse("sms:configuration_health", args=[request.tenant.slug, configuration.pk])
            yield Concern(light.tone, "heart-pulse", health.concern(configuration, light), page)
        if configuration.held_reason:
            text = _("“%s” has stopped sending: look at its account") % configuration.name
            yield Concern("bad", "octagon-pause", text, url)
        if configuration.refused:
            words = ngettext(
                "“%(name)s” refused %(count)d request: wrong signature or address",
                "“%(name)s” refused %(count)d requests: wrong signature or address",
                configuration.refused,
            )
            text = words % {"name": configuration.name, "count": configuration.refused}
            yield Concern("bad", "shield-alert", text, url)


def _reasons(request: TenantRequest, found: Figures, now: datetime, joined: list[Any]) -> list[dict[str, Any]]:
    """Return why texts failed today, each reason with the list it counts; no query on a day without failures."""
    if not found.failed:
        return []
    midnight, day = now.replace(hour=0, minute=0, second=0, microsecond=0), now.date().isoformat()
    counted = reasons.since(request, log.visible_to(request), midnight, joined)
    return [
        {
            "reason": reason,
            "words": _failed_for(reason.count),
            "url": _log(request, state="failed", code=reason.problem.info.code, **{"from": day, "to": day}),
        }
        for reason in counted
    ]


def _failed_for(count: int) -> str:
    if count >= reasons.MOST_COUNTED:
        return _("More than %s") % f"{count:,}"
    return ngettext("%d text", "%d texts", count) % count


def _recent(request: TenantRequest) -> list[dict[str, Any]]:
    """Return the conversations that moved last; viewers see that they did, not with whom."""
    rows = conversations.with_unread(conversations.visible_to(request.tenant, request.member), request.member)
    shown = format_for_people if can(request, Permission.MESSAGES_UNMASKED) else masking.mask
    return [
        {"row": row, "name": row.contact_name or shown(row.their_address)}
        for row in rows.order_by("-last_message_at", "-id")[:_RECENT]
    ]
