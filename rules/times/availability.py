"""Who can be given a conversation now: members who are enabled, have not switched off, and are within their hours.

A member's own hours are read in the time zone of the tenant, as office hours are; without any he is there at any hour.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from rules.changing.saying import week_in_words
from rules.reading import ConditionError
from rules.schedule import Calendar, Week
from tenants import audit
from tenants.audit import Actor
from tenants.models import Group, Member, Tenant


class Absence(StrEnum):
    """Why a member is not available."""

    DISABLED = "disabled"
    SWITCHED_OFF = "switched_off"
    OFF_HOURS = "off_hours"


def is_available(member: Member, at: datetime) -> bool:
    """Say whether a member can be given a conversation at an instant (aware)."""
    return absence(member, at) is None


def absence(member: Member, at: datetime) -> Absence | None:
    """Say why a member is not available at an instant (aware); None when he is. Reads `member.user` and `.tenant`."""
    if not member.enabled or not member.user.is_active:
        return Absence.DISABLED
    if not member.available:
        return Absence.SWITCHED_OFF
    return None if _within_hours(member, at) else Absence.OFF_HOURS


def available_members(group: Group, at: datetime) -> list[Member]:
    """Return those of a group, by name, who can be given a conversation at an instant (aware): one query."""
    tenant: Tenant = group.tenant
    members = tenant.members.filter(group_members__group=group, enabled=True, available=True)
    return [member for member in members.select_related("user") if is_available(member, at)]


def own_calendar(member: Member) -> Calendar | None:
    """Return a member's own hours in the tenant's time zone; None when he is there at any hour."""
    if member.hours is None:
        return None
    try:
        return Calendar(member.tenant.zone, Week.from_json(member.hours))
    except ConditionError:
        # What cannot be read keeps nobody from getting texts.
        return None


@transaction.atomic
def switch(actor: Actor, member: Member, available: bool) -> None:
    """Switch a member available or not; nothing is written when he is so already."""
    if Member.objects.filter(pk=member.pk, available=not available).update(available=available):
        member.available = available
        action = f"tenants.member.{'available' if available else 'unavailable'}"
        audit.record(actor, action, member, tenant=member.tenant)


@transaction.atomic
def set_hours(actor: Actor, member: Member, week: dict[str, Any] | None) -> None:
    """Change a member's own hours (a week as rules/schedule.py reads it); None: at any hour."""
    before = Member.objects.select_for_update(no_key=True).get(pk=member.pk).hours
    if week == before:
        return
    Member.objects.filter(pk=member.pk).update(hours=week)
    member.hours = week
    changes = {"hours": [_in_words(before), _in_words(week)]}
    audit.record(actor, "tenants.member.hours_changed", member, changes, tenant=member.tenant)


def _in_words(week: dict[str, Any] | None) -> str:
    try:
        return _("at any hour") if week is None else week_in_words(Week.from_json(week))
    except ConditionError as error:
        return str(error)


def _within_hours(member: Member, at: datetime) -> bool:
    calendar = own_calendar(member)
    return calendar is None or calendar.week.is_open(calendar.local(at))
