"""The tags that pages and components share: times, numbers, icons, charts, links that keep the query string."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypedDict

import lucide
from django import template
from django.contrib.messages import constants as levels
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.template.context import Context
from django.utils import dateformat, formats, timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import charts
from rules import e164
from sms.showing import masking
from tenants import clock

register = template.Library()

THEMES = ("light", "dark")
EXACT = "j F Y, H:i:s"


# --- Attributes, icons ---


@register.filter
def html_attrs(attrs: Any) -> SafeString:
    """Write a component's undeclared attributes, each escaped (the library's own output is not)."""
    pairs = attrs.attrs_dict().items()
    written = [
        conditional_escape(name) if value is True else format_html('{}="{}"', name, value)
        for name, value in pairs
        if value is not False and value is not None
    ]
    return format_html_join("", " {}", ((text,) for text in written))


@register.simple_tag
def icon(name: str, size: int = 16, css: str = "") -> SafeString:
    """Draw a decorative icon; the words beside it carry the meaning."""
    return _icon(str(name), int(size), str(css)) if name else SafeString("")


@lru_cache(maxsize=512)
def _icon(name: str, size: int, css: str) -> SafeString:
    # The names come from templates and the drawing from the icon package: nothing a visitor typed.
    drawing = lucide._render_icon(name, size, **{"class": f"icon {css}".strip(), "aria-hidden": "true"})
    return mark_safe(drawing)  # noqa: S308


@register.simple_tag
def tone_icon(tone: str, size: int = 16) -> SafeString:
    """Draw the icon of a tone: good, warn, bad, else info."""
    names = {"good": "circle-check", "warn": "triangle-alert", "bad": "circle-alert"}
    return _icon(names.get(tone, "info"), size, "")


@register.filter
def browser(user_agent: str) -> str:
    """Name the browser and the system that a user agent stands for; unknown ones stay as they are."""
    programs = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
    systems = {
        "iPhone": "iPhone",
        "iPad": "iPad",
        "Android": "Android",
        "Windows": "Windows",
        "Mac OS": "macOS",
        "Linux": "Linux",
    }
    found = [next((name for mark, name in names.items() if mark in user_agent), "") for names in (programs, systems)]
    return " · ".join(filter(None, found)) or user_agent


@register.filter
def initials(name: str) -> str:
    """Return up to two letters that stand for a person."""
    words = [word for word in str(name).replace("@", " ").split() if word[:1].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


# --- Numbers ---


@register.filter
def phone(value: str | None) -> str:
    """Write a number for people; a short code or a name stays as it is."""
    return e164.format_for_people(value) if value else ""


@register.simple_tag(takes_context=True)
def their_number(context: Context, value: str) -> str:
    """Write somebody's number, masked for viewers who may not see whom a text was from or to."""
    can = context.get("can") or {}
    return phone(value) if can.get("messages_unmasked") else masking.mask(value)


@register.filter
def count(value: float | None) -> str:
    """Write a figure with its thousands grouped; nothing known is a dash."""
    return "–" if value is None else formats.number_format(value, force_grouping=True)


# --- Times ---


@register.simple_tag
def moment(value: datetime | None, style: str = "short") -> SafeString:
    """Write a time in the viewer's zone; the exact one shows on hover."""
    if value is None:
        return SafeString("–")
    local = timezone.localtime(value)
    return _time(local, dateformat.format(local, _pattern(local, style)))


def _pattern(local: datetime, style: str) -> str:
    if style in ("full", "date", "time"):
        return {"full": EXACT, "date": "j M Y", "time": "H:i"}[style]
    today = timezone.localtime(clock.now())
    if local.date() == today.date():
        return "H:i"
    return "j M, H:i" if local.year == today.year else "j M Y"


@register.simple_tag
def ago(value: datetime | None) -> SafeString:
    """Write how long ago something was; the exact time shows on hover."""
    if value is None:
        return SafeString(_("never"))
    return _time(timezone.localtime(value), _distance((clock.now() - value).total_seconds()))


