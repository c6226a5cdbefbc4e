"""Read what people paste from the Twilio console, and name it when it belongs elsewhere. PURE."""

import re

_HEX32 = re.compile(r"[0-9a-f]{32}\Z", re.IGNORECASE)
_KEY_SECRET = re.compile(r"[0-9a-z]{32}\Z", re.IGNORECASE)
_NOT_HEX = re.compile(r"[^0-9a-f]", re.IGNORECASE)
_KINDS = {
    "AC": "an Account SID",
    "SK": "an API key SID",
    "MG": "a Messaging Service SID",
    "PN": "a phone number's SID",
    "TK": "a trunk's SID",
    "AP": "a TwiML application's SID",
    "SM": "a message's SID",
    "US": "a user's SID",
    "OR": "an organization's SID",
}


class PastedWrong(ValueError):
    """The text is something else; the message says what it is and where it goes."""


def squeeze(text: str) -> str:
    """Drop the blanks that come with copying."""
    return "".join(text.split())


def kind_of(text: str) -> str:
    """Name what a text is by its shape; nothing when it is no id of Twilio's."""
    if text[:2].upper() in _KINDS and _HEX32.match(text[2:]):
        return _KINDS[text[:2].upper()]
    return ""


def check_account_sid(text: str) -> str:
    """Return an Account SID.

    Raises:
        PastedWrong: it is not one.
    """
    sid = squeeze(text)
    if sid[:2].upper() == "SK":
        raise PastedWrong(
            "This is an API key SID (SK…). The Account SID starts with AC; a key goes under More options."
        )
    if _HEX32.match(sid):
        raise PastedWrong("This looks like an Auth Token. The Account SID starts with AC and has 34 characters.")
    return _check_sid(sid, "AC", "an Account SID")


def check_api_key_sid(text: str) -> str:
    """Return an API key's SID, or nothing.

    Raises:
        PastedWrong: it is something else.
    """
    sid = squeeze(text)
    return _check_sid(sid, "SK", "an API key SID") if sid else ""


def check_messaging_service_sid(text: str) -> str:
    """Return a Messaging Service's SID, or nothing.

    Raises:
        PastedWrong: it is something else.
    """
    sid = squeeze(text)
    return _check_sid(sid, "MG", "a Messaging Service SID") if sid else ""


def _check_sid(sid: str, start: str, what: str) -> str:
    if kind_of(sid) and kind_of(sid) != what:
        raise PastedWrong(f"This is {kind_of(sid)}. {what.capitalize().replace('sid', 'SID')} starts with {start}.")
    if sid[:2].upper() != start:
        raise PastedWrong(f"Paste {what}: {start} and 32 digits or letters a to f.")
    if len(sid) != 34:
        raise PastedWrong(f"This has {len(sid)} characters; {what} has 34. Copy it whole.")
    if not _HEX32.match(sid[2:]):
        raise PastedWrong(f"After {start}, {what} has only digits and the letters a to f. Copy it anew.")
    return start + sid[2:].lower()


def check_auth_token(text: str) -> str:
    """Return an Auth Token, or nothing.

    Raises:
        PastedWrong: it is something else.
    """
    token = squeeze(text)
    if not token:
        return ""
    if kind_of(token):
        raise PastedWrong(
            f"This is {kind_of(token)}, not the Auth Token. The token stands below the SID in the console."
        )
    if _KEY_SECRET.match(token) and len(_NOT_HEX.findall(token)) > 2:
        raise PastedWrong(
            "This looks like the secret of an API key. It goes under More options, beside the key's SID; here belongs "
            "the Auth Token, which stands below the Account SID in the console."
        )
    if len(token) != 32:
        raise PastedWrong(f"This has {len(token)} characters; an Auth Token has 32. Copy it whole.")
    if not _HEX32.match(token):
        raise PastedWrong("An Auth Token has only digits and the letters a to f. Copy it anew.")
    return token.lower()


def check_api_key_secret(text: str) -> str:
    """Return an API key's secret, or nothing.

    Raises:
        PastedWrong: it is something else.
    """
    secret = squeeze(text)
    if kind_of(secret):
        raise PastedWrong(f"This is {kind_of(secret)}. The secret was shown once, when the key was made.")
    if secret and len(secret) < 16:
        raise PastedWrong(f"This has {len(secret)} characters; an API key's secret has 32. Copy it whole.")
    return secret
