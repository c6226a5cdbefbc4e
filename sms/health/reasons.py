"""Why an aspect of a configuration is as it is, as data: how well that is, what it means, what to do; PURE.

A sentence names facts as `%(name)s`. `certain` says that one look is proof enough to tell people by mail; for all
others a second look must show the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

GOOD, UNKNOWN, WARN, BAD = "good", "unknown", "warn", "bad"
# From well to not at all; what nobody could look at is neither better nor worse than well.
RANK: Mapping[str, int] = MappingProxyType({GOOD: 0, UNKNOWN: 0, WARN: 1, BAD: 2})
# What stands in front when only one can be shown.
ORDER = (BAD, WARN, UNKNOWN, GOOD)

CREDENTIALS, WEBHOOK, ADDRESS, SIGNATURE = "credentials", "webhook", "address", "signature"
INBOUND, OUTBOUND, GEO, SENDER_ID = "inbound", "outbound", "geo", "sender_id"
REGISTRATION, SERVICE, BALANCE, ALERTS = "registration", "service", "balance", "alerts"
FALLBACK = "fallback"

# In the order of the page.
ASPECTS: Mapping[str, str] = MappingProxyType(
    {
        CREDENTIALS: "Credentials",
        WEBHOOK: "Webhook",
        ADDRESS: "Public address",
        FALLBACK: "Fallback address",
        SIGNATURE: "Signatures",
        INBOUND: "Received texts",
        OUTBOUND: "Sent texts",
        GEO: "Countries",
        SENDER_ID: "Sender ID",
        REGISTRATION: "Registration",
        SERVICE: "Messaging Service",
        BALANCE: "Balance and limits",
        ALERTS: "Twilio's alerts",
    }
)
# Each of a configuration's numbers has a reading of its own in these.
BY_NUMBER = (WEBHOOK, REGISTRATION)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: its tone, its sentence, what to do about it and the key of the button that mends it."""

    key: str
    tone: str
    sentence: str
    advice: str = ""
    button: str = ""
    certain: bool = False


_TRY_LATER = "It is looked at again by itself; nothing follows from this."
_AT_TWILIO = "Set the webhook here: the preview shows what changes at Twilio."

