"""Change office hours and holidays: rows, audit entry and, since both are part of every rule set, the next versions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from rules import schedule
from rules.changing import versions
from rules.changing.saying import week_in_words
from rules.models import Holiday, OfficeHours
from rules.models.versions import RuleKind
from tenants import audit
from tenants.audit import Actor
from tenants.models import Tenant

Json = dict[str, Any]

HOLIDAYS_AT_MOST = 500


class HolidayError(Exception):
    """A holiday cannot be stored; `field` is the form's field that it is about, the text says what to do."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True, slots=True)
class HolidayDraft:
    """A holiday as it shall be stored: first and last day included, `country` by its two letters or empty."""

    name: str
    starts_on: date
    ends_on: date
    yearly: bool = False
    country: str = ""


def calendar_of(tenant: Tenant) -> schedule.Calendar:
    """Return a tenant's time zone, hours and holidays as they stand."""
    return schedule.Calendar.from_json(versions.calendar_json(tenant))


def week_of(tenant: Tenant) -> Json | None:
    """Return a tenant's office hours as they are stored; None when it is always open."""
    hours = OfficeHours.objects.filter(tenant=tenant).first()
    return hours.week if hours else None


@transaction.atomic
def save_hours(actor: Actor, tenant: Tenant, week: Json | None) -> None:
    """Change a tenant's office hours (a week as rules/schedule.py reads it); None: always open."""
    versions.lock(tenant)
    hours = OfficeHours.objects.filter(tenant=tenant).first()
    before = hours.week if hours else None
    if week == before:
        return
    if week is None:
        OfficeHours.objects.filter(tenant=tenant).delete()
    else:
        hours, _made = OfficeHours.objects.update_or_create(tenant=tenant, defaults={"week": week})
    changes = {"office_hours": [_in_words(before), _in_words(week)]}
    audit.record(actor, "rules.hours.changed", hours, changes, tenant=tenant)
    _write_versions(actor, tenant, _("Office hours changed"))


@transaction.atomic
def save_holiday(actor: Actor, tenant: Tenant, draft: HolidayDraft, holiday: Holiday | None = None) -> Holiday:
    """Add a holiday, or change one.

    Raises:
        HolidayError: it ends before it starts, is there already, or there are too many.
    """
    versions.lock(tenant)
    _check(tenant, draft, but=holiday)
    if holiday is None and tenant.holidays.count() >= HOLIDAYS_AT_MOST:
        raise HolidayError("name", _too_many())
    before = _fields(holiday) if holiday else {}
    holiday = holiday or Holiday(tenant=tenant)
    for field, value in asdict(draft).items():
        setattr(holiday, field, value)
    changes = audit.differences(before, _fields(holiday))
    if changes:
        holiday.save()
        audit.record(actor, f"rules.holiday.{'changed' if before else 'created'}", holiday, changes, tenant=tenant)
        _write_versions(actor, tenant, _("Holiday %s saved") % holiday.name)
    return holiday


@transaction.atomic
def delete_holidays(actor: Actor, tenant: Tenant, holidays: Sequence[Holiday]) -> None:
    """Delete holidays; each has its audit entry."""
    versions.lock(tenant)
    rows = tenant.holidays.filter(pk__in=[holiday.pk for holiday in holidays])
    names = [holiday.name for holiday in rows]
    for holiday in rows:
        audit.record(actor, "rules.holiday.deleted", holiday, _fields(holiday), tenant=tenant)
    rows.delete()
    _write_versions(actor, tenant, _("Holidays deleted: %s") % ", ".join(names))


@transaction.atomic
def import_holidays(actor: Actor, tenant: Tenant, drafts: Sequence[HolidayDraft]) -> list[Holiday]:
    """Add those holidays that are not there yet, all or none; returns what was added.

    Raises:
        HolidayError: one of them cannot be stored, or there would be too many.
    """
    versions.lock(tenant)
    known = set(tenant.holidays.values_list("name", "starts_on"))
    fresh = {(draft.name, draft.starts_on): draft for draft in drafts if (draft.name, draft.starts_on) not in known}
    if len(known) + len(fresh) > HOLIDAYS_AT_MOST:
        raise HolidayError("", _too_many())
    for draft in fresh.values():
        _check(tenant, draft, but=None)
    added = Holiday.objects.bulk_create(Holiday(tenant=tenant, **asdict(draft)) for draft in fresh.values())
    if added:
        noted = {"count": len(added), "names": [f"{one.name} {one.starts_on}" for one in added]}
        audit.record(actor, "rules.holidays.imported", None, noted, tenant=tenant)
        _write_versions(actor, tenant, _("%s holidays imported") % len(added))
    return added


def follow_time_zone(*, tenant: Tenant, actor: Actor, **_signal: Any) -> None:
    """Write the next versions after a tenant's time zone has changed, inside that transaction."""
    _write_versions(actor, tenant, _("Time zone changed to %s") % tenant.time_zone)


def _write_versions(actor: Actor, tenant: Tenant, note: str) -> None:
    for kind in RuleKind:
        versions.save(actor, tenant, kind, note=note)


def _check(tenant: Tenant, draft: HolidayDraft, *, but: Holiday | None) -> None:
    if draft.ends_on < draft.starts_on:
        raise HolidayError("ends_on", _("The last day is before the first: change one of them."))
    if draft.yearly and draft.ends_on - draft.starts_on >= timedelta(days=365):
        raise HolidayError("ends_on", _("A holiday of every year is shorter than a year: choose an earlier last day."))
    same = tenant.holidays.filter(name=draft.name, starts_on=draft.starts_on)
    if (same.exclude(pk=but.pk) if but else same).exists():
        raise HolidayError("name", _("This holiday is there already, on the same day. Change that one instead."))


def _too_many() -> str:
    return _("There is room for %s holidays. Delete some that are past first.") % HOLIDAYS_AT_MOST


def _fields(holiday: Holiday) -> Json:
    return {
        "name": holiday.name,
        "starts_on": holiday.starts_on.isoformat(),
        "ends_on": holiday.ends_on.isoformat(),
        "yearly": holiday.yearly,
        "country": holiday.country,
    }


def _in_words(week: Json | None) -> str:
    return _("always open") if week is None else week_in_words(schedule.Week.from_json(week))
