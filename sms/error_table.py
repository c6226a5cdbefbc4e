"""Twilio's error codes as data: what each means, what to do, and what follows from it; PURE.

Two columns, because a code says different things at two moments. A refused request was certainly not
accepted, so it may be tried again. After acceptance nothing is sent again by itself. Twilio re-assigns
codes now and then: only codes whose meaning was read in its dictionary stand here.
https://www.twilio.com/docs/api/errors
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What follows when Twilio answers the request that creates a message with an error."""

    REQUEUE = "requeue"
    REJECTED = "rejected"
    STOP_CONFIGURATION = "stop_configuration"
    STOP_SENDER = "stop_sender"
    SUPPRESS_PAIR = "suppress_pair"
    UNKNOWN = "unknown"


class Aftermath(StrEnum):
    """What follows when an accepted message fails later."""

    PERMANENT = "permanent"
    RESENDABLE = "resendable"
    STOP_CONFIGURATION = "stop_configuration"
    STOP_SENDER = "stop_sender"
    SUPPRESS_PAIR = "suppress_pair"
    HOLD = "hold"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """One error: its meaning, what to do, its two classes and the button that helps.

    `wait` is how many seconds to leave before the next try; `next_route` says that another route may
    carry the text, because this sender cannot.
    """

    code: str
    meaning: str
    advice: str
    at_create: Verdict
    after: Aftermath
    button: str = ""
    wait: int = 0
    next_route: bool = False


_Words = Mapping[int, tuple[str, str]]
_REJECTED, _PERMANENT = Verdict.REJECTED, Aftermath.PERMANENT

