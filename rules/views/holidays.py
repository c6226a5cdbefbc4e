"""Holidays: the list, one to enter, a country's list to choose from, the question before deleting."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib import messages
from django.db.models import CharField, Q
from django.db.models.functions import Cast, Lower
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rules import schedule
from rules.forms.holidays import CountryForm, HolidayForm
from rules.models import Holiday
from rules.times import calendars
from rules.times.calendars import HolidayDraft, HolidayError
from rules.times.public_holidays import PublicHoliday
from tenants import clock, listing, places
from tenants.access import TenantRequest, tenant_view
from tenants.roles import Permission

LIST = "rules:holiday_list"
COLUMNS: listing.Columns = {
    "name": Lower("name"),
    "day": Cast("starts_on", CharField()),
    "country": "country",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A holiday in the list: its first day this time, or None when it is past; whether it is today."""

    holiday: Holiday
    country: str
    next_on: date | None
    is_today: bool


@dataclass(frozen=True, slots=True)
class Offered:
    """A holiday of a country's list; `there` says by which holiday its days are free already ("" = they are not)."""

    holiday: PublicHoliday
    there: str

    @property
    def key(self) -> str:
        """What the form sends for it: a list has one holiday a day."""
        return self.holiday.first.isoformat()


@tenant_view(Permission.TENANT_EDIT)
def holiday_list(request: TenantRequest) -> HttpResponse:
    """List the holidays to come by day, with search; those that are past on demand."""
    q, today = request.GET.get("q", "").strip(), _today(request)
    past = "past" if request.GET.get("past") == "past" else ""
    holidays = request.tenant.holidays.all()
    if not past:
        holidays = holidays.filter(Q(ends_on__gte=today) | Q(yearly=True))
    if q:
        codes = [code for code, name in places.countries() if q.casefold() in name.casefold()]
        holidays = holidays.filter(Q(name__icontains=q) | Q(country__in=codes))
    page = listing.page(holidays, request, columns=COLUMNS, default="day")
    context = {
        "page": page,
        "rows": [_row(holiday, today) for holiday in page.rows],
        "q": q,
        "past": past,
        "times": [("past", _("Past and coming"))],
        "any": bool(page.rows) or request.tenant.holidays.exists(),
    }
    return render(request, "rules/holiday_list.html", context)


@tenant_view(Permission.TENANT_EDIT)
def holiday_new(request: TenantRequest) -> HttpResponse:
    """Add a holiday."""
    return _form_page(request, None)


@tenant_view(Permission.TENANT_EDIT)
def holiday_edit(request: TenantRequest, holiday_id: uuid.UUID) -> HttpResponse:
    """Change a holiday."""
    return _form_page(request, get_object_or_404(request.tenant.holidays, pk=holiday_id))


@tenant_view(Permission.TENANT_EDIT)
def holiday_delete(request: TenantRequest) -> HttpResponse:
    """Ask whether the holidays that `ids` name shall go, then delete them."""
    asked = request.POST if request.method == "POST" else request.GET
    chosen = list(request.tenant.holidays.filter(pk__in=_ids(asked.getlist("ids"))))
    if not chosen:
        return redirect(LIST, request.tenant.slug)
    if request.method == "POST" and "confirm" in request.POST:
        calendars.delete_holidays(request.actor, request.tenant, chosen)
        text = ngettext("%s holiday is deleted.", "%s holidays are deleted.", len(chosen))
        messages.success(request, text % len(chosen))
        return redirect(LIST, request.tenant.slug)
    context = {"holidays": chosen, "cancel_url": reverse(LIST, args=[request.tenant.slug])}
    return render(request, "rules/holiday_delete.html", context)


@tenant_view(Permission.TENANT_EDIT)
def holiday_import(request: TenantRequest) -> HttpResponse:
    """Show a country's public holidays with those ticked that are not free yet; add what stays ticked."""
    asked = request.POST if request.method == "POST" else request.GET
    form = CountryForm(asked, country=request.tenant.country, year=_today(request).year)
    offered = _offered(request, form.found)
    if request.method == "POST":
        picked = set(request.POST.getlist("pick"))
        chosen = [one.holiday for one in offered if one.key in picked]
        if _import(request, form.cleaned_data.get("country", ""), chosen):
            return redirect(LIST, request.tenant.slug)
    context = {"form": form, "offered": offered, "cancel_url": reverse(LIST, args=[request.tenant.slug])}
    return render(request, "rules/holiday_import.html", context)


def _import(request: TenantRequest, country: str, chosen: Sequence[PublicHoliday]) -> bool:
    if not chosen:
        messages.warning(request, _("Nothing was added: tick the holidays on which you are closed."))
        return False
    drafts = [HolidayDraft(one.name, one.first, one.last, country=country) for one in chosen]
    try:
        added = calendars.import_holidays(request.actor, request.tenant, drafts)
    except HolidayError as error:
        messages.error(request, str(error))
        return False
    text = ngettext("%s holiday is added.", "%s holidays are added.", len(added))
    messages.success(request, text % len(added))
    return True


def _form_page(request: TenantRequest, holiday: Holiday | None) -> HttpResponse:
    form = HolidayForm(request.POST or None, holiday=holiday)
    if request.method == "POST" and form.is_valid():
        try:
            saved = calendars.save_holiday(request.actor, request.tenant, form.draft, holiday)
        except HolidayError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": saved.name})
            return redirect(f"{reverse(LIST, args=[request.tenant.slug])}?selected={saved.pk.hex}")
    context = {"form": form, "holiday": holiday, "cancel_url": reverse(LIST, args=[request.tenant.slug])}
    return render(request, "rules/holiday_form.html", context)


def _today(request: TenantRequest) -> date:
    return clock.now().astimezone(request.tenant.zone).date()


def _read(holiday: Holiday) -> schedule.Holiday:
    return schedule.Holiday(holiday.name, holiday.starts_on, holiday.ends_on, holiday.yearly)


def _row(holiday: Holiday, today: date) -> Row:
    next_on = _next_on(_read(holiday), today)
    return Row(holiday, places.country_name(holiday.country), next_on, next_on == today)


def _next_on(holiday: schedule.Holiday, today: date) -> date | None:
    """Return the next day, from today on, that is free; None when it is past."""
    if not holiday.yearly:
        return max(holiday.start, today) if holiday.end >= today else None
    return next(filter(holiday.holds, (today + timedelta(days=ahead) for ahead in range(367))), None)


def _offered(request: TenantRequest, found: Sequence[PublicHoliday]) -> list[Offered]:
    known = [_read(holiday) for holiday in request.tenant.holidays.all()]
    return [Offered(one, _free_by(one, known)) for one in found]


def _free_by(found: PublicHoliday, known: Sequence[schedule.Holiday]) -> str:
    both = (holiday.name for holiday in known if holiday.holds(found.first) and holiday.holds(found.last))
    return next(both, "")


def _ids(texts: Sequence[str]) -> list[uuid.UUID]:
    found = []
    for text in texts:
        try:
            found.append(uuid.UUID(text))
        except ValueError:
            continue
    return found
