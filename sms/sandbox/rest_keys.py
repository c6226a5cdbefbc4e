"""API keys of an account, as its master credentials see them: never with their secrets."""

from sms.sandbox import shapes
from sms.sandbox.calls import Call, Reply


async def fetch(call: Call) -> Reply:
    """Show one key of the account in the region that was called; standard keys see none."""
    call.require_master()
    key = call.hub.world.keys.get(call.part("sid"))
    if key is None or key.account_sid != call.account.sid or key.region != call.region:
        raise call.missing()
    made = shapes.rfc2822(call.account.created)
    shown = {"sid": key.sid, "friendly_name": key.friendly_name, "date_created": made, "date_updated": made}
    return Reply(payload=shown, sid=key.sid)