_CREDENTIALS: _Words = {
    20003: ("Twilio refused the credentials.", "Enter the Auth Token or API key again; waiting texts are kept."),
}
_ACCOUNT: _Words = {
    20005: ("The Twilio account is not active.", "Reactivate the account in the Twilio console."),
    20404: ("Twilio does not know this account or service.", "Check the Account SID and the Messaging Service SID."),
    21472: ("The Twilio account is not active.", "Reactivate the account in the Twilio console."),
    30002: ("The Twilio account is suspended.", "Settle the suspension in the Twilio console."),
    30037: ("Outbound texts are disabled for this account.", "Ask Twilio to enable outbound messaging."),
    90010: ("The Twilio account is not active.", "Reactivate the account in the Twilio console."),
}
_FOREIGN_SENDER: _Words = {
    21660: ("The sender belongs to another Twilio account.", "Use a number that this configuration's account owns."),
}
_ADDRESS: _Words = {
    21609: ("Twilio cannot use our status address.", "Correct the portal's public address: https, no underscore."),
}
_SERVICE: _Words = {
    21701: ("The Messaging Service does not exist.", "Correct the Messaging Service SID."),
    21703: ("The Messaging Service has no sender.", "Add a phone number to the Messaging Service."),
    21704: ("The Messaging Service has no usable number.", "Add a number that can text to the Messaging Service."),
    21705: ("The Messaging Service SID is not valid.", "Correct the Messaging Service SID."),
    21711: ("The sender is not in that Messaging Service.", "Add the number to the service, or send without it."),
}
_RATE: _Words = {
    20429: ("Too many requests at once.", "Nothing to do: the portal slows down and tries again."),
    63018: ("The sender's rate limit was exceeded.", "Nothing to do: the portal slows down and tries again."),
}
_OVERFLOW: _Words = {
    21611: ("The sender's queue at Twilio is full.", "Send less from this number, or use more numbers."),
    30001: ("The queue at Twilio overflowed.", "Send less at once; send this text again in a few minutes."),
}
_TWILIO_FAILED: _Words = {
    20500: ("Twilio failed internally.", "Wait: the portal finds out whether Twilio took the text."),
    20503: ("Twilio is not available.", "Wait: the portal finds out whether Twilio took the text."),
    20504: ("Twilio did not answer in time.", "Wait: the portal finds out whether Twilio took the text."),
}
_OPTED_OUT: _Words = {
    21610: ("The recipient opted out of texts from this sender.", "Do not text them unless they write START."),
    30630: ("The recipient opted out.", "Do not text them unless they write START."),
}
_RECIPIENT: _Words = {
    21211: ("The recipient's number is not valid.", "Check the number."),
    21268: ("The recipient's number is a premium number.", "Use the recipient's ordinary number."),
    21604: ("The recipient's number is missing.", "Enter the recipient's number."),
    21614: ("The recipient's number cannot receive texts.", "Use a mobile number."),
    21635: ("The recipient's number is a landline.", "Use a mobile number."),
    30005: ("The number is unknown or no longer in use.", "Check the number."),
    30006: ("The number is a landline or its carrier is out of reach.", "Use a mobile number."),
    63024: ("The recipient cannot receive on this channel.", "Use a mobile number."),
}
_ODD_PAIR: _Words = {
    14107: ("Too many replies between the same two numbers.", "Check for two machines that answer each other."),
    21265: ("The recipient is a short code.", "Use an ordinary number."),
    21266: ("Sender and recipient are the same number.", "Choose another sender or recipient."),
    30039: ("Twilio stopped a loop of messages.", "Check for two machines that answer each other."),
}
_SENDER: _Words = {
    21212: ("The sender is not valid.", "Choose another sender."),
    21601: ("The sender's number cannot send texts.", "Choose a number that can send texts."),
    21603: ("The sender is missing.", "Choose a sender, or set a default number."),
    21606: ("The sender's number cannot be used by this account.", "Choose a number of this account."),
    21612: ("This sender cannot reach this recipient.", "Choose another sender, or check the country."),
    21616: ("The sender matches several numbers.", "Write the sender in full, such as +12027594810."),
    21659: ("The sender is not a number of Twilio.", "Choose a number of this account."),
    21661: ("The sender's number cannot send texts.", "Choose a number that can send texts."),
}
_SENDER_ID: _Words = {
    21657: ("The Sender ID is not valid for this recipient.", "Use a number, or register the Sender ID."),
    21709: ("The Sender ID is not authorised.", "Use a number, or register the Sender ID."),
    30018: ("This country needs a registered Sender ID.", "Register the Sender ID at Twilio, or use a number."),
    30024: ("The sender is not set up with the carrier.", "Wait for the registration, or use another sender."),
    30040: ("The sender is not registered.", "Register the sender at Twilio, or use another one."),
    30041: ("The sender's registration was not accepted.", "Correct the registration at Twilio."),
    30042: ("The sender's registration does not cover this text.", "Correct the registration at Twilio."),
}
_SENDER_ID_ON_TRIAL: _Words = {
    21267: ("A trial account cannot use a Sender ID.", "Use a number, or upgrade the Twilio account."),
}
_REGION: _Words = {
    21662: ("The Ireland region cannot send this.", "Use the US1 region, or ask Twilio about Ireland."),
    21663: ("The Ireland region cannot send this.", "Use the US1 region, or ask Twilio about Ireland."),
    21668: ("The Ireland region cannot send this.", "Use the US1 region, or ask Twilio about Ireland."),
}
_COUNTRY: _Words = {
    21408: ("Texts to this country are not enabled.", "Enable the country under Geo permissions."),
    30453: ("Blocked by protection against SMS pumping.", "Check the country's permission and who asks for texts."),
}
_TRIAL: _Words = {
    21607: ("A trial account cannot use this sender.", "Use the trial number, or upgrade the account."),
    21608: ("A trial account texts only verified numbers.", "Verify the number at Twilio, or upgrade the account."),
    30044: ("The text is too long for a trial account.", "Shorten the text, or upgrade the account."),
}
_TEXT: _Words = {
    21602: ("The text is empty.", "Write a text or add a picture."),
    21617: ("The text is longer than 1600 characters.", "Shorten the text."),
    21618: ("Twilio refused the text.", "Change the text."),
    21619: ("A text, media or a content template is required.", "Write a text or add a picture."),
    30007: ("Filtered as unwanted, by Twilio or the carrier.", "Change the wording; check the sender's registration."),
}
_MEDIA: _Words = {
    21620: ("The address of the media is not valid.", "Add the file again."),
    21622: ("The account cannot send MMS.", "Send without media, or ask Twilio to enable MMS."),
    21623: ("There are more than ten media.", "Send at most ten."),
    30011: ("The recipient's network does not take MMS.", "Send without media."),
    30019: ("The media are too large for the carrier.", "Send smaller pictures."),
}
_NO_MMS_SENDER: _Words = {
    21621: ("The sender's number cannot send MMS.", "Choose a number that can, or send without media."),
}
_NOT_DELIVERED: _Words = {
    30004: ("The recipient or the carrier blocks this text.", "Reach the recipient another way."),
    30046: ("Delivery could not be confirmed.", "Ask the recipient before you send again."),
    30485: ("The text was not delivered.", "Reach the recipient another way."),
    30615: ("The text was not delivered.", "Reach the recipient another way."),
    30620: ("The text was not delivered.", "Reach the recipient another way."),
    30640: ("The recipient is on a list of litigators.", "Do not text this number."),
    63016: ("This channel takes only templates now.", "Wait until the recipient writes."),
}
_LIMITS_OF_THE_TEXT: _Words = {
    21624: ("The validity period is not valid.", "Send the text again."),
    30010: ("The text costs more than its price cap.", "Raise the price cap, or send without one."),
    30012: ("The validity period is too short.", "Send the text again."),
    30036: ("The text was too late to be sent.", "Send it again if it still matters."),
}
_TRY_AGAIN: _Words = {
    30003: ("The phone was switched off or out of reach.", "Send again later."),
    30008: ("The carrier gave no reason.", "Send once more; if it fails again, try another sender."),
    30017: ("The carrier is congested.", "Send again later."),
    30022: ("The carrier's rate limit was exceeded.", "Send again later, and more slowly."),
    30410: ("The carrier did not answer in time.", "Ask first: the text may have arrived."),
    30500: ("Twilio failed internally.", "Ask first: the text may have arrived."),
}
_DAILY: _Words = {
    30023: ("The daily limit with the carrier is reached.", "Send again tomorrow, or raise the brand's limit."),
    30027: ("T-Mobile's daily limit is reached.", "Send again tomorrow, or raise the brand's limit."),
    30454: ("The account's message limit is reached.", "Send again tomorrow, or ask Twilio for a higher limit."),
    63038: ("The account's daily message limit is reached.", "Send again tomorrow, or ask Twilio for more."),
}
_HALF_HOUR: _Words = {
    30450: ("Texts to this destination are blocked for a while.", "Wait half an hour, then send again."),
    30610: ("Quiet hours at the recipient's place.", "Send again in the morning there."),
}
_TOLL_FREE: _Words = {
    30032: ("The toll-free number is not verified.", "Verify the number at Twilio."),
    30440: ("The toll-free verification was refused.", "Correct the verification at Twilio."),
}
_A2P: _Words = {
    30033: ("The number's A2P campaign is suspended.", "Settle the suspension at Twilio."),
    30034: ("The number is not on an A2P 10DLC campaign.", "Register the number; US carriers block it until then."),
    30035: ("The number is still being set up.", "Wait until Twilio has registered it."),
}
_WARNINGS: _Words = {
    21710: ("The number is already in that Messaging Service.", "Nothing to do."),
    21712: ("The number is in another Messaging Service.", "Remove it there first."),
    30009: ("A part of the text is missing.", "Ask the sender to send it again."),
    30025: ("Half of T-Mobile's daily limit is used.", "Send less today, or raise the brand's limit."),
    30026: ("70 % of T-Mobile's daily limit is used.", "Send less today, or raise the brand's limit."),
    30648: ("A sub-account cannot change its country permissions.", "Change them in the main account."),
    30649: ("The country permissions were not changed.", "Change them in the Twilio console."),
}
_OUR_WEBHOOK: _Words = {
    11200: ("Twilio got no good answer from our webhook.", "Check that the portal runs and is reachable."),
    11205: ("Twilio could not connect to our webhook.", "Check the firewall and the public address."),
    11210: ("Twilio does not find our host.", "Check the public address and its DNS entry."),
    11220: ("Our TLS connection failed.", "Check the certificate of the public address."),
    11235: ("Our certificate does not fit the address.", "Check the certificate of the public address."),
    11236: ("Our certificate is not trusted or has expired.", "Renew the certificate of the public address."),
    11237: ("Our certificate chain is incomplete.", "Install the intermediate certificates."),
    11750: ("The answer to Twilio was too large.", "Check what answers at the webhook's address."),
    12100: ("The answer to Twilio could not be read.", "Check what answers at the webhook's address."),
    12200: ("The answer to Twilio was not valid.", "Check what answers at the webhook's address."),
    12300: ("The answer to Twilio had a wrong type.", "Check what answers at the webhook's address."),
}


