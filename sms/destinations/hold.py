"""Hold: the text waits until the office opens; then the rules of that moment decide, exactly once."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from rules.schedule import DAY_NAMES, MONTH_NAMES
from rules.targets import Hold
from sms.destinations import Arrival, finish
from sms.models import Delivery
from tenants.failpoints import failpoint

TITLE = gettext_noop("Held until %(label)s")
REMOTE, REPLAYABLE = False, True
LADDER = (5, 30, 120, 600, 3600)
LONGEST = timedelta(days=30)


def place(delivery: Delivery, arrival: Arrival, target: Hold) -> None:
    """Let the text wait for the next opening by the rule's calendar; what would wait for ever is given up at once."""
    until = arrival.calendar.next_opening(arrival.at)
    delivery.label = _("the office opens")
    if until is None:
        return _give_up(delivery, _("The office never opens by the hours of this rule. Enter office hours."))
    if until <= arrival.at:
        return _give_up(delivery, _("The office is open: there is no opening to wait for. Change the rule."))
    if until > arrival.message.occurred_at + LONGEST:
        return _give_up(delivery, _("It would be held for more than 30 days. Change the rule or the office hours."))
    local, ahead = arrival.calendar.local(until), until - arrival.at
    date = f" {local.day} {MONTH_NAMES[local.month - 1][:3]}" if ahead > timedelta(days=6) else ""
    delivery.label = f"{DAY_NAMES[local.weekday()][:3]}{date} {local:%H:%M}"
    delivery.due_at, delivery.settings = until, {"until": until.isoformat()}


def _give_up(delivery: Delivery, reason: str) -> None:
    delivery.state, delivery.last_error = "exhausted", reason


@transaction.atomic
def deliver(delivery: Delivery) -> None:
    """Ask the rules again, as of now, and place what they say."""
    # Whoever places deliveries knows all destinations, and so this one.
    from sms import rerouting

    if finish(delivery):
        rerouting.decide_again(delivery.message)
    failpoint("hold.before_commit")
