"""Say what an error of Twilio means, who must act and what follows from it; PURE."""

from collections.abc import Mapping
from types import MappingProxyType

from sms.error_table import ROWS, Aftermath, CodeInfo, Verdict, Who

__all__ = ["BUTTONS", "CODES", "Aftermath", "CodeInfo", "Verdict", "Who", "at_create", "explain"]

CODES: Mapping[str, CodeInfo] = MappingProxyType({row.code: row for row in ROWS})
# Keys of what a page can offer beside an error; `showing/remedies.py` knows what each is for whom.
BUTTONS = frozenset({"error_dictionary", "twilio_console", *(row.button for row in ROWS)} - {""})

# Refused requests that are not in the table. 401, 404 and 410 speak of the account in the path.
_BY_STATUS: Mapping[int, Verdict] = {
    401: Verdict.STOP_CONFIGURATION,
    404: Verdict.STOP_CONFIGURATION,
    410: Verdict.STOP_CONFIGURATION,
    407: Verdict.REQUEUE,  # a proxy on our side: Twilio saw nothing
    425: Verdict.REQUEUE,
    408: Verdict.UNKNOWN,  # somebody waited in vain, after who knows how many bytes
}


def at_create(http_status: int, code: str | int | None) -> Verdict:
    """Judge an answer other than 201: only a refusal is certainly not accepted."""
    if http_status == 429:
        return Verdict.REQUEUE
    if not 400 <= http_status < 500:
        return Verdict.UNKNOWN
    info = CODES.get(_key(code))
    if info is not None:
        return info.at_create
    if http_status == 403 and not _key(code):
        return Verdict.STOP_CONFIGURATION
    return _BY_STATUS.get(http_status, Verdict.REJECTED)


def explain(code: str | int | None, http_status: int | None = None) -> CodeInfo:
    """Return what a code means; one that Twilio added later gets what the status of the answer says."""
    key = _key(code)
    return CODES.get(key) or _general(key, http_status)


def _key(code: str | int | None) -> str:
    return str(code).strip() if code else ""


def _general(code: str, http_status: int | None) -> CodeInfo:
    meaning = f"Twilio reports error {code}." if code else "Twilio gave no error code."
    verdict = at_create(http_status, None) if http_status else Verdict.REJECTED
    advice, who, button = _BY_VERDICT.get(verdict, _LOOK_UP if code else _LOOK)
    return CodeInfo(code, meaning, advice, who, verdict, Aftermath.PERMANENT, button)


_BY_VERDICT: Mapping[Verdict, tuple[str, Who, str]] = {
    Verdict.STOP_CONFIGURATION: ("Check the account and its token; waiting texts are kept.", Who.ADMINISTRATOR, ""),
    Verdict.REQUEUE: ("Nothing to do: the portal tries again.", Who.NOBODY, ""),
    Verdict.UNKNOWN: ("Wait: the portal finds out whether Twilio took the text.", Who.TWILIO, "send_again"),
}
_LOOK_UP = ("Look it up in Twilio's error dictionary.", Who.ADMINISTRATOR, "error_dictionary")
_LOOK = ("Look at the message in the Twilio console.", Who.ADMINISTRATOR, "twilio_console")
