"""Twilio's way to say no: a code, a sentence and an HTTP status."""

from typing import Any

TEXTS: dict[int, tuple[int, str]] = {
    20003: (401, "Authenticate"),
    20005: (403, "Account is not active"),
    20009: (409, "Cannot {verb} message because delivery has not been completed."),
    20404: (404, "The requested resource {what} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    20001: (400, "Invalid parameter: {what}"),
    21211: (400, "Invalid 'To' Phone Number: {what}"),
    21212: (400, "Invalid From Number (caller ID): {what}"),
    21265: (400, "'To' number cannot be a Short Code: {what}"),
    21266: (400, "'To' and 'From' number cannot be the same: {what}"),
    21267: (400, "Alphanumeric Sender ID cannot be used as the 'From' number on trial accounts"),
    21402: (400, "Invalid Url: {what}"),
    21403: (400, "Invalid Method: {what}"),
    21406: (400, "A fallback Url needs a primary Url"),
    21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {what}"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (
        400,
        "The 'From' phone number {what} is not a valid, SMS-capable inbound phone number or short code "
        "for your account.",
    ),
    21608: (
        400,
        "The number {what} is unverified. Trial accounts cannot send messages to unverified numbers; verify {what} "
        "or purchase a Twilio number to send messages to unverified numbers",
    ),
    21609: (400, "The 'StatusCallback' URL {what} is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21612: (400, "Message cannot be sent with the current combination of 'To' ({what}) and 'From' parameters"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21619: (400, "A text message body, media urls or content SID must be specified."),
    21620: (400, "Invalid media URL(s): {what}"),
    21621: (400, "The 'From' number {what} has not been enabled for MMS"),
    21623: (400, "Number of media files exceeds allowed limit"),
    21624: (400, "Invalid ValidityPeriod: {what}"),
    21660: (400, "Mismatch between the 'From' number {what} and the account"),
    21701: (400, "The messaging service resource does not exist: {what}"),
    21704: (400, "The messaging service contains no phone numbers"),
    21711: (400, "The 'From' number {what} does not belong to the messaging service"),
    21710: (409, "Phone Number or Short Code is already in the Messaging Service."),
    21712: (409, "Phone Number or Short Code is associated with another Messaging Service."),
    21714: (409, "The messaging service has an alphanumeric sender already."),
    30648: (403, "Geo permissions of a subaccount cannot be updated"),
    30409: (400, "Message is not cancelable"),
    35114: (400, "SendAt must be between 15 minutes and 35 days from now"),
    35118: (400, "A MessagingServiceSid is required to schedule a message"),
}


class Problem(Exception):
    """Raised anywhere under a REST call; becomes Twilio's error answer."""

    def __init__(self, code: int, what: str = "", *, status: int | None = None, verb: str = "") -> None:
        usual, text = TEXTS.get(code, (400, "The sandbox was told to answer this"))
        self.code = code
        self.status = status or usual
        self.message = text.format(what=what, verb=verb)
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        """Return the JSON that Twilio would send."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }
