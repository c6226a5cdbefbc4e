"""Twilio's error codes in words: what each means and what to do, grouped by what follows from it; PURE.

Only codes whose title was read in Twilio's dictionary stand here: https://www.twilio.com/docs/api/errors
"""

from collections.abc import Mapping

Words = Mapping[int, tuple[str, str]]

CREDENTIALS: Words = {
    20003: ("Twilio refused the credentials.", "Enter the Auth Token or API key again; waiting texts are kept."),
}
ACCOUNT: Words = {
    20005: ("The Twilio account is not active.", "Reactivate the account in the Twilio console."),
    20404: ("Twilio does not know this account or service.", "Check the Account SID and the Messaging Service SID."),
    21472: ("The Twilio account is not active.", "Reactivate the account in the Twilio console."),
    30002: ("The Twilio account is suspended.", "Settle the suspension in the Twilio console."),
    30037: ("Outbound texts are disabled for this account.", "Ask Twilio to enable outbound messaging."),
    90010: ("The Twilio account is not active.", "Reactivate the account in the Twilio console."),
}
FOREIGN_SENDER: Words = {
    21660: ("The sender belongs to another Twilio account.", "Use a number that this configuration's account owns."),
}
ADDRESS: Words = {
    21609: ("Twilio cannot use our status address.", "Correct the portal's public address: https, no underscore."),
}
SERVICE: Words = {
    21701: ("The Messaging Service does not exist.", "Correct the Messaging Service SID."),
    21703: ("The Messaging Service has no sender.", "Add a phone number to the Messaging Service."),
    21704: ("The Messaging Service has no usable number.", "Add a number that can text to the Messaging Service."),
    21705: ("The Messaging Service SID is not valid.", "Correct the Messaging Service SID."),
    21711: ("The sender is not in that Messaging Service.", "Add the number to the service, or send without it."),
}
RATE: Words = {
    20429: ("Too many requests at once.", "Nothing to do: the portal slows down and tries again."),
    63018: ("The sender's rate limit was exceeded.", "Nothing to do: the portal slows down and tries again."),
}
OVERFLOW: Words = {
    21730: ("Twilio is being maintained.", "Nothing to do: the portal tries again."),
    21611: ("The sender's queue at Twilio is full.", "Send less from this number, or use more numbers."),
    30001: ("The queue at Twilio overflowed.", "Send less at once; send this text again in a few minutes."),
}
TWILIO_FAILED: Words = {
    20500: ("Twilio failed internally.", "Wait: the portal finds out whether Twilio took the text."),
    20503: ("Twilio is not available.", "Wait: the portal finds out whether Twilio took the text."),
    20504: ("Twilio did not answer in time.", "Wait: the portal finds out whether Twilio took the text."),
    30020: ("Twilio failed internally.", "Wait: the portal finds out whether Twilio took the text."),
    30021: ("Twilio's Messaging Service failed.", "Wait: the portal finds out whether Twilio took the text."),
}
OPTED_OUT: Words = {
    21610: ("The recipient opted out of texts from this sender.", "Do not text them unless they write START."),
    30630: ("The recipient opted out.", "Do not text them unless they write START."),
}
RECIPIENT: Words = {
    21211: ("The recipient's number is not valid.", "Check the number."),
    21268: ("The recipient's number is a premium number.", "Use the recipient's ordinary number."),
    21604: ("The recipient's number is missing.", "Enter the recipient's number."),
    21614: ("The recipient's number cannot receive texts.", "Use a mobile number."),
    21635: ("The recipient's number is a landline.", "Use a mobile number."),
    30005: ("The number is unknown or no longer in use.", "Check the number."),
    30006: ("The number is a landline or its carrier is out of reach.", "Use a mobile number."),
    63003: ("The recipient is not known on this channel.", "Check the number."),
    63024: ("The recipient cannot receive on this channel.", "Use a mobile number."),
    63036: ("The phone cannot be reached by RCS now.", "Send an ordinary text."),
}
ODD_PAIR: Words = {
    14107: ("Too many replies between the same two numbers.", "Check for two machines that answer each other."),
    21265: ("The recipient is a short code.", "Use an ordinary number."),
    21266: ("Sender and recipient are the same number.", "Choose another sender or recipient."),
    21910: ("Sender and recipient are of different channels.", "Use a phone number on both sides."),
    30039: ("Twilio stopped a loop of messages.", "Check for two machines that answer each other."),
    63031: ("Sender and recipient are the same.", "Choose another sender or recipient."),
}
SENDER: Words = {
    21212: ("The sender is not valid.", "Choose another sender."),
    21601: ("The sender's number cannot send texts.", "Choose a number that can send texts."),
    21603: ("The sender is missing.", "Choose a sender, or set a default number."),
    21606: ("The sender's number cannot be used by this account.", "Choose a number of this account."),
    21612: ("This sender cannot reach this recipient.", "Choose another sender, or check the country."),
    21616: ("The sender matches several numbers.", "Write the sender in full, such as +12027594810."),
    21659: ("The sender is not a number of Twilio.", "Choose a number of this account."),
    21661: ("The sender's number cannot send texts.", "Choose a number that can send texts."),
}
SENDER_ID: Words = {
    21657: ("The Sender ID is not valid for this recipient.", "Use a number, or register the Sender ID."),
    21709: ("The Sender ID is not authorised.", "Use a number, or register the Sender ID."),
    30018: ("This country needs a registered Sender ID.", "Register the Sender ID at Twilio, or use a number."),
    30024: ("The sender is not set up with the carrier.", "Wait for the registration, or use another sender."),
    30040: ("The recipient's carrier needs a registered Sender ID.", "Register it at Twilio, or use a number."),
    30041: ("The UK network blocks senders that are not registered.", "Register the sender at Twilio, or use another."),
    30042: ("The carrier blocks this Sender ID as too general.", "Use another Sender ID, without special characters."),
}
SENDER_ID_ON_TRIAL: Words = {
    21267: ("A trial account cannot use a Sender ID.", "Use a number, or upgrade the Twilio account."),
}
REGION: Words = {
    21662: ("The Ireland region cannot send this.", "Use the US1 region, or ask Twilio about Ireland."),
    21663: ("The Ireland region cannot send this.", "Use the US1 region, or ask Twilio about Ireland."),
    21668: ("The Ireland region cannot send this.", "Use the US1 region, or ask Twilio about Ireland."),
}
COUNTRY: Words = {
    21408: ("Texts to this country are not enabled.", "Enable the country under Geo permissions."),
    30453: ("Blocked by protection against SMS pumping.", "Check the country's permission and who asks for texts."),
}
TRIAL: Words = {
    21607: ("A trial account cannot use this sender.", "Use the trial number, or upgrade the account."),
    21608: ("A trial account texts only verified numbers.", "Verify the number at Twilio, or upgrade the account."),
    30044: ("The text is too long for a trial account.", "Shorten the text, or upgrade the account."),
}
TEXT: Words = {
    21602: ("The text is empty.", "Write a text or add a picture."),
    21617: ("The text is longer than 1600 characters.", "Shorten the text."),
    21618: ("Twilio refused the text.", "Change the text."),
    21619: ("A text, media or a content template is required.", "Write a text or add a picture."),
    30038: ("Filtered as a one-time password.", "Change the wording, or send passwords by Twilio Verify."),
    63006: ("The text does not suit this channel.", "Change the text."),
    30007: ("Filtered as unwanted, by Twilio or the carrier.", "Change the wording; check the sender's registration."),
}
MEDIA: Words = {
    21620: ("The address of the media is not valid.", "Add the file again."),
    21622: ("The account cannot send MMS.", "Send without media, or ask Twilio to enable MMS."),
    21623: ("There are more than ten media.", "Send at most ten."),
    30011: ("The recipient's network does not take MMS.", "Send without media."),
    63019: ("Twilio could not fetch the media.", "Add the file again."),
    30019: ("The media are too large for the carrier.", "Send smaller pictures."),
}
NO_MMS_SENDER: Words = {
    21621: ("The sender's number cannot send MMS.", "Choose a number that can, or send without media."),
}
NOT_DELIVERED: Words = {
    30004: ("The recipient or the carrier blocks this text.", "Reach the recipient another way."),
    30043: ("The carrier refuses texts from abroad on this way.", "Use a sender of the recipient's country."),
    30046: ("Delivery could not be confirmed.", "Ask the recipient before you send again."),
    30485: ("The text was not delivered.", "Reach the recipient another way."),
    30615: ("The text was not delivered.", "Reach the recipient another way."),
    30620: ("The text was not delivered.", "Reach the recipient another way."),
    30640: ("The recipient is on a list of litigators.", "Do not text this number."),
    63014: ("The recipient blocked this sender.", "Reach the recipient another way."),
    63016: ("This channel takes only templates now.", "Wait until the recipient writes."),
}
LIMITS_OF_THE_TEXT: Words = {
    21624: ("The validity period is not valid.", "Send the text again."),
    30010: ("The text costs more than its price cap.", "Raise the price cap, or send without one."),
    30012: ("The validity period is too short.", "Send the text again."),
    30013: ("The validity period is too long.", "Send the text again."),
    30036: ("The text was too late to be sent.", "Send it again if it still matters."),
}
TRY_AGAIN: Words = {
    30003: ("The phone was switched off or out of reach.", "Send again later."),
    30008: ("The carrier gave no reason.", "Send once more; if it fails again, try another sender."),
    30017: ("The carrier is congested.", "Send again later."),
    30022: ("The carrier's rate limit was exceeded.", "Send again later, and more slowly."),
    30410: ("The carrier did not answer in time.", "Ask first: the text may have arrived."),
    30047: ("Twilio could not put the text off past quiet hours.", "Send again later."),
    30500: ("Twilio failed internally.", "Ask first: the text may have arrived."),
}
DAILY: Words = {
    30023: ("The daily limit with the carrier is reached.", "Send again tomorrow, or raise the brand's limit."),
    35125: ("The account has too many texts scheduled.", "Wait until some are sent, then send again."),
    30027: ("T-Mobile's daily limit is reached.", "Send again tomorrow, or raise the brand's limit."),
    30454: ("The account's message limit is reached.", "Send again tomorrow, or ask Twilio for a higher limit."),
    63038: ("The account's daily message limit is reached.", "Send again tomorrow, or ask Twilio for more."),
}
HALF_HOUR: Words = {
    30450: ("Texts to this destination are blocked for a while.", "Wait half an hour, then send again."),
    30610: ("Quiet hours at the recipient's place.", "Send again in the morning there."),
}
TOLL_FREE: Words = {
    30032: ("The toll-free number is not verified.", "Verify the number at Twilio."),
    30440: ("The toll-free verification was refused.", "Correct the verification at Twilio."),
}
A2P: Words = {
    30033: ("The number's A2P campaign is suspended.", "Settle the suspension at Twilio."),
    30034: ("The number is not on an A2P 10DLC campaign.", "Register the number; US carriers block it until then."),
    30035: ("The number is still being set up.", "Wait until Twilio has registered it."),
}
SCHEDULING: Words = {
    35111: ("The time to send at is missing.", "Send the text again, without a time."),
    35114: ("The time to send at is too near or too far.", "Send the text again, without a time."),
    35115: ("The time to send at is too near or too far.", "Send the text again, without a time."),
    35117: ("The time to send at is not valid.", "Send the text again, without a time."),
    35118: ("Only a Messaging Service can send at a set time.", "Send the text again, without a time."),
    35126: ("This channel cannot send at a set time.", "Send the text again, without a time."),
}
CHANNELS: Words = {
    63001: ("The channel refused Twilio's credentials.", "Connect the channel anew in the Twilio console."),
    63002: ("The channel does not know the sender.", "Use a phone number as the sender."),
    63007: ("The sender is on no channel of this account.", "Use a phone number as the sender."),
    63008: ("The channel is not set up right at Twilio.", "Correct the channel in the Twilio console."),
    63020: ("The channel's business account has a problem.", "Settle it in the Twilio console."),
    63035: ("The RCS sender is not launched for this recipient.", "Use a phone number as the sender."),
}
CHANNEL_FAILED: Words = {
    63009: ("The channel failed internally.", "Ask first: the text may have arrived."),
    63011: ("Twilio could not learn what the channel can do.", "Send again later."),
    63023: ("The channel gave no reason.", "Send once more; if it fails again, use an ordinary text."),
}
WARNINGS: Words = {
    21710: ("The number is already in that Messaging Service.", "Nothing to do."),
    21712: ("The number is in another Messaging Service.", "Remove it there first."),
    30009: ("A part of the text is missing.", "Ask the sender to send it again."),
    30025: ("Half of T-Mobile's daily limit is used.", "Send less today, or raise the brand's limit."),
    30045: ("The validity period is out of range.", "Nothing to do: Twilio used its own."),
    30125: ("The number could not be registered for A2P 10DLC.", "Look at the campaign in the Twilio console."),
    30026: ("70 % of T-Mobile's daily limit is used.", "Send less today, or raise the brand's limit."),
    30648: ("A sub-account cannot change its country permissions.", "Change them in the main account."),
    30649: ("The country permissions were not changed.", "Change them in the Twilio console."),
}
OUR_WEBHOOK: Words = {
    11200: ("Twilio got no good answer from our webhook.", "Check that the portal runs and is reachable."),
    11205: ("Twilio could not connect to our webhook.", "Check the firewall and the public address."),
    11210: ("Twilio does not find our host.", "Check the public address and its DNS entry."),
    11206: ("Our answer was no proper HTTP.", "Check what answers at the webhook's address."),
    11215: ("Our webhook's address redirects too often.", "Check the redirects of the public address."),
    11220: ("Our TLS connection failed.", "Check the certificate of the public address."),
    11235: ("Our certificate does not fit the address.", "Check the certificate of the public address."),
    11236: ("Our certificate is not trusted or has expired.", "Renew the certificate of the public address."),
    11237: ("Our certificate chain is incomplete.", "Install the intermediate certificates."),
    11750: ("The answer to Twilio was too large.", "Check what answers at the webhook's address."),
    12100: ("The answer to Twilio could not be read.", "Check what answers at the webhook's address."),
    12200: ("The answer to Twilio was not valid.", "Check what answers at the webhook's address."),
    12400: ("Twilio failed to work on our answer.", "Wait; ask Twilio if it lasts."),
    12300: ("The answer to Twilio had a wrong type.", "Check what answers at the webhook's address."),
}
