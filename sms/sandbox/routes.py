"""Where a text that arrives goes: the number's application, the number's own webhook, or that of its service."""

from dataclasses import dataclass

from sms.sandbox.things import Application, Number, Service
from sms.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Route:
    """The webhook and the fallback that a text goes to; without a URL it goes nowhere."""

    url: str = ""
    method: str = "POST"
    fallback_url: str = ""
    fallback_method: str = "POST"


def route(world: World, number: Number) -> Route:
    """Return where texts to a number go, in Twilio's order of precedence."""
    service = world.service_of(number.phone_number)
    if service is not None and not service.use_inbound_webhook_on_number:
        return _of_service(service)
    if number.sms_application_sid:
        application = world.applications.get(number.sms_application_sid)
        return _of_thing(application) if application else Route()
    return _of_thing(number)


def is_deaf(service: Service) -> bool:
    """Say whether a service receives nothing: Twilio neither delivers nor lists what its numbers get."""
    return not service.use_inbound_webhook_on_number and not service.inbound_request_url


def _of_service(service: Service) -> Route:
    if is_deaf(service):
        return Route()
    return Route(service.inbound_request_url, service.inbound_method, service.fallback_url, service.fallback_method)


def _of_thing(thing: Number | Application) -> Route:
    return Route(thing.sms_url, thing.sms_method, thing.sms_fallback_url, thing.sms_fallback_method)
