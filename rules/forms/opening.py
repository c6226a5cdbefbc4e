"""Say whether what waits for an opening would ever leave."""

from typing import Any

from rules.changing import versions
from rules.schedule import Calendar, Week, read_holidays
from tenants import clock
from tenants.models import Tenant


def ever_opens(tenant: Tenant, hours: dict[str, Any] | None, holidays: list[dict[str, Any]] | None = None) -> bool:
    """Say whether there is an opening to come, by a rule's own hours and holidays or else by the company's."""
    calendar = Calendar.from_json(versions.calendar_json(tenant))
    week = None if hours is None else Week.from_json(hours)
    own = None if holidays is None else read_holidays(holidays)
    return calendar.with_own(week, own).next_opening(clock.now()) is not None
