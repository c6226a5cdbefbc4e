"""What audit entries say to people: a table from action to sentence, and names for the fields that changed."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as N

from tenants.models import AuditEntry
from tenants.models.members import ROLES, Assignment, SendingRight

SENTENCES = {
    "rules.inbound.copied": N("Inbound rules copied from another tenant"),
    "rules.inbound.imported": N("Inbound rules imported from a file"),
    "rules.inbound.restored": N("An older version of the inbound rules restored"),
    "rules.holiday.changed": N("Holiday %(target)s changed"),
    "rules.holiday.created": N("Holiday %(target)s added"),
    "rules.holiday.deleted": N("Holiday %(target)s deleted"),
    "rules.holidays.imported": N("Holidays imported"),
    "rules.hours.changed": N("Office hours changed"),
    "rules.inbound.saved": N("Inbound rules saved"),
    "rules.inbound_rule.changed": N("Inbound rule %(target)s changed"),
    "rules.inbound_rule.created": N("Inbound rule %(target)s added"),
    "rules.inbound_rule.deleted": N("Inbound rule %(target)s deleted"),
    "rules.inbound_rule.disabled": N("Inbound rule %(target)s disabled"),
    "rules.inbound_rule.enabled": N("Inbound rule %(target)s enabled"),
    "rules.inbound_rule.moved": N("Inbound rule %(target)s moved"),
    "rules.inbound_rule.restored": N("Inbound rule %(target)s restored"),
    "rules.outbound.copied": N("Outbound rules copied from another tenant"),
    "rules.outbound.imported": N("Outbound rules imported from a file"),
    "rules.outbound.restored": N("An older version of the outbound rules restored"),
    "rules.outbound.saved": N("Outbound rules saved"),
    "rules.outbound_rule.changed": N("Outbound rule %(target)s changed"),
    "rules.outbound_rule.created": N("Outbound rule %(target)s added"),
    "rules.outbound_rule.deleted": N("Outbound rule %(target)s deleted"),
    "rules.outbound_rule.disabled": N("Outbound rule %(target)s disabled"),
    "rules.outbound_rule.enabled": N("Outbound rule %(target)s enabled"),
    "rules.outbound_rule.moved": N("Outbound rule %(target)s moved"),
    "rules.outbound_rule.restored": N("Outbound rule %(target)s restored"),
    "sms.account.changed": N("Twilio account %(target)s changed"),
    "sms.account.created": N("Twilio account %(target)s added"),
    "sms.account.former_token_dropped": N("Former Auth Token of Twilio account %(target)s dropped"),
    "sms.account.rotation_given_up": N("Change of the Auth Token of Twilio account %(target)s given up"),
    "sms.account.second_token_made": N("Second Auth Token of Twilio account %(target)s made"),
    "sms.account.second_token_verified": N("Second Auth Token of Twilio account %(target)s verified"),
    "sms.account.token_promoted": N("New Auth Token of Twilio account %(target)s made the primary one"),
    "sms.account.token_replaced": N("Auth Token of Twilio account %(target)s replaced"),
    "sms.configuration.changed": N("SMS configuration %(target)s changed"),
    "sms.configuration.created": N("SMS configuration %(target)s added"),
    "sms.configuration.deleted": N("SMS configuration %(target)s deleted"),
    "sms.configuration.disabled": N("SMS configuration %(target)s disabled"),
    "sms.configuration.enabled": N("SMS configuration %(target)s enabled"),
    "sms.configuration.held": N("Sending by SMS configuration %(target)s stopped"),
    "sms.configuration.released": N("Sending by SMS configuration %(target)s resumed"),
    "sms.conversation.assigned": N("Conversation with %(target)s given to somebody"),
    "sms.conversation.escalated": N("Conversation with %(target)s given on: nobody had answered"),
    "sms.conversation.released": N("Conversation with %(target)s released"),
    "sms.deliveries.replayed": N("Failed deliveries tried again"),
    "sms.delivery.replayed": N("Delivery of %(target)s tried again"),
    "sms.address.accepted": N("Texts signed over a former public address accepted"),
    "sms.import.ordered": N("Texts of %(target)s read again from Twilio's list"),
    "sms.message.canceled": N("Text %(target)s cancelled"),
    "sms.message.marked_as_sent": N("Text %(target)s marked as sent"),
    "sms.message.released": N("Text %(target)s released"),
    "sms.message.routed_again": N("Text %(target)s routed again"),
    "sms.message.tried_again": N("Received text %(target)s tried again"),
    "sms.message.sent_again": N("Text %(target)s sent again"),
    "sms.number.taken_over": N("Number %(target)s taken over"),
    "sms.sender.released": N("Sending from %(target)s resumed"),
    "sms.sender.stopped": N("Sending from %(target)s stopped"),
    "sms.opt_out.added": N("Opt-out of %(target)s added"),
    "sms.opt_out.ended": N("Opt-out of %(target)s ended"),
    "sms.pool.changed": N("Numbers of %(target)s changed"),
    "sms.trunk.changed": N("Trunk %(target)s changed"),
    "sms.trunk.created": N("Trunk %(target)s added"),
    "sms.trunk.deleted": N("Trunk %(target)s deleted"),
    "sms.trunk.disabled": N("Trunk %(target)s disabled"),
    "sms.trunk.enabled": N("Trunk %(target)s enabled"),
    "sms.trunk.unshared": N("Trunk %(target)s no longer shared"),
    "sms.webhook.many_set": N("Webhook of %(target)s being set for many numbers at Twilio"),
    "sms.webhook.many_undone": N("Webhooks at Twilio being put back for %(target)s"),
    "sms.webhook.moved": N("Numbers at Twilio follow the new public address"),
    "sms.webhook.resumed": N("Setting webhooks at Twilio resumed"),
    "sms.webhook.request_taken": N("Refused request to the webhook of %(target)s taken"),
    "sms.webhook.rotated": N("Webhook address of %(target)s replaced"),
    "sms.webhook.set": N("Webhook of %(target)s set at Twilio"),
    "sms.webhook.stopped": N("Setting webhooks at Twilio stopped"),
    "sms.webhook.tried_again": N("Failed webhooks at Twilio tried again"),
    "sms.webhook.undone": N("Webhook at Twilio put back for %(target)s"),
    "tenants.sending.resumed": N("Sending resumed"),
    "tenants.sending.resumed_everywhere": N("Sending resumed for every tenant"),
    "tenants.sending.stopped": N("Sending stopped"),
    "tenants.sending.stopped_everywhere": N("Sending stopped for every tenant"),
    "tenants.database.restored": N("Restored database noticed: its waiting texts are looked for at Twilio"),
    "tenants.administrator.created": N("%(target)s became a system administrator"),
    "tenants.administrator.disabled": N("System administrator %(target)s disabled"),
    "tenants.administrator.enabled": N("System administrator %(target)s enabled"),
    "tenants.administrator.invitation_withdrawn": N("Invitation of system administrator %(target)s withdrawn"),
    "tenants.administrator.invited": N("System administrator %(target)s invited"),
    "tenants.administrator.removed": N("%(target)s is no system administrator any more"),
    "tenants.api_key.created": N("API key %(target)s made"),
    "tenants.api_key.revoked": N("API key %(target)s revoked"),
    "tenants.group.changed": N("Group %(target)s changed"),
    "tenants.group.created": N("Group %(target)s added"),
    "tenants.group.deleted": N("Group %(target)s deleted"),
    "tenants.invitation.created": N("%(target)s invited"),
    "tenants.invitation.renewed": N("New invitation link for %(target)s"),
    "tenants.invitation.withdrawn": N("Invitation of %(target)s withdrawn"),
    "tenants.keys.rotated": N("Stored secrets sealed anew under the newest key"),
    "tenants.manage.began": N("A system administrator entered %(target)s"),
    "tenants.manage.left": N("The system administrator left %(target)s"),
    "tenants.member.available": N("%(target)s is available"),
    "tenants.member.changed": N("Member %(target)s changed"),
    "tenants.member.joined": N("%(target)s became a member"),
    "tenants.member.hours_changed": N("Hours of %(target)s changed"),
    "tenants.member.removed": N("Member %(target)s removed"),
    "tenants.member.unavailable": N("%(target)s is not available"),
    "tenants.password.link_made": N("Link to reset the password of %(target)s made"),
    "tenants.tenant.changed": N("Settings of %(target)s changed"),
    "tenants.tenant.copied": N("Tenant %(target)s made as a copy"),
    "tenants.tenant.created": N("Tenant %(target)s added"),
    "tenants.tenant.deleted": N("Tenant %(target)s deleted"),
    "tenants.tenant.disabled": N("Tenant %(target)s disabled"),
    "tenants.tenant.enabled": N("Tenant %(target)s enabled"),
    "tenants.tenant.purged": N("Tenant %(target)s erased for good"),
    "tenants.tenant.restored": N("Tenant %(target)s restored"),
}

# What the log can be narrowed to: the start of the action, and its name.
AREAS = [
    ("tenants.member.", gettext_lazy("Members")),
    ("tenants.invitation.", gettext_lazy("Invitations")),
    ("tenants.group.", gettext_lazy("Groups")),
    ("tenants.tenant.", gettext_lazy("Tenant settings")),
    ("tenants.manage.", gettext_lazy("Visits of system administrators")),
    ("tenants.administrator.", gettext_lazy("System administrators")),
    ("tenants.api_key.", gettext_lazy("API keys")),
    ("sms.trunk.", gettext_lazy("Trunks")),
    ("sms.pool.", gettext_lazy("Numbers")),
    ("sms.configuration.", gettext_lazy("SMS configurations")),
    ("sms.account.", gettext_lazy("Twilio accounts")),
    ("sms.webhook.", gettext_lazy("Webhooks")),
    ("sms.conversation.", gettext_lazy("Conversations")),
    ("sms.message.", gettext_lazy("Texts")),
    ("sms.import.", gettext_lazy("Texts read from Twilio's list")),
    ("sms.deliver", gettext_lazy("Deliveries")),
    ("sms.opt_out.", gettext_lazy("Opt-outs")),
    ("rules.", gettext_lazy("Rules")),
]

FIELDS = {
    "assigned": N("Who has it"),
    "assignment": N("Each conversation is given to"),
    "escalate_minutes": N("Minutes to answer"),
    "escalate_to": N("Without an answer to"),
    "fallback": N("When nobody is available"),
    "minutes": N("Minutes without an answer"),
    "area_match": N("Prefer a number of the same area"),
    "auth_token_last4": N("Auth Token ends in"),
    "api_key_last4": N("API key ends in"),
    "count": N("How many"),
    "default_number": N("Default sender number"),
    "registered_us_only": N("Refuse texts to +1 from US numbers that are not registered"),
    "destination": N("Destination"),
    "domain": N("Domain"),
    "email": N("E-mail"),
    "ends_on": N("Last day"),
    "holidays": N("Own holidays"),
    "hours": N("Own hours"),
    "invited_by": N("Invited by"),
    "keep_audit_days": N("Keep the audit log (days)"),
    "keep_bodies_days": N("Keep texts (days)"),
    "keep_messages_days": N("Keep messages (days)"),
    "key_id": N("Key"),
    "max_members": N("Members at most"),
    "messages_per_day": N("Texts a day at most"),
    "messages_per_month": N("Texts a month at most"),
    "own_trunks": N("Own trunks"),
    "password_min_length": N("Shortest password"),
    "position": N("Place"),
    "sender_id": N("Sender ID"),
    "sending_right": N("Send SMS/MMS"),
    "slug": N("Short name in addresses"),
    "starts_on": N("First day"),
    "sms_enabled": N("SMS/MMS"),
    "sticky": N("Keep to the number that this person knows"),
    "targets": N("Send it to"),
    "time_zone": N("Time zone"),
    "two_factor_required": N("Second factor required"),
    "when_closed": N("Outside the hours"),
    "yearly": N("Every year"),
}

VALUES = {
    "assignment": {way.value: way.label for way in Assignment},
    "role": {str(role): label for role, label in ROLES},
    "sending_right": {right.value: right.label for right in SendingRight},
}

LONGEST = 200
# Whatever a flow writes by mistake, a field of such a name is never shown.
SECRET = ("token", "secret", "password", "digest", "sealed", "key")
HARMLESS = (
    "password_min_length",
    "key_id",
    "auth_token_last4",
    "secondary_token_last4",
    "api_key_last4",
    "api_key_sid",
)


def sentence(entry: AuditEntry) -> str:
    """Say what happened; an action that is not in the table is shown by its dotted name."""
    words = SENTENCES.get(entry.action)
    if words is None:
        return f"{entry.action} {entry.target_label}".strip()
    return " ".join((_(words) % {"target": entry.target_label}).split())


def changes(entry: AuditEntry) -> list[dict[str, Any]]:
    """Return the changed fields: name, value before (None when there was none to tell) and after."""
    rows = (_change(name, value) for name, value in entry.changes.items())
    return [row for row in rows if row["before"] != row["after"]]


def _change(name: str, value: Any) -> dict[str, Any]:
    hidden = name not in HARMLESS and any(part in name.lower() for part in SECRET)
    label = _(FIELDS[name]) if name in FIELDS else name.replace("_", " ").capitalize()
    pair = isinstance(value, list) and len(value) == 2
    if hidden:
        return {"label": label, "before": None, "after": _("changed; secrets are never shown")}
    if pair:
        return {"label": label, "before": _text(name, value[0]), "after": _text(name, value[1])}
    return {"label": label, "before": None, "after": _text(name, value)}


def _text(name: str, value: Any) -> str:
    if isinstance(value, str) and value in VALUES.get(name, {}):
        return str(VALUES[name][value])
    if value in (None, "", [], {}):
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = ", ".join(str(part) for part in value) if isinstance(value, list) else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
