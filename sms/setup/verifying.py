"""Watch a test text arrive and one leave, step by step, from the rows that the real paths write.

Before that: what Twilio is known to have, and how far a call of our own came.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from rules.e164 import format_for_people
from sms.errors import explain
from sms.models import Configuration, Direction, Message, RefusedRequest, TwilioNumber
from sms.pointing import looking
from sms.setup import configuring, selftest
from sms.status import FAILED, MessageState, describe_state, describe_status
from sms.twilio.accounts import Finding, Result, describe

DONE, WAITING, FAILED_TICK = "done", "waiting", "failed"


@dataclass(frozen=True, slots=True)
class Tick:
    """One step of a test, with when it happened."""

    title: str
    state: str = WAITING
    at: datetime | None = None
    text: str = ""

    @property
    def tone(self) -> str:
        """The colour of the step."""
        return {DONE: "good", FAILED_TICK: "bad"}.get(self.state, "neutral")

    @property
    def icon(self) -> str:
        """The sign of the step."""
        return {DONE: "check", FAILED_TICK: "x"}.get(self.state, "circle-dashed")


_REASONS = {
    "bad_signature": "The signature does not fit. Usually the Auth Token stored here is not the account's primary "
    "token, or the address pasted at Twilio is not exactly the one copied here.",
    "no_signature": "The request had no signature, so it did not come from Twilio.",
    "other_account": "The request names another Twilio account. The number belongs to a different Account SID.",
}


_NAMED = 3
_LOOKED_AT = 200


def setup_ticks(configuration: Configuration) -> list[Tick]:
    """Return what is known without a text: the credentials, and where Twilio brings the texts of the numbers."""
    return [_credentials(configuration), _webhooks(configuration)]


def _credentials(configuration: Configuration) -> Tick:
    account, title = configuration.account, _("Credentials")
    if not account.check_result:
        return Tick(title, WAITING, None, _("Not checked yet. Press Check on the configuration's page."))
    is_good = Finding(Result(account.check_result)).is_good if account.check_result in set(Result) else False
    return Tick(title, DONE if is_good else FAILED_TICK, account.checked_at, describe(account.check_result))


def _webhooks(configuration: Configuration) -> Tick:
    """Judge the pool's numbers as they were last read at Twilio."""
    title, wanted = _("Webhook at Twilio"), looking.ours(configuration)
    held = configuring.numbers_of(configuration).values("e164")
    rows = TwilioNumber.objects.filter(account=configuration.account, gone_at=None, e164__in=held)
    numbers = list(rows.select_related("service").order_by("e164", "pk")[:_LOOKED_AT])
    if not numbers:
        return Tick(
            title, WAITING, None, _("The numbers were not read from Twilio yet. A text in shows whether it works.")
        )
    read_at = max(number.seen_at for number in numbers)
    judged = [(number, looking.at_number(number, wanted)) for number in numbers]
    astray = [(number, pointing) for number, pointing in judged if not pointing.verdict.arrives]
    if not astray:
        return Tick(title, DONE, read_at, _("Every number's texts come here."))
    named = [f"{format_for_people(number.e164)}: {looking.told(pointing).text}" for number, pointing in astray[:_NAMED]]
    more = [_("And %d more.") % (len(astray) - _NAMED)] if len(astray) > _NAMED else []
    state = FAILED_TICK if len(astray) == len(numbers) else WAITING
    return Tick(title, state, read_at, " ".join(named + more))


def own_call_ticks(configuration: Configuration, since: datetime) -> list[Tick]:
    """Return how far the call came that the portal made to its own webhook since the test began."""
    kept = selftest.kept(configuration)
    address = configuring.base_url(configuration)
    if kept is None or kept[1] < since.timestamp():
        return [Tick(_("Not called yet"), WAITING, None, address)]
    outcome, at = kept
    moment = datetime.fromtimestamp(at, UTC)
    if outcome.is_here:
        signed = Tick(_("Signature valid"), DONE, moment, selftest.explain(outcome))
        return [Tick(_("Reached"), DONE, moment, address), signed]
    if outcome.arrived:
        return [
            Tick(_("Reached"), DONE, moment, address),
            Tick(_("Signature valid"), FAILED_TICK, moment, selftest.explain(outcome)),
        ]
    return [Tick(_("Reached"), FAILED_TICK, moment, selftest.explain(outcome))]


