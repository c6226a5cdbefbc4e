"""Judge the numbers and Messaging Services that were read from Twilio, and say in words what that means."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from sms.models import Configuration, TwilioNumber, TwilioService
from sms.pointing import judging
from sms.pointing.judging import Ours, Pointing, Service, Stands, Verdict
from sms.setup import configuring
from tenants import clock


@dataclass(frozen=True, slots=True)
class Told:
    """A verdict for people: how good it is, in a word, and what to do about it."""

    tone: str
    label: str
    text: str


def ours(configuration: Configuration) -> Ours:
    """Return how a webhook of this configuration looks now."""
    now = clock.now()
    keys = list(configuration.webhook_keys.all())
    return Ours(
        bases=(configuring.base_url(configuration),),
        keys=[key.key for key in keys if key.retires_at is None],
        retiring=[key.key for key in keys if key.retires_at is not None and key.retires_at > now],
        tail=settings.WEBHOOK_OVERRIDES,
    )


def at_number(number: TwilioNumber, wanted: Ours) -> Pointing:
    """Say where a number's texts go; its `service` should have been read with it."""
    return judging.judge(stands(number), wanted)


def at_service(service: TwilioService, wanted: Ours) -> Pointing:
    """Say where a Messaging Service's texts go."""
    return judging.judge_service(_service(service), wanted)


def stands(number: TwilioNumber) -> Stands:
    """Return how a number stands at Twilio."""
    return Stands(
        url=number.sms_url,
        method=number.sms_method,
        application_sid=number.sms_application_sid,
        trunk_sid=number.trunk_sid,
        service=_service(number.service) if number.service else None,
    )


def _service(service: TwilioService) -> Service:
    return Service(
        name=str(service),
        url=service.inbound_request_url,
        method=service.inbound_method,
        leaves_it_to_the_number=service.use_inbound_webhook_on_number,
    )


def told(pointing: Pointing) -> Told:
    """Say what a verdict means and what to do."""
    label, text = _words(pointing)
    tone = "good" if pointing.verdict.is_healthy else "warn" if pointing.verdict.arrives else "bad"
    return Told(tone, label, text)


def _words(pointing: Pointing) -> tuple[str, str]:
    names = {"detail": pointing.detail, "service": pointing.service}
    texts = {
        Verdict.HERE: (_("Comes here"), _("Texts come to this configuration.")),
        Verdict.HERE_WITHOUT_RETRIES: (
            _("Works; retries not set"),
            _("Texts come here, but Twilio is not told to try again when we do not answer. Set the webhook anew."),
        ),
        Verdict.HERE_BY_SERVICE: (
            _("Comes here by its service"),
            _("Messaging Service “%(service)s” takes its texts and brings them here.") % names,
        ),
        Verdict.FORMER_KEY: (
            _("Former webhook"),
            _("Texts come here until the former webhook ends. Set the webhook anew before that."),
        ),
        Verdict.FORMER_ADDRESS: (
            _("Former public address"),
            _("Points to %(detail)s: texts come only as long as that leads here. Set the webhook anew.") % names,
        ),
        Verdict.WRONG_METHOD: (
            _("Wrong method"),
            _("Twilio calls with HTTP %(detail)s. Set the webhook anew: it must be HTTP POST.") % names,
        ),
        Verdict.NOT_SET: (_("Not set"), _("Its texts go nowhere. Set the webhook.")),
        Verdict.TRUNK_ONLY: (
            _("Only its SIP trunk is set"),
            _("SIP trunk %(detail)s takes its calls, never its texts: they go nowhere. Set the webhook.") % names,
        ),
        Verdict.ELSEWHERE: (_("Goes elsewhere"), _("Its texts go to %(detail)s. Set the webhook.") % names),
        Verdict.APPLICATION: (
            _("TwiML application"),
            _(
                "TwiML application %(detail)s takes its texts, whatever address stands there. "
                "Set the webhook: that takes the number's texts out of the application."
            )
            % names,
        ),
        Verdict.SERVICE: (
            _("Messaging Service"),
            _(
                "Messaging Service “%(service)s” takes its texts and sends them to %(detail)s. "
                "Set the webhook of the service, or let it leave texts to its numbers."
            )
            % names,
        ),
        Verdict.SERVICE_DROPS: (
            _("Messaging Service drops texts"),
            _(
                "Messaging Service “%(service)s” takes its texts and has no address: Twilio drops them. "
                "Set the webhook of the service, or let it leave texts to its numbers."
            )
            % names,
        ),
    }
    return texts[pointing.verdict]
