"""Whether Twilio's calls reach the portal, or whether it must ask by itself; PURE."""

from datetime import datetime, timedelta

# A call that came so lately proves more than what an address looks like.
_PROOF = timedelta(hours=24)


def must_poll(
    *, address: str, problem: bool, signed_at: datetime | None, missed_at: datetime | None, now: datetime
) -> bool:
    """Say whether Twilio is asked every 30 seconds, because its webhooks do not come here.

    `problem`: the address cannot be reached from outside, as far as it tells. `signed_at`: Twilio's last signed call;
    `missed_at`: when its list last had a text that it should have called with.
    """
    if not address:
        return True
    heard_lately = signed_at is not None and signed_at > now - _PROOF
    if problem and not heard_lately:
        return True
    missed_lately = missed_at is not None and missed_at > now - _PROOF
    return missed_lately and missed_at is not None and (signed_at is None or signed_at < missed_at)