def _rows(
    words: _Words,
    at_create: Verdict,
    after: Aftermath,
    button: str = "",
    *,
    wait: int = 0,
    next_route: bool = False,
) -> Iterator[CodeInfo]:
    for code, (meaning, advice) in words.items():
        yield CodeInfo(str(code), meaning, advice, at_create, after, button, wait, next_route)


_STOP, _STOPPED = Verdict.STOP_CONFIGURATION, Aftermath.STOP_CONFIGURATION

ROWS: tuple[CodeInfo, ...] = (
    *_rows(_CREDENTIALS, _STOP, _STOPPED, "replace_token"),
    *_rows(_ACCOUNT, _STOP, _STOPPED, "twilio_account"),
    *_rows(_FOREIGN_SENDER, _STOP, _STOPPED, "choose_sender"),
    *_rows(_ADDRESS, _STOP, _STOPPED, "public_address"),
    *_rows(_SERVICE, _STOP, _STOPPED, "messaging_service"),
    *_rows(_RATE, Verdict.REQUEUE, Aftermath.RESENDABLE, "send_again"),
    *_rows(_OVERFLOW, Verdict.REQUEUE, Aftermath.RESENDABLE, "send_again", wait=300),
    *_rows(_TWILIO_FAILED, Verdict.UNKNOWN, Aftermath.RESENDABLE, "send_again"),
    *_rows(_OPTED_OUT, Verdict.SUPPRESS_PAIR, Aftermath.SUPPRESS_PAIR, "opt_outs"),
    *_rows(_RECIPIENT, _REJECTED, _PERMANENT, "check_number"),
    *_rows(_ODD_PAIR, _REJECTED, _PERMANENT),
    *_rows(_SENDER, _REJECTED, _PERMANENT, "choose_sender", next_route=True),
    *_rows(_SENDER_ID, _REJECTED, _PERMANENT, "sender_registration", next_route=True),
    *_rows(_SENDER_ID_ON_TRIAL, _REJECTED, _PERMANENT, "choose_sender", next_route=True),
    *_rows(_REGION, _REJECTED, _PERMANENT, "twilio_account"),
    *_rows(_COUNTRY, _REJECTED, _PERMANENT, "geo_permissions"),
    *_rows(_TRIAL, _REJECTED, _PERMANENT, "upgrade_account"),
    *_rows(_TEXT, _REJECTED, _PERMANENT, "edit_text"),
    *_rows(_MEDIA, _REJECTED, _PERMANENT, "edit_text"),
    *_rows(_NO_MMS_SENDER, _REJECTED, _PERMANENT, "choose_sender", next_route=True),
    *_rows(_NOT_DELIVERED, _REJECTED, _PERMANENT),
    *_rows(_LIMITS_OF_THE_TEXT, _REJECTED, _PERMANENT, "send_again"),
    *_rows(_TRY_AGAIN, _REJECTED, Aftermath.RESENDABLE, "send_again"),
    *_rows(_DAILY, Verdict.REQUEUE, Aftermath.HOLD, "send_again", wait=3600),
    *_rows(_HALF_HOUR, Verdict.REQUEUE, Aftermath.HOLD, "send_again", wait=1800),
    *_rows(_TOLL_FREE, Verdict.STOP_SENDER, Aftermath.STOP_SENDER, "toll_free", next_route=True),
    *_rows(_A2P, Verdict.STOP_SENDER, Aftermath.STOP_SENDER, "a2p_registration", next_route=True),
    *_rows(_WARNINGS, _REJECTED, Aftermath.NOTICE),
    *_rows(_OUR_WEBHOOK, _REJECTED, Aftermath.NOTICE, "webhook_health"),
)
