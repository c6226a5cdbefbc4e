"""What an administrator must know to connect Twilio: each statement once, with the pages that show it."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from sms.setup.numbers import live_numbers
from tenants.models import Tenant

CONSOLE = "https://console.twilio.com"
GUIDE, FORM, WEBHOOK, VERIFY, TRUNK = "guide", "form", "webhook", "verify", "trunk"


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing to know, where it is done in the Twilio console, and which pages say it."""

    key: str
    title: StrPromise
    text: StrPromise
    pages: tuple[str, ...]
    place: str = ""
    url: str = ""
    us_only: bool = False


STATEMENTS: tuple[Statement, ...] = (
    Statement(
        "buy_number",
        _("Buy a number first"),
        _("It must be able to do SMS, and MMS if you want pictures."),
        (GUIDE, TRUNK),
        "Phone Numbers → Manage → Buy a number",
        f"{CONSOLE}/us1/develop/phone-numbers/manage/search",
    ),
    Statement(
        "us_registration",
        _("United States: register before you send"),
        _(
            "US networks block texts from numbers that are not registered (A2P 10DLC). Ask Twilio what your business "
            "has to register. Until that is done you can receive, but not send to the US."
        ),
        (GUIDE, FORM, WEBHOOK),
        "Messaging → Regulatory Compliance → A2P 10DLC",
        f"{CONSOLE}/us1/develop/sms/regulatory-compliance/a2p-10dlc",
        us_only=True,
    ),
    Statement(
        "trunk_first",
        _("Have a trunk"),
        _(
            "A Twilio trunk with your numbers in its pool stands in this portal before the SMS configuration. Once "
            "that is saved, the account's other numbers can be taken into the pool from a list."
        ),
        (GUIDE, TRUNK),
        "Elastic SIP Trunking → Trunks",
        f"{CONSOLE}/us1/develop/sip-trunking/trunks",
    ),
    Statement(
        "account_info",
        _("Account SID and Auth Token"),
        _("Both stand together on the console's first page. Press Show for the token."),
        (GUIDE, FORM),
        "Account Dashboard → Account Info",
        f"{CONSOLE}/",
    ),
    Statement(
        "token_secret",
        _("Keep the token secret"),
        _(
            "Whoever has it can send at your cost. Store it safely and share it with nobody. If it leaked, make a new "
            "one at once: Rotate token here does it without losing a text; Replace token stores one made at Twilio."
        ),
        (GUIDE, FORM),
        "Account → API keys & tokens",
        f"{CONSOLE}/us1/account/keys-credentials/api-keys",
    ),
    Statement(
        "sender_id",
        _("Sender ID, if you want one"),
        _(
            "Your brand in place of a number: up to 11 letters, digits and spaces, with a letter among them. Only some "
            "countries take it, some want it registered, and nobody can answer. US and Canada do not take it."
        ),
        (GUIDE, FORM),
        "Develop → Phone Numbers → Alphanumeric Sender IDs",
        f"{CONSOLE}/us1/develop/phone-numbers",
    ),
    Statement(
        "webhook_needed",
        _("The webhook brings texts in"),
        _("Without it, or with a wrong one, nothing arrives and nobody tells you."),
        (GUIDE, WEBHOOK),
    ),
    Statement(
        "webhook_unchanged",
        _("Do not change the address"),
        _("Paste it whole, with what stands after #. When it changes here, change it there, or press Set it for me."),
        (GUIDE, WEBHOOK),
    ),
    Statement(
        "webhook_paste",
        _("Paste the webhook"),
        _(
            "Press Set it for me: the portal shows what will change, and sets it. By hand: open the number, go to "
            "Messaging, and paste the URL at “A message comes in”: Webhook, HTTP POST. Save."
        ),
        (GUIDE, WEBHOOK),
        "Develop → Phone Numbers → Manage → Active Numbers",
        f"{CONSOLE}/us1/develop/phone-numbers/manage/incoming",
    ),
    Statement(
        "geo_permissions",
        _("Allow the countries you send to"),
        _(
            "A text to a country that is not enabled fails. The setting counts for the whole account; some consoles "
            "show it at the number. Enable only countries that you need."
        ),
        (GUIDE, WEBHOOK),
        "Messaging → Settings → Geo permissions",
        f"{CONSOLE}/us1/develop/sms/settings/geo-permissions",
    ),
    Statement(
        "verify",
        _("Verify"),
        _(
            "The portal calls its own webhook, then you text the number and send one back: that proves both ways. "
            "Afterwards Health looks by itself, and says what to mend."
        ),
        (GUIDE, WEBHOOK, VERIFY),
    ),
    Statement(
        "rules",
        _("Then the rules"),
        _("Inbound rules say who gets a text; outbound rules say by which configuration one leaves."),
        (GUIDE, VERIFY),
    ),
)


def for_page(page: str, tenant: Tenant) -> list[Statement]:
    """Return what a page says; what concerns the US stands on the spot only where it matters."""
    shows_us = page == GUIDE or concerns_us(tenant)
    return [said for said in STATEMENTS if page in said.pages and (shows_us or not said.us_only)]


def concerns_us(tenant: Tenant) -> bool:
    """Whether the tenant is in the US or holds a +1 number."""
    return tenant.country == "US" or live_numbers(tenant).filter(e164__startswith="+1").exists()