def _distance(seconds: float) -> str:
    if seconds < 45:
        return _("just now")
    if seconds < 3600:
        minutes = max(1, round(seconds / 60))
        return ngettext("%d minute ago", "%d minutes ago", minutes) % minutes
    if seconds < 86_400:
        hours = round(seconds / 3600)
        return ngettext("%d hour ago", "%d hours ago", hours) % hours
    days = round(seconds / 86_400)
    return ngettext("%d day ago", "%d days ago", days) % days


def _time(local: datetime, text: str) -> SafeString:
    exact = f"{dateformat.format(local, EXACT)} ({timezone.get_current_timezone_name()})"
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(timespec="seconds"), exact, text)


# --- Links ---


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: object) -> str:
    """Return the page's query string with some parameters changed; None or nothing removes one."""
    parameters = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            parameters.pop(name, None)
        else:
            parameters[name] = str(value)
    return f"?{parameters.urlencode()}"


@register.inclusion_tag("cotton/_sort_th.html", takes_context=True)
def sort_th(context: Context, name: str, label: str, num: bool = False) -> dict[str, object]:
    """Write a column head that sorts by its column; a second click turns the order round."""
    current = context["request"].GET.get("sort", "")
    direction = {name: "ascending", f"-{name}": "descending"}.get(current, "")
    wanted = f"-{name}" if direction == "ascending" else name
    url = query(context, sort=wanted, after=None, before=None)
    return {"label": label, "url": url, "direction": direction, "num": num}


@register.simple_tag(takes_context=True)
def active(context: Context, prefix: str) -> bool:
    """Tell whether the page's view name starts with a prefix."""
    match = context["request"].resolver_match
    return bool(match and match.view_name.startswith(prefix))


# --- The page as a whole ---


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """Return the viewer's choice of light or dark; without one the system decides."""
    request: HttpRequest | None = context.get("request")
    chosen = request.COOKIES.get("theme", "") if request else ""
    return chosen if chosen in THEMES else "system"


class Notice(TypedDict):
    text: object
    tone: str


@register.simple_tag(takes_context=True)
def notices(context: Context) -> dict[str, list[Notice]]:
    """Sort the waiting messages: what went well is a toast, what needs reading stays on the page."""
    found: dict[str, list[Notice]] = {"toasts": [], "alerts": []}
    request: HttpRequest | None = context.get("request")
    for message in get_messages(request) if request else ():
        stays = message.level >= levels.WARNING
        if message.extra_tags in ("toast", "inline"):
            stays = message.extra_tags == "inline"
        found["alerts" if stays else "toasts"].append({"text": message.message, "tone": _tone(message.level)})
    return found


def _tone(level: int) -> str:
    tones = {levels.SUCCESS: "good", levels.WARNING: "warn", levels.ERROR: "bad"}
    return tones.get(level, "info")


# --- Charts ---


@register.inclusion_tag("cotton/_bar_chart.html")
def bar_chart(
    series: Sequence[Mapping[str, Any]], title: str = "", names: Sequence[str] = (), note: str = ""
) -> dict[str, object]:
    """Draw stacked bars as SVG, with the same values as a table for those who read rather than see."""
    chart = charts.bar_chart([(str(row["label"]), row["values"]) for row in series])
    labels = [str(name) for name in names] or [str(title)]
    bars = [{"bar": bar, "hint": _hint(bar, labels)} for bar in chart.bars]
    legend = [{"name": name, "total": total} for name, total in zip(labels, chart.totals, strict=False)]
    return {"chart": chart, "bars": bars, "title": title, "names": labels, "legend": legend, "note": note}


def _hint(bar: charts.Bar, names: Sequence[str]) -> str:
    values = ", ".join(f"{name} {count(value)}" for name, value in zip(names, bar.values, strict=False))
    return f"{bar.label}: {values}"


@register.inclusion_tag("cotton/_sparkline.html")
def sparkline(values: Sequence[float], label: str = "") -> dict[str, object]:
    """Draw a small line without axes."""
    return {"points": charts.line_points(values), "label": label}
