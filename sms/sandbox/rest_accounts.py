"""Accounts, balance and alerts of Twilio's REST API."""

from sms.sandbox import paging, shapes
from sms.sandbox.calls import Call, Reply


async def account(call: Call) -> Reply:
    """Show the account; master credentials see its primary token."""
    call.require_master()
    return Reply(payload=shapes.account(call.account), sid=call.account.sid)


async def accounts(call: Call) -> Reply:
    """List the accounts the credential may see: its own and its sub-accounts."""
    call.require_master()
    query = call.request.query
    name, status = query.get("FriendlyName"), query.get("Status")
    rows = [
        (seq, a)
        for seq, a in reversed(list(enumerate(call.hub.world.accounts.values())))
        if call.account.sid in {a.sid, a.owner_sid} and name in {None, a.friendly_name} and status in {None, a.status}
    ]
    return paging.reply(call, "accounts", rows, seq=lambda row: row[0], show=lambda row: shapes.account(row[1]))


async def balance(call: Call) -> Reply:
    """Show the balance; a sub-account has none of its own."""
    account = call.account
    if account.owner_sid:
        raise call.missing()
    return Reply(payload={"account_sid": account.sid, "balance": account.balance, "currency": account.currency})


async def alerts(call: Call) -> Reply:
    """List what the debugger saw, newest first."""
    query = call.request.query
    rows = [
        (seq, alert)
        for seq, alert in reversed(list(enumerate(call.hub.world.alerts)))
        if alert.account_sid == call.account.sid
        and query.get("StartDate", "") <= shapes.iso(alert.created)
        and shapes.iso(alert.created) <= query.get("EndDate", "~")
        and query.get("LogLevel", shapes.LOG_LEVEL) == shapes.LOG_LEVEL
    ]
    found = paging.reply(call, "alerts", rows, seq=lambda row: row[0], show=lambda row: shapes.alert(row[1]))
    return paging.modern(found, "alerts", "https://monitor.twilio.com")


async def nothing(call: Call) -> Reply:
    """Answer what Twilio says about a resource it does not have."""
    raise call.missing()