def received_since(configuration: Configuration, since: datetime) -> Message | None:
    """Return the newest text that came in by a configuration since the test began."""
    texts = configuration.tenant.messages.filter(direction=Direction.IN, occurred_at__gte=since)
    return texts.filter(configuration=configuration).order_by("-occurred_at").first()


def inbound_ticks(configuration: Configuration, since: datetime) -> list[Tick]:
    """Return how far a text to one of the numbers has come: request, signature, stored, rule, inbox."""
    message = received_since(configuration, since)
    if message is not None:
        at = message.created_at
        return [
            Tick(_("Request arrived"), DONE, at, _("From %s") % format_for_people(message.their_address)),
            Tick(_("Signature valid"), DONE, at),
            Tick(_("Stored"), DONE, at),
            *_routed(message),
        ]
    refused = RefusedRequest.objects.filter(configuration=configuration, created_at__gte=since).first()
    if refused is None:
        waiting = [_("Request arrived"), _("Signature valid"), _("Stored"), _("Rule"), _("Inbox")]
        return [Tick(title) for title in waiting]
    why = _REASONS.get(refused.reason, _("The request could not be read."))
    return [
        Tick(_("Request arrived"), DONE, refused.created_at),
        Tick(_("Signature valid"), FAILED_TICK, refused.created_at, why),
        *[Tick(title) for title in (_("Stored"), _("Rule"), _("Inbox"))],
    ]


def _routed(message: Message) -> list[Tick]:
    """Return the rule that decided and where the text was delivered."""
    if message.state == MessageState.UNROUTED:
        text = _("No inbound rule matched. Add one, or the usual rules.")
        return [Tick(_("Rule"), FAILED_TICK, None, text), Tick(_("Inbox"))]
    if message.state != MessageState.ROUTED:
        state = FAILED_TICK if message.state == MessageState.HELD else WAITING
        return [Tick(_("Rule"), state, None, describe_state(message.state)), Tick(_("Inbox"))]
    deliveries = list(message.deliveries.all())
    moment = min((row.created_at for row in deliveries), default=message.created_at)
    rule = Tick(_("Rule"), DONE, moment, str(message.decision.get("name", "")))
    done = [row for row in deliveries if row.delivered_at]
    if not done:
        error = next((row.last_error for row in deliveries if row.last_error), "")
        return [rule, Tick(_("Inbox"), FAILED_TICK if error else WAITING, None, error)]
    places = ", ".join(row.label for row in done if row.label)
    return [rule, Tick(_("Inbox"), DONE, done[0].delivered_at, places)]


def outbound_ticks(message: Message) -> list[Tick]:
    """Return how far a test text has come: written, taken by Twilio, delivered."""
    written = Tick(_("Written"), DONE, message.created_at, _("To %s") % format_for_people(message.their_address))
    attempt = message.attempts.order_by("-number").first()
    if attempt is None or not attempt.provider_sid:
        stuck = message.state not in (MessageState.QUEUED, MessageState.SENDING)
        text = _why(message.error_code) or describe_state(message.state)
        taken = Tick(_("Taken by Twilio"), FAILED_TICK if stuck else WAITING, None, text)
        return [written, taken, Tick(_("Delivered"))]
    events = list(attempt.status_events.all())
    last = events[-1].received_at if events else None
    taken = Tick(_("Taken by Twilio"), DONE, attempt.finished_at)
    if attempt.provider_status in ("delivered", "read"):
        return [written, taken, Tick(_("Delivered"), DONE, last)]
    failed = attempt.provider_status in FAILED
    text = _why(attempt.error_code) or describe_status(attempt.provider_status)
    return [written, taken, Tick(_("Delivered"), FAILED_TICK if failed else WAITING, last if failed else None, text)]


def _why(code: str) -> str:
    if not code:
        return ""
    info = explain(code)
    return f"{info.meaning} {info.advice}"


def sent_message(configuration: Configuration, message_id: uuid.UUID) -> Message | None:
    """Return a test text of this tenant."""
    return configuration.tenant.messages.filter(pk=message_id, direction=Direction.OUT).first()


def is_over(ticks: list[Tick]) -> bool:
    """Whether nothing more will happen, so that the page may stop asking."""
    return bool(ticks) and (ticks[-1].state != WAITING or any(tick.state == FAILED_TICK for tick in ticks))
