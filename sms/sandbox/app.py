"""The routes: Twilio's hosts as first part of the path, and the control API under /sandbox/."""

from pathlib import Path

from aiohttp import web

from sms.sandbox import (
    control_accounts,
    control_numbers,
    control_registration,
    control_services,
    control_state,
    lifecycle,
    phones,
    rest_accounts,
    rest_geo,
    rest_keys,
    rest_media,
    rest_messages,
    rest_numbers,
    rest_registration,
    rest_services,
    rest_tokens,
)
from sms.sandbox.calls import Handler, serve
from sms.sandbox.control import Action, control
from sms.sandbox.hub import HUB, Hub, Settings

# An edge and a region may stand in a host, both or neither: api.dublin.ie1.twilio.com.
PLACE = r"(?:\.[a-z0-9-]+\.[a-z0-9-]+)?\.twilio\.com"
API = rf"/{{host:api{PLACE}}}/2010-04-01/Accounts"
ACCOUNT = API + r"/{account:[^/.]+}"
MESSAGE = ACCOUNT + r"/Messages/{sid:[^/.]+}"
MESSAGING = rf"/{{host:messaging{PLACE}}}/v1"
SERVICES = MESSAGING + "/Services"
SERVICE = SERVICES + r"/{service:[^/.]+}"
ACCOUNTS = rf"/{{host:accounts{PLACE}}}/v1"
ELSEWHERE = r"/{host:[a-z0-9.-]+\.(?:twilio|twiliocdn)\.com}/{rest:.*}"
LARGEST_REQUEST = 64 * 1024 * 1024

REST: list[tuple[str, str, str, Handler]] = [
    ("POST", ACCOUNT + "/Messages.json", "create", rest_messages.create),
    ("GET", ACCOUNT + "/Messages.json", "list", rest_messages.index),
    ("GET", MESSAGE + ".json", "fetch", rest_messages.fetch),
    ("POST", MESSAGE + ".json", "update", rest_messages.update),
    ("DELETE", MESSAGE + ".json", "delete", rest_messages.delete),
    ("GET", MESSAGE + "/Media.json", "media", rest_media.index),
    ("GET", MESSAGE + r"/Media/{media:[^/.]+}.json", "media", rest_media.fetch),
    ("DELETE", MESSAGE + r"/Media/{media:[^/.]+}.json", "media", rest_media.delete),
    ("DELETE", MESSAGE + r"/Media/{media:[^/.]+}", "media", rest_media.delete),
    ("GET", MESSAGE + r"/Media/{media:[^/.]+}", "media", rest_media.content),
    ("GET", ACCOUNT + "/IncomingPhoneNumbers.json", "numbers", rest_numbers.numbers),
    ("GET", ACCOUNT + r"/IncomingPhoneNumbers/{sid:[^/.]+}.json", "numbers", rest_numbers.number),
    ("POST", ACCOUNT + r"/IncomingPhoneNumbers/{sid:[^/.]+}.json", "numbers", rest_numbers.change_number),
    ("DELETE", ACCOUNT + r"/IncomingPhoneNumbers/{sid:[^/.]+}.json", "numbers", rest_numbers.release_number),
    ("GET", ACCOUNT + "/SMS/ShortCodes.json", "short_codes", rest_numbers.short_codes),
    ("GET", ACCOUNT + r"/SMS/ShortCodes/{sid:[^/.]+}.json", "short_codes", rest_numbers.short_code),
    ("POST", ACCOUNT + r"/SMS/ShortCodes/{sid:[^/.]+}.json", "short_codes", rest_numbers.change_short_code),
    ("GET", ACCOUNT + "/Applications.json", "applications", rest_numbers.applications),
    ("GET", ACCOUNT + r"/Applications/{sid:[^/.]+}.json", "applications", rest_numbers.application),
    ("GET", ACCOUNT + "/Balance.json", "accounts", rest_accounts.balance),
    ("GET", ACCOUNT + r"/Keys/{sid:[^/.]+}.json", "keys", rest_keys.fetch),
    ("GET", ACCOUNT + ".json", "accounts", rest_accounts.account),
    ("GET", API + ".json", "accounts", rest_accounts.accounts),
    ("GET", rf"/{{host:monitor{PLACE}}}/v1/Alerts", "alerts", rest_accounts.alerts),
    ("POST", ACCOUNTS + "/AuthTokens/Secondary", "tokens", rest_tokens.create_secondary),
    ("DELETE", ACCOUNTS + "/AuthTokens/Secondary", "tokens", rest_tokens.delete_secondary),
    ("POST", ACCOUNTS + "/AuthTokens/Promote", "tokens", rest_tokens.promote),
    ("GET", ACCOUNTS + "/Messaging/GeoPermissions", "geo", rest_geo.show),
    ("PATCH", ACCOUNTS + "/Messaging/GeoPermissions", "geo", rest_geo.change),
    ("GET", SERVICES, "services", rest_services.index),
    ("POST", SERVICES, "services", rest_services.create),
    ("GET", SERVICE, "services", rest_services.fetch),
    ("POST", SERVICE, "services", rest_services.update),
    ("DELETE", SERVICE, "services", rest_services.delete),
    ("GET", SERVICE + "/Compliance/Usa2p", "registration", rest_registration.campaigns),
    ("GET", SERVICE + "/Compliance/Usa2p/{sid}", "registration", rest_registration.campaign),
    ("GET", MESSAGING + "/a2p/BrandRegistrations", "registration", rest_registration.brands),
    ("GET", MESSAGING + "/a2p/BrandRegistrations/{sid}", "registration", rest_registration.brand),
    ("GET", MESSAGING + "/Tollfree/Verifications", "registration", rest_registration.verifications),
    ("GET", MESSAGING + "/Tollfree/Verifications/{sid}", "registration", rest_registration.verification),
    ("GET", SERVICE + "/PhoneNumbers", "pool", rest_services.numbers),
    ("POST", SERVICE + "/PhoneNumbers", "pool", rest_services.add_number),
    ("GET", SERVICE + "/PhoneNumbers/{sid}", "pool", rest_services.number),
    ("DELETE", SERVICE + "/PhoneNumbers/{sid}", "pool", rest_services.remove_number),
    ("GET", SERVICE + "/ShortCodes", "pool", rest_services.short_codes),
    ("POST", SERVICE + "/ShortCodes", "pool", rest_services.add_short_code),
    ("GET", SERVICE + "/ShortCodes/{sid}", "pool", rest_services.short_code),
    ("DELETE", SERVICE + "/ShortCodes/{sid}", "pool", rest_services.remove_number),
    ("GET", SERVICE + "/AlphaSenders", "pool", rest_services.alpha_senders),
    ("POST", SERVICE + "/AlphaSenders", "pool", rest_services.add_alpha_sender),
    ("GET", SERVICE + "/AlphaSenders/{sid}", "pool", rest_services.alpha_sender),
    ("DELETE", SERVICE + "/AlphaSenders/{sid}", "pool", rest_services.remove_alpha_sender),
]

