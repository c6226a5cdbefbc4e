"""Office hours: when the company is open, what it is now, and when it opens next."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from rules.forms.office_hours import OfficeHoursForm
from rules.times import calendars, telling
from tenants import clock
from tenants.access import TenantRequest, tenant_view
from tenants.roles import Permission


@tenant_view(Permission.TENANT_EDIT)
def office_hours(request: TenantRequest) -> HttpResponse:
    """Show and change a tenant's office hours."""
    form = OfficeHoursForm(request.POST or None, initial={"hours": calendars.week_of(request.tenant)})
    if request.method == "POST" and form.is_valid():
        calendars.save_hours(request.actor, request.tenant, form.cleaned_data["hours"])
        messages.success(request, _("The office hours are saved. Rules follow them from now on."))
        return redirect("rules:office_hours", request.tenant.slug)
    calendar, now = calendars.calendar_of(request.tenant), clock.now()
    context = {"form": form, "now": telling.now(calendar, now), "holidays": len(calendar.holidays)}
    return render(request, "rules/office_hours.html", context)
