"""Tags and components: what they write, and that nothing a visitor typed slips through unescaped."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib import messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.http import HttpRequest
from django.template import engines
from django.test import RequestFactory
from django.utils import timezone

from portal.templatetags.ui import icon
from tenants import clock

TEMPLATES = Path(settings.BASE_DIR) / "templates"
NOW = datetime(2026, 3, 12, 14, 32, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _still() -> Iterator[None]:
    with clock.frozen(NOW), timezone.override("Europe/Madrid"):
        yield


def render(source: str, request: HttpRequest | None = None, **context: Any) -> str:
    """Render a piece of template; component tags are compiled as in files."""
    from django_cotton.compiler_regex import CottonCompiler

    return engines["django"].from_string(CottonCompiler().process(source)).render(context, request)


def visit(path: str = "/", **cookies: str) -> HttpRequest:
    request = RequestFactory().get(path)
    request.COOKIES.update(cookies)
    return request


def test_a_time_of_today_is_short_in_the_viewers_zone_and_exact_on_hover() -> None:
    html = render("{% moment at %}", at=NOW)
    assert ">15:32</time>" in html
    assert "12 March 2026, 15:32:05 (Europe/Madrid)" in html


@pytest.mark.parametrize(
    ("age", "text"),
    [(timedelta(days=1), "11 Mar, 15:32"), (timedelta(days=400), "5 Feb 2025")],
)
def test_an_older_time_says_its_day(age: timedelta, text: str) -> None:
    assert f">{text}</time>" in render("{% moment at %}", at=NOW - age)


@pytest.mark.parametrize(
    ("age", "text"),
    [(5, "just now"), (60, "1 minute ago"), (7200, "2 hours ago"), (3 * 86_400, "3 days ago")],
)
def test_ago_counts_in_the_largest_fitting_unit(age: int, text: str) -> None:
    assert f">{text}</time>" in render("{% ago at %}", at=NOW - timedelta(seconds=age))


def test_an_unknown_time_or_figure_is_not_an_error() -> None:
    assert render("{% moment None %} {% ago None %} {{ None|count }}") == "– never –"


def test_numbers_are_formatted_for_people_and_names_stay() -> None:
    assert render("{{ a|phone }} {{ b|phone }}", a="+12027594810", b="ACME") == "+1 202-759-4810 ACME"


def test_what_a_component_passes_through_is_escaped() -> None:
    html = render('<c-button label="x" :data-name="name" only />', name='"><script>')
    assert "<script>" not in html
    assert 'data-name="&quot;&gt;&lt;script&gt;"' in html


def test_false_attributes_are_left_out_and_true_ones_stand_alone() -> None:
    html = render('<c-button label="x" disabled :autofocus="off" only />', off=False)
    assert " disabled>" in html
    assert "autofocus" not in html


def test_query_keeps_the_other_parameters() -> None:
    assert render('{% query q="x" page=None %}', visit("/?page=2&sort=name")) == "?sort=name&amp;q=x"


def test_a_sorted_column_says_so_and_turns_round() -> None:
    html = render('{% sort_th "name" "Name" %}', visit("/?sort=name"))
    assert 'aria-sort="ascending"' in html
    assert 'href="?sort=-name"' in html


@pytest.mark.parametrize(("cookie", "shown"), [("dark", "dark"), ("light", "light"), ('"><b>', "system")])
def test_the_theme_cookie_is_believed_only_when_known(cookie: str, shown: str) -> None:
    assert render("{% theme %}", visit(theme=cookie)) == shown


def test_good_news_is_a_toast_and_bad_news_stays_on_the_page() -> None:
    request = visit()
    request.session = {}  # type: ignore[assignment]
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]
    messages.success(request, "Saved.")
    messages.error(request, "Twilio refused.")
    messages.info(request, "Read me.", extra_tags="inline")
    toasts, alerts = (
        "{% for t in n.toasts %}{{ t.text }}{% endfor %}",
        "{% for a in n.alerts %}{{ a.tone }} {% endfor %}",
    )
    assert render("{% notices as n %}" + toasts + "|" + alerts, request) == "Saved.|bad info "


def test_a_chart_carries_its_values_as_a_table() -> None:
    html = render(
        '{% bar_chart series title="Today" names=names %}',
        series=[{"label": "09:00", "values": [12, 7]}],
        names=["In", "Out"],
    )
    assert "<title>09:00: In 12, Out 7</title>" in html
    assert re.search(r'<th scope="row">09:00</th>\s*<td>12</td>\s*<td>7</td>', html)


@pytest.mark.parametrize("path", sorted(str(p.relative_to(TEMPLATES)) for p in TEMPLATES.rglob("*.html")))
def test_templates_hold_nothing_that_the_content_policy_forbids(path: str) -> None:
    text = (TEMPLATES / path).read_text()
    assert not re.search(r"\sstyle\s*=|<style|\son[a-z]+\s*=\s*[\"']|hx-on|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


def test_every_icon_that_the_code_names_exists() -> None:
    """A name that the icon package does not know ends in an error page."""
    named = set()
    for folder in ("portal", "sms", "tenants", "rules"):
        for path in Path(settings.BASE_DIR, folder).rglob("*.py"):
            named |= set(re.findall(r'Concern\("\w+", "([a-z0-9-]+)"', path.read_text()))
            named |= set(re.findall(r'\("(?:good|bad|warn|neutral)", "([a-z0-9-]+)"\)', path.read_text()))
            named |= set(re.findall(r'"(?:good|bad|warn|neutral)", "([a-z0-9-]+)"\)', path.read_text()))
            named |= set(re.findall(r'icon="([a-z0-9-]+)"', path.read_text()))
    for path in Path(settings.BASE_DIR, "templates").rglob("*.html"):
        named |= set(re.findall(r'(?:icon=|{% icon )"([a-z0-9-]+)"', path.read_text()))
    assert {"circle-question-mark", "octagon-pause", "circle-pause", "send-horizontal", "pencil"} <= named
    for name in named:
        assert "<svg" in icon(name), name