CONTROL: list[tuple[str, str, Action]] = [
    ("POST", "/accounts", control_accounts.create_account),
    ("GET", "/accounts/{account}", control_accounts.show_account),
    ("PATCH", "/accounts/{account}", control_accounts.change_account),
    ("POST", "/accounts/{account}/verified", control_accounts.verify_number),
    ("POST", "/accounts/{account}/keys", control_accounts.create_key),
    ("DELETE", "/accounts/{account}/keys/{key}", control_accounts.delete_key),
    ("POST", "/accounts/{account}/numbers", control_numbers.create_number),
    ("POST", "/accounts/{account}/numbers/bulk", control_numbers.create_numbers),
    ("PATCH", "/accounts/{account}/numbers/{number}", control_numbers.change_number),
    ("DELETE", "/accounts/{account}/numbers/{number}", control_numbers.delete_number),
    ("POST", "/accounts/{account}/applications", control_numbers.create_application),
    ("PATCH", "/accounts/{account}/applications/{application}", control_numbers.change_application),
    ("DELETE", "/accounts/{account}/applications/{application}", control_numbers.delete_application),
    ("PUT", "/accounts/{account}/numbers/{number}/service", control_services.place_number),
    ("POST", "/accounts/{account}/services", control_services.create_service),
    ("PATCH", "/services/{service}", control_services.change_service),
    ("POST", "/accounts/{account}/brands", control_registration.set_brand),
    ("POST", "/services/{service}/campaign", control_registration.set_campaign),
    ("DELETE", "/services/{service}/campaign", control_registration.drop_campaign),
    ("POST", "/accounts/{account}/numbers/{number}/verification", control_registration.set_verification),
    ("DELETE", "/accounts/{account}/numbers/{number}/verification", control_registration.drop_verification),
    ("DELETE", "/services/{service}", control_services.delete_service),
    ("POST", "/phones/{phone}/texts", phones.text),
    ("GET", "/phones/{phone}/messages", phones.messages),
    ("GET", "/phones", phones.index),
    ("GET", "/media/{media}", phones.media),
    ("GET", "/state", control_state.state),
    ("GET", "/journal", control_state.journal),
    ("GET", "/faults", control_state.list_faults),
    ("POST", "/faults", control_state.add_fault),
    ("DELETE", "/faults", control_state.clear_faults),
    ("DELETE", "/faults/{fault}", control_state.delete_fault),
    ("GET", "/settings", control_state.show_settings),
    ("PATCH", "/settings", control_state.change_settings),
]


def build(folder: Path, settings: Settings, seed: int) -> web.Application:
    """Return the application over a state folder."""
    app = web.Application(client_max_size=LARGEST_REQUEST)
    app[HUB] = Hub(folder, settings, seed)
    for method, path, operation, handler in REST:
        app.router.add_route(method, path, serve(operation, handler))
    app.router.add_get(r"/{host:mms\.twiliocdn\.com}/{account}/{ticket}/{media}", rest_media.from_cdn)
    app.router.add_route("*", ELSEWHERE, serve("unknown", rest_accounts.nothing))
    for method, path, action in CONTROL:
        app.router.add_route(method, f"/sandbox{path}", control(action))
    app.on_startup.append(_start)
    app.on_cleanup.append(_stop)
    return app


async def _start(app: web.Application) -> None:
    app[HUB].record("started")
    await app[HUB].commit()
    lifecycle.resume(app[HUB])


async def _stop(app: web.Application) -> None:
    await app[HUB].close()
