"""The tag by which the pages of members, which know nothing of rules, say who is available."""

from django import template

from rules.times import availability
from tenants import clock
from tenants.models import Member

register = template.Library()


@register.simple_tag
def absence_of(member: Member) -> str:
    """Return why a member is not available now; "" when he is."""
    return availability.absence(member, clock.now()) or ""
