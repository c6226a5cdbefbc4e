"""What a configuration's page says about Twilio's list of received texts: how often it is read, and how that went."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sms.lists import import_signs, importing
from sms.models import Configuration
from sms.setup import configuring
from tenants import clock

ERRORS = {
    "refused": gettext_lazy("Twilio refuses the credentials, so its list cannot be read. Check the account."),
    "busy": gettext_lazy("Twilio asks to slow down. The list is read again by itself in some minutes."),
    "unreachable": gettext_lazy("Twilio did not answer. The list is read again by itself in some minutes."),
    "failed": gettext_lazy("Twilio did not give its list. It is read again by itself in some minutes."),
}
SIGNS = {
    import_signs.OUTAGE: gettext_lazy("Every 5 minutes, since the portal was away for a while"),
    import_signs.SPOOL: gettext_lazy("Every 5 minutes, since the database was away for a while"),
    import_signs.SIGNATURES: gettext_lazy("Every 5 minutes, since requests with a wrong signature came in"),
    import_signs.CREDENTIALS: gettext_lazy("Every 5 minutes, since the credentials were changed"),
}


def of(configuration: Configuration) -> dict[str, Any]:
    """Return what the page shows about the list of a configuration's account."""
    row = importing.cursor_of(configuration)
    now = clock.now()
    watched = row is not None and row.trouble_until is not None and row.trouble_until > now
    polls = configuring.is_polling(configuration)
    return {
        "polls": polls,
        "list_read_at": row.read_at if row else None,
        "list_reached": row.back_reached if row else None,
        "list_error": ERRORS.get(row.error, "") if row else "",
        "list_rhythm": _rhythm(configuration, polls, row.trouble if row and watched else ""),
        "list_wanted": row.wanted_since if row else None,
        # Of an operator's account, the number would tell about other tenants.
        "list_found": row.imported if row and configuration.account.tenant_id else None,
    }


def _rhythm(configuration: Configuration, polls: bool, trouble: str) -> str:
    if polls:
        return _("Every 30 seconds")
    if configuration.signed_at is None:
        return _("Every 5 minutes, until Twilio has called for the first time")
    return str(SIGNS[trouble]) if trouble in SIGNS else _("Every hour, and seven days back every night")
