"""The left menu: what a visitor may open, by section."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from portal import health
from sms.pointing import addresses
from tenants.access import can
from tenants.models import Tenant
from tenants.roles import Permission as P

Section = dict[str, Any]


def _item(request: HttpRequest, label: str, icon: str, url: str, *, exact: bool = False) -> dict[str, Any]:
    path = request.path
    return {"label": label, "url": url, "icon": icon, "active": path == url if exact else path.startswith(url)}


def _sections(request: HttpRequest, groups: list[tuple[str, list[tuple[bool, str, str, str, bool]]]]) -> list[Section]:
    """Build the sections, leaving out what the visitor may not open."""
    sections = [
        {
            "label": label,
            "items": [
                _item(request, name, icon, url, exact=exact) for allowed, name, icon, url, exact in items if allowed
            ],
        }
        for label, items in groups
    ]
    return [section for section in sections if section["items"]]


def of_tenant(request: HttpRequest, tenant: Tenant) -> list[Section]:
    """Return the menu inside a tenant."""

    def to(name: str) -> str:
        return reverse(name, args=[tenant.slug])

    return _sections(
        request,
        [
            (
                "",
                [
                    (can(request, P.TENANT_VIEW), _("Dashboard"), "layout-dashboard", to("dashboard"), True),
                    (
                        can(request, P.CONVERSATIONS_VIEW),
                        _("Conversations"),
                        "messages-square",
                        to("sms:conversation_list"),
                        False,
                    ),
                    (can(request, P.MESSAGES_VIEW), _("Message log"), "list", to("sms:message_list"), False),
                    (can(request, P.OPT_OUTS_EDIT), _("Opt-outs"), "bell-off", to("sms:opt_out_list"), False),
                ],
            ),
            (
                _("Connect"),
                [
                    (can(request, P.TRUNKS_VIEW), _("Trunks"), "cable", to("sms:trunk_list"), False),
                    (
                        can(request, P.CONFIGURATIONS_VIEW),
                        _("SMS/MMS"),
                        "message-square-more",
                        to("sms:configuration_list"),
                        False,
                    ),
                    (
                        can(request, P.RULES_VIEW),
                        _("Inbound rules"),
                        "arrow-down-left",
                        to("rules:inbound_rule_list"),
                        False,
                    ),
                    (
                        can(request, P.RULES_VIEW),
                        _("Outbound rules"),
                        "arrow-up-right",
                        to("rules:outbound_rule_list"),
                        False,
                    ),
                ],
            ),
            (
                _("Company"),
                [
                    (can(request, P.MEMBERS_MANAGE), _("Members"), "users", to("tenants:member_list"), False),
                    (can(request, P.MEMBERS_MANAGE), _("Groups"), "users-round", to("tenants:group_list"), False),
                    (
                        can(request, P.RULES_EDIT),
                        _("Availability"),
                        "user-round-check",
                        to("rules:availability_list"),
                        False,
                    ),
                    (can(request, P.TENANT_EDIT), _("Office hours"), "clock", to("rules:office_hours"), False),
                    (can(request, P.TENANT_EDIT), _("Holidays"), "calendar-days", to("rules:holiday_list"), False),
                    (can(request, P.API_KEYS_MANAGE), _("API keys"), "key-round", to("tenants:api_key_list"), False),
                    (can(request, P.AUDIT_VIEW), _("Audit log"), "scroll-text", to("tenants:audit_list"), False),
                    (can(request, P.TENANT_EDIT), _("Sending"), "gauge", to("tenants:sending"), False),
                    (
                        can(request, P.RULES_VIEW),
                        _("Import and export"),
                        "arrow-left-right",
                        to("sms:transfer_home"),
                        False,
                    ),
                    (can(request, P.TENANT_EDIT), _("Company"), "building-2", to("tenants:company"), False),
                ],
            ),
        ],
    )


def of_system(request: HttpRequest) -> list[Section]:
    """Return the menu of system administrators outside a tenant."""
    everyone = True
    sections = _sections(
        request,
        [
            (
                _("System"),
                [
                    (everyone, _("Tenants"), "building-2", reverse("tenants:tenant_list"), False),
                    (everyone, _("Trunks"), "cable", reverse("sms:system_trunk_list"), False),
                    (everyone, _("Public address"), "globe", reverse("sms:system_addresses"), False),
                    (everyone, _("Message log"), "list", reverse("sms:system_message_list"), False),
                    (everyone, _("Sending"), "gauge", reverse("tenants:system_sending"), False),
                    (everyone, _("Administrators"), "shield-check", reverse("tenants:administrator_list"), False),
                    (everyone, _("Audit log"), "scroll-text", reverse("tenants:system_audit_list"), False),
                    (everyone, _("Mail"), "mail", reverse("tenants:mail"), False),
                    (everyone, _("Health"), "heart-pulse", reverse("system_health"), False),
                ],
            )
        ],
    )
    # A page that works although nothing is consumed behind it must say so.
    sections[-1]["items"][-1]["badge"] = health.alarms() or ""
    # Texts get lost as soon as the former address leads nowhere.
    moved = next(item for item in sections[-1]["items"] if item["url"] == reverse("sms:system_addresses"))
    moved["badge"] = addresses.counted() or ""
    return sections


def of_places(request: HttpRequest, tenants: list[Tenant]) -> list[Section]:
    """Return the way back into the tenants, on pages that belong to none."""
    found = [(True, tenant.name, "building-2", reverse("dashboard", args=[tenant.slug]), False) for tenant in tenants]
    return _sections(request, [(_("Your tenants"), found)])


def of_demo(request: HttpRequest) -> list[Section]:
    """Return what exists beside a sandbox only."""
    if not settings.SANDBOX_URL:
        return []
    return _sections(request, [(_("Sandbox"), [(True, _("Phone"), "smartphone", reverse("sms:phone"), False)])])