_ROWS = (
    # --- The account ---
    Reason("credentials_good", GOOD, "Twilio accepts the credentials."),
    Reason("credentials_not_asked", UNKNOWN, "Twilio could not be asked about the account.", _TRY_LATER, "check"),
    Reason("credentials_token", BAD, "Twilio refuses the credentials.", "Type the Auth Token anew.", "token", True),
    Reason("credentials_key", BAD, "Twilio refuses the API key.", "Type the API key anew.", "edit", True),
    Reason("credentials_edit", BAD, "Twilio refuses the credentials.", "Mend them in the form.", "edit", True),
    Reason(
        "credentials_stopped",
        BAD,
        "The Twilio account is not active.",
        "Settle that in the Twilio console.",
        "console_account",
        True,
    ),
    Reason("operator_good", GOOD, "Your operator's Twilio account works."),
    Reason("operator_unknown", UNKNOWN, "Your operator's Twilio account could not be looked at.", _TRY_LATER),
    Reason("operator_warn", WARN, "Your operator's Twilio account needs attention.", "Ask your operator."),
    Reason("operator_bad", BAD, "Your operator's Twilio account does not work.", "Ask your operator.", "", True),
    Reason("needs_credentials", UNKNOWN, "Twilio was not asked: it refuses the credentials.", "Mend these first."),
    Reason("not_allowed", UNKNOWN, "Not known: these credentials may not read it (%(why)s).", ""),
    Reason("not_read", UNKNOWN, "Not known: Twilio did not tell.", _TRY_LATER, "check"),
    # --- Where the texts of a number go ---
    Reason("webhook_all_here", GOOD, "The texts of all %(count)s numbers come here."),
    Reason("webhook_no_numbers", WARN, "There is no number: nothing can come in.", "Add one to the trunk.", "numbers"),
    Reason("webhook_here", GOOD, "Texts come here."),
    Reason("webhook_here_without_retries", GOOD, "Works; retries are not set.", "Set the webhook here to set them."),
    Reason("webhook_here_by_service", GOOD, "Texts come here, by a Messaging Service."),
    Reason(
        "webhook_former_key",
        WARN,
        "Texts come by the former webhook, which ends soon.",
        _AT_TWILIO,
        "pointing",
        True,
    ),
    Reason(
        "webhook_former_address",
        WARN,
        "Twilio still calls the former address %(detail)s.",
        _AT_TWILIO,
        "pointing",
        True,
    ),
    Reason("webhook_wrong_method", WARN, "Twilio calls with GET, not POST.", _AT_TWILIO, "pointing", True),
    Reason("webhook_not_set", BAD, "No webhook is set: texts are lost.", _AT_TWILIO, "pointing", True),
    Reason(
        "webhook_trunk_only",
        BAD,
        "The number is on a SIP trunk, which takes calls only: texts are lost.",
        _AT_TWILIO,
        "pointing",
        True,
    ),
    Reason("webhook_elsewhere", BAD, "Texts go elsewhere: %(detail)s.", _AT_TWILIO, "pointing", True),
    Reason(
        "webhook_application",
        BAD,
        "A TwiML application takes the texts (%(detail)s), whatever address the number has.",
        "Set the webhook here: that takes the application off.",
        "pointing",
        True,
    ),
    Reason(
        "webhook_service",
        BAD,
        "The Messaging Service “%(service)s” takes the texts elsewhere.",
        _AT_TWILIO,
        "pointing",
        True,
    ),
    Reason(
        "webhook_service_drops",
        BAD,
        "The Messaging Service “%(service)s” has no address and drops the texts.",
        _AT_TWILIO,
        "pointing",
        True,
    ),
    Reason(
        "webhook_number_gone",
        BAD,
        "The Twilio account no longer has this number.",
        "Take it out of the pool, or find the account that has it.",
        "numbers",
        True,
    ),
    Reason(
        "webhook_number_missing",
        BAD,
        "The Twilio account does not have this number.",
        "Correct the number in the pool, or buy it in this account.",
        "numbers",
    ),
    Reason(
        "webhook_polled",
        WARN,
        "Texts are fetched every 30 seconds, since Twilio cannot call: no public address is set.",
        "Whoever runs the portal sets PUBLIC_BASE_URL to its https address.",
    ),
    # --- The public address ---
    Reason("address_ok", GOOD, "Answers, and its certificate chain is complete."),
    Reason("address_plain", GOOD, "Answers on this machine, where the sandbox calls it."),
    Reason("address_none", WARN, "%(problem)s", ""),
    Reason(
        "address_ends_soon",
        WARN,
        "Its certificate ends on %(day)s.",
        "Whoever runs the portal renews it before.",
        "",
        True,
    ),
    Reason(
        "address_ends_now",
        BAD,
        "Its certificate ends on %(day)s.",
        "Whoever runs the portal renews it at once: then Twilio's calls fail.",
        "",
        True,
    ),
    Reason(
        "address_not_from_here",
        WARN,
        "It cannot be reached from this server, but Twilio's signed calls still came lately.",
        "Often a firewall that keeps a server from calling itself. Watch the received texts.",
    ),
    Reason("address_no_name", BAD, "The host name %(host)s is not known.", "Whoever runs the portal sets its DNS."),
    Reason("address_closed", BAD, "Nothing answers at %(host)s.", "Is the proxy running, and the port open?"),
    Reason("address_silent", BAD, "%(host)s does not answer in time.", "Look at firewall and proxy."),
    Reason("address_expired", BAD, "Its certificate has expired.", "Whoever runs the portal renews it.", "", True),
    Reason("address_not_yet", BAD, "Its certificate is not valid yet.", "Look at the clock of the proxy.", "", True),
    Reason(
        "address_other_host",
        BAD,
        "Its certificate is for another host than %(host)s.",
        "Whoever runs the portal gets one for this name.",
        "",
        True,
    ),
    Reason(
        "address_incomplete",
        BAD,
        "Its certificate chain is not complete: an intermediate certificate is missing (Twilio: 11237).",
        "Whoever runs the portal gives the proxy the full chain. Browsers fetch what is missing; Twilio does not.",
        "",
        True,
    ),
    Reason("address_self_signed", BAD, "Its certificate is signed by itself.", "Get one that is trusted.", "", True),
    Reason("address_untrusted", BAD, "Its certificate is of an authority that nobody knows.", "Get another.", "", True),
    Reason("address_no_tls", BAD, "There is no encrypted connection to %(host)s.", "Look at the proxy's TLS."),
    Reason(
        "address_redirected",
        BAD,
        "It redirects to %(detail)s: Twilio's texts are lost on the way.",
        "Whoever runs the portal sets PUBLIC_BASE_URL to the final address.",
        "",
        True,
    ),
    Reason(
        "address_other_site",
        BAD,
        "Something else answers at %(host)s (%(detail)s), not this portal.",
        "The proxy must pass /webhooks/ on.",
    ),
    Reason("address_faulty", BAD, "%(host)s answers with an error (%(detail)s).", "Is the portal running behind it?"),
    # --- Signatures ---
    Reason("signature_ok", GOOD, "No request was refused lately."),
    Reason("signature_over", GOOD, "Requests were refused lately; a good one came since."),
    Reason(
        "signature_scheme",
        BAD,
        "Twilio signs %(detail)s: the proxy or the number has another scheme than PUBLIC_BASE_URL.",
        "Set the webhook at the number with the address that stands here.",
        "pointing",
    ),
    Reason(
        "signature_port",
        BAD,
        "Twilio signs %(detail)s: the address at the number has another port.",
        "Set the webhook at the number with the address that stands here.",
        "pointing",
    ),
    Reason(
        "signature_host",
        BAD,
        "Twilio signs %(detail)s, another host than PUBLIC_BASE_URL.",
        "Set the webhook anew, or add that address to PUBLIC_BASE_URL_ALIASES.",
        "pointing",
    ),
    Reason(
        "signature_path",
        BAD,
        "The proxy changes the path of requests; Twilio signs the path that it called.",
        "Let the proxy pass requests on unchanged.",
    ),
    Reason(
        "signature_parent_token",
        BAD,
        "Twilio signs with the parent account's token (…%(detail)s).",
        "The number belongs to the parent account: join that account, or move the number.",
        "edit",
    ),
    Reason(
        "signature_child_token",
        BAD,
        "Twilio signs with the token of the sub-account …%(detail)s.",
        "The number belongs to that sub-account: join it in a configuration of its own.",
        "edit",
    ),
    Reason(
        "signature_other_account",
        BAD,
        "The requests are of another account, …%(detail)s.",
        "A number of that account points here. Join that account, or point the number elsewhere.",
        "requests",
    ),
    Reason(
        "signature_api_secret",
        BAD,
        "What is stored as Auth Token has not the shape of one: it may be the secret of an API key.",
        "Twilio signs with the Auth Token. Type that.",
        "token",
    ),
    Reason(
        "signature_rotated",
        BAD,
        "No known token fits: most likely the Auth Token was changed at Twilio.",
        "Type the new one. Texts that were refused are taken in then.",
        "token",
    ),
    Reason(
        "signature_unsigned",
        WARN,
        "Requests without a signature came: somebody other than Twilio knows the webhook.",
        "Make a new webhook address if that goes on.",
        "requests",
    ),
    # --- What came and went ---
    Reason("inbound_ok", GOOD, "Texts arrive."),
    Reason("inbound_none", UNKNOWN, "No text has arrived yet.", "Text the number to see it arrive.", "verify"),
    Reason(
        "inbound_missed",
        WARN,
        "Twilio's list had texts that it should have called with. They were fetched.",
        "Compare the webhook at the number, and look at the public address.",
        "pointing",
    ),
    Reason("outbound_ok", GOOD, "Texts leave."),
    Reason("outbound_none", UNKNOWN, "No text was sent lately.", "Send one to see it delivered.", "verify"),
    Reason("outbound_last_failed", WARN, "The last text failed: %(meaning)s", "%(todo)s", "failed"),
    Reason("outbound_failing", BAD, "%(failed)s of the last %(sent)s texts failed: %(meaning)s", "%(todo)s", "failed"),
    Reason("outbound_stopped", BAD, "Sending is stopped: %(meaning)s", "%(todo)s", "release", True),
    Reason("outbound_sender_stopped", WARN, "Sending from %(address)s is stopped: %(meaning)s", "%(todo)s", "detail"),
    # --- Countries, senders ---
    Reason("geo_ok", GOOD, "All countries of recent texts are allowed."),
    Reason("geo_none", UNKNOWN, "No text was sent lately, so no country is in use."),
    Reason(
        "geo_closed",
        BAD,
        "The account may not send to %(countries)s, where texts go.",
        "Enable them at Twilio, only those that you need.",
        "console_geo",
        True,
    ),
    Reason("sender_id_none", GOOD, "No Sender ID is set: texts leave from numbers."),
    Reason("sender_id_ok", GOOD, "Usable in all countries of recent texts, as far as Twilio's rules tell."),
    Reason("sender_id_trial", BAD, "A trial account cannot use a Sender ID.", "Upgrade it.", "console_billing", True),
    Reason(
        "sender_id_countries",
        WARN,
        "%(countries)s takes no Sender ID: texts there leave from a number.",
        "Nothing to do, if the trunk has a number.",
    ),
    Reason(
        "sender_id_refused",
        WARN,
        "Texts to %(countries)s failed for their Sender ID.",
        "Register it at Twilio for these countries.",
        "console_sender_id",
    ),
    # --- Registration ---
    Reason("registration_all", GOOD, "All numbers are registered, or need not be."),
    Reason("registration_none", GOOD, "No number needs registration."),
    Reason("registration_registered", GOOD, "Registered."),
    Reason("registration_not_needed", GOOD, "Needs no registration."),
    Reason("registration_unknown", UNKNOWN, "Not known whether it is registered.", _TRY_LATER),
    Reason("registration_pending", WARN, "Its registration is under way.", "US networks may block texts until then."),
    Reason(
        "registration_missing_10dlc",
        BAD,
        "Not registered (A2P 10DLC): US networks block its texts.",
        "Register brand and campaign at Twilio, and put the number into the campaign's Messaging Service.",
        "console_a2p",
    ),
    Reason(
        "registration_unused_10dlc",
        WARN,
        "Not registered (A2P 10DLC): US networks would block its texts.",
        "Register at Twilio before you text the US.",
        "console_a2p",
    ),
    Reason(
        "registration_missing_toll_free",
        BAD,
        "Not verified (toll-free): its texts are blocked.",
        "Verify the number at Twilio.",
        "console_toll_free",
    ),
    Reason(
        "registration_failed",
        BAD,
        "Its registration was refused: %(detail)s",
        "Correct it at Twilio and hand it in again.",
        "console_a2p",
        True,
    ),
    Reason("service_none", GOOD, "No Messaging Service is set for sending."),
    Reason("service_ok", GOOD, "The Messaging Service is there, with numbers in it."),
    Reason(
        "service_missing",
        BAD,
        "The account has no Messaging Service with this SID: texts that use it fail.",
        "Correct the SID, or leave it empty.",
        "edit",
        True,
    ),
    Reason("service_empty", WARN, "The Messaging Service has no number.", "Add one at Twilio.", "console_services"),
    # --- Money, alerts ---
    Reason("balance_ok", GOOD, "%(amount)s %(currency)s left."),
    Reason("balance_low", WARN, "Only %(amount)s %(currency)s left.", "Top up before it ends.", "console_billing"),
    Reason("balance_out", BAD, "No money left: nothing is sent.", "Top up at Twilio.", "console_billing", True),
    Reason(
        "balance_trial",
        WARN,
        "A trial account: texts go to verified numbers only, with a note before each (%(amount)s %(currency)s left).",
        "Upgrade it when you are ready.",
        "console_billing",
    ),
    Reason("balance_of_parent", UNKNOWN, "A sub-account: its parent account pays."),
    Reason("alerts_none", GOOD, "Twilio noted no failed call in a day."),
    Reason("alerts_over", GOOD, "Twilio noted %(count)s failed calls in a day; good ones came since."),
    Reason(
        "alerts_now",
        BAD,
        "Twilio noted %(count)s failed calls in a day, the last with code %(code)s: %(meaning)s",
        "%(todo)s",
        "console_debugger",
    ),
)

REASONS: Mapping[str, Reason] = MappingProxyType({row.key: row for row in _ROWS})


def of(key: str) -> Reason:
    """Return a reason; one that an older or newer version wrote says nothing."""
    return REASONS.get(key) or Reason(key, UNKNOWN, "Not known.")


def worst(tones: "Mapping[str, object] | list[str] | tuple[str, ...]") -> str:
    """Return the tone that is shown when only one can be."""
    return next((tone for tone in ORDER if tone in tones), UNKNOWN)
