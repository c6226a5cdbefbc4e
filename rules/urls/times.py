"""Addresses of office hours, holidays and who is available."""

from django.urls import path

from rules.views import availability, holidays, hours

_holidays = "t/<slug:slug>/holidays/"
_availability = "t/<slug:slug>/availability/"

urlpatterns = [
    path("t/<slug:slug>/hours/", hours.office_hours, name="office_hours"),
    path(_holidays, holidays.holiday_list, name="holiday_list"),
    path(f"{_holidays}new/", holidays.holiday_new, name="holiday_new"),
    path(f"{_holidays}import/", holidays.holiday_import, name="holiday_import"),
    path(f"{_holidays}delete/", holidays.holiday_delete, name="holiday_delete"),
    path(f"{_holidays}<hexid:holiday_id>/edit/", holidays.holiday_edit, name="holiday_edit"),
    path(_availability, availability.own, name="availability"),
    path(f"{_availability}members/", availability.everybody, name="availability_list"),
    path(f"{_availability}members/<hexid:member_id>/", availability.of_member, name="availability_member"),
]
