"""Set one number's webhook, or put it back, while somebody waits: Twilio is asked first, no list need be read."""

from django.utils.translation import gettext as _

from sms.mirror import keeping
from sms.models import ChangeState, Configuration, WebhookChange, WebhookJob
from sms.pointing import jobs, planning
from sms.pointing.jobs import JobRefused
from sms.setup import configuring
from sms.twilio import numbers
from tenants.audit import Actor


def set_number(actor: Actor, configuration: Configuration, sid: str) -> WebhookChange:
    """Point one number's texts at the portal, and keep what stood there for Undo.

    Raises:
        JobRefused: it would not work, or the number is not the tenant's.
        TwilioProblem: Twilio could not be asked.
    """
    if problem := configuring.address_problem(configuration):
        raise JobRefused(problem)
    account = configuration.account
    keeping.numbers(account, [numbers.fetch_number(account, sid)])
    row = account.twilio_numbers.select_related("service").get(sid=sid)
    planned = [one for one in planning.plan(configuration, [row]) if one.sid == sid]
    if planned[0].left:
        raise JobRefused(f"{row.e164}: {planned[0].left}")
    return _ended(jobs.begin(actor, configuration, planned))


def undo(actor: Actor, change: WebhookChange) -> WebhookChange:
    """Put back what stood at one number or service before we set it.

    Raises:
        JobRefused: somebody changed it since, or Twilio did not do it.
    """
    ended = _ended(jobs.undo_change(actor, change))
    change.refresh_from_db()
    return ended


def _ended(job: WebhookJob) -> WebhookChange:
    """Return a job's only change, as it ended."""
    change = job.changes.get()
    if job.problem:
        raise JobRefused(_("%s It is tried again by itself.") % job.problem)
    if change.state in (ChangeState.FAILED, ChangeState.SKIPPED):
        raise JobRefused(f"{change.e164 or change.label}: {change.problem}")
    return change
