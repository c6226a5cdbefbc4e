"""What a check of Twilio credentials can end in, each with its own sentence, its remedy, and what saving would do."""

from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

REGION_NAMES = {
    "us1": _lazy("United States (US1)"),
    "ie1": _lazy("Ireland (IE1)"),
    "au1": _lazy("Australia (AU1)"),
}


class Result(StrEnum):
    """What Twilio said about an account and its credentials."""

    OK = "ok"
    WRONG_PAIR = "wrong_pair"
    PARENT_TOKEN = "parent_token"  # noqa: S105  a word, no token
    OTHER_TOKEN = "other_token"  # noqa: S105  a word, no token
    IN_US1 = "in_us1"
    IN_IE1 = "in_ie1"
    IN_AU1 = "in_au1"
    NO_MESSAGING = "no_messaging"
    TEST_CREDENTIALS = "test_credentials"
    NOT_ACTIVE = "not_active"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    KEY_REFUSED = "key_refused"
    KEY_SECRET = "key_secret"  # noqa: S105  a word, no secret
    KEY_FOREIGN = "key_foreign"
    KEY_REGION = "key_region"
    KEY_POWERLESS = "key_powerless"
    KEY_LIMITED = "key_limited"
    UNREACHABLE = "unreachable"
    BUSY = "busy"
    SANDBOX_OFF = "sandbox_off"
    UNCLEAR = "unclear"


# The same credentials hold in this region.
IN_REGION = {Result.IN_US1: "us1", Result.IN_IE1: "ie1", Result.IN_AU1: "au1"}
_KEY = {Result.KEY_REFUSED, Result.KEY_SECRET, Result.KEY_FOREIGN, Result.KEY_REGION, Result.KEY_POWERLESS}
_STOPPED = {Result.NOT_ACTIVE, Result.SUSPENDED, Result.CLOSED, Result.NO_MESSAGING, Result.TEST_CREDENTIALS}
_NOT_ASKED = {Result.UNREACHABLE, Result.BUSY, Result.SANDBOX_OFF, Result.UNCLEAR}


def describe(result: str, detail: str = "") -> str:
    """Say what a finding means and what to do about it. `detail` is what a check told beside its result."""
    if result not in set(Result):
        return detail
    if region := IN_REGION.get(Result(result)):
        return _elsewhere(region, detail)
    return _with_detail(result, detail) if detail and result in _DETAILED else _sentence(result, detail)


def _elsewhere(region: str, asked: str) -> str:
    names = {"region": REGION_NAMES[region], "asked": asked or _("another region")}
    return (
        _(
            "These credentials belong to the region %(region)s; they were asked in %(asked)s. Each region of Twilio "
            "has tokens of its own. Choose %(region)s here, or type the token of the region you want."
        )
        % names
    )


_DETAILED = {Result.PARENT_TOKEN, Result.OTHER_TOKEN, Result.KEY_REGION, Result.NO_MESSAGING}


def _with_detail(result: str, detail: str) -> str:
    texts = {
        Result.PARENT_TOKEN: _(
            "This is the Auth Token of the parent account …%(detail)s. A sub-account has a token of its own: switch "
            "to the sub-account in the Twilio console, and copy the token that stands there."
        ),
        Result.OTHER_TOKEN: _(
            "This is the Auth Token of your other account …%(detail)s. Copy the one that stands beside this "
            "Account SID."
        ),
        Result.KEY_REGION: _(
            "Account SID and Auth Token fit, but the API key belongs to the region %(detail)s. Make a key in the "
            "account's own region, or leave key and secret empty."
        ),
        Result.NO_MESSAGING: _(
            "The credentials hold, but Twilio has no messaging in the region %(detail)s. Choose another region, with "
            "the token of that region."
        ),
    }
    return texts[Result(result)] % {"detail": detail}


def _sentence(result: str, detail: str) -> str:
    texts = {
        Result.OK: _("Twilio knows this account and accepts the credentials."),
        Result.WRONG_PAIR: _(
            "Account SID and Auth Token do not belong together. Copy both anew from the Twilio console, Account "
            "Dashboard → Account Info. A sub-account has a token of its own, and so has each region."
        ),
        Result.PARENT_TOKEN: _(
            "This is the Auth Token of the parent account. A sub-account has a token of its own: switch to the "
            "sub-account in the Twilio console, and copy the token that stands there."
        ),
        Result.OTHER_TOKEN: _(
            "This is the Auth Token of another account of yours. Copy the one that stands beside this Account SID."
        ),
        Result.NO_MESSAGING: _(
            "The credentials hold, but Twilio has no messaging in this region. Choose another region, with the token "
            "of that region."
        ),
        Result.TEST_CREDENTIALS: _(
            "These are Twilio's test credentials: they take calls and send nothing. Copy the live ones: Account "
            "Dashboard → Account Info."
        ),
        Result.NOT_ACTIVE: _(
            "Twilio says that this account is not active: suspended or closed. Sign in to the Twilio console to see "
            "which, and settle it there."
        ),
        Result.SUSPENDED: _(
            "Twilio has suspended this account. Sign in to the Twilio console and settle that; until then nothing is "
            "sent."
        ),
        Result.CLOSED: _("This Twilio account is closed, for good. Use another one."),
        Result.KEY_REFUSED: _(
            "Account SID and Auth Token fit, but the API key is refused. Check its SID and secret, or leave both empty."
        ),
        Result.KEY_SECRET: _(
            "Account SID and Auth Token fit, and the account has this API key, but its secret is another one. Twilio "
            "shows a secret only once: make a new key, or leave key and secret empty."
        ),
        Result.KEY_FOREIGN: _(
            "Account SID and Auth Token fit, but this account has no such API key. Keys belong to one account: make "
            "one in this account, or leave key and secret empty."
        ),
        Result.KEY_REGION: _(
            "Account SID and Auth Token fit, but the API key belongs to another region. Make a key in the account's "
            "own region, or leave key and secret empty."
        ),
        Result.KEY_POWERLESS: _(
            "Account SID and Auth Token fit, but the API key may not read messages. Give it the rights for messages "
            "at Twilio, use a standard key, or leave key and secret empty."
        ),
        Result.KEY_LIMITED: _(
            "Twilio accepts the credentials. The API key is a standard key: it sends, but may not read the account. "
            "That is fine."
        ),
        Result.UNREACHABLE: _(
            "Twilio did not answer, so the credentials are not checked yet. Check again in a minute."
        ),
        Result.BUSY: _("Twilio is busy, so the credentials are not checked yet. Check again in a minute."),
        Result.SANDBOX_OFF: _("This is a sandbox account, and the sandbox is not running. Start it and check again."),
    }
    return texts.get(Result(result)) or detail or _("Twilio's answer was not clear. Check again in a minute.")


def consequence(result: str) -> str:
    """Say what happens when credentials with this finding are saved all the same."""
    if result in _KEY:
        return _("Saved like this, texts are sent with the Auth Token in place of the key.")
    if result in _STOPPED:
        return _("Saved like this, nothing is sent: texts wait until a check succeeds.")
    if result in _NOT_ASKED:
        return _("Saved like this, they are checked later; if they are wrong, texts wait until you mend them.")
    return _(
        "Saved like this, nothing is sent and nothing comes in: texts to be sent wait until a check succeeds, and what "
        "Twilio brings is refused, since its signature cannot be checked."
    )


def trial_note(account_type: str) -> str:
    """Say what a trial account may not; nothing about others."""
    if account_type.lower() != "trial":
        return ""
    return _("This is a trial account: it sends only to numbers verified in Twilio, with a note before each text.")
