"""Photograph every main page of a running demo: `python -m tests.browser.gallery OUTDIR BASE_URL`."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Response, sync_playwright

from tests.servers import chromium

# As portal/demo_cast.py has them; this script runs without Django.
PASSWORD = "demodemodemo"
ROOT, KIM = "root@portal.example", "kim@agency.example"
ALICE, VERA = "alice@acme.example", "vera@acme.example"
WIDTHS = {"wide": (1440, 900), "phone": (390, 844)}


@dataclass(frozen=True)
class Shot:
    """One page: its file name, who looks, where it starts, and which link to follow from there, and then."""

    name: str
    who: str
    path: str
    follow: str = ""
    then: str = ""


ROW = "tbody tr a.row-link"
TRY = "/t/acme/rules/inbound/try/?sender=14155550134&text=hours&at=2026-11-23T22:00"
SHOTS = (
    Shot("signin", "", "/account/login/"),
    Shot("forgotten", "", "/account/password/reset/"),
    Shot("tenants", ROOT, "/system/tenants/"),
    Shot("tenant-new", ROOT, "/system/tenants/new/"),
    Shot("tenant", ROOT, "/system/tenants/", ROW),
    Shot("system-trunks", ROOT, "/system/trunks/"),
    Shot("system-trunk-new", ROOT, "/system/trunks/new/"),
    Shot("system-trunk", ROOT, "/system/trunks/", ROW),
    Shot("system-trunk-numbers", ROOT, "/system/trunks/", ROW, "numbers/"),
    Shot("administrators", ROOT, "/system/administrators/"),
    Shot("system-audit", ROOT, "/system/audit/"),
    Shot("mail", ROOT, "/system/mail/"),
    Shot("system-messages", ROOT, "/system/messages/"),
    Shot("system-health", ROOT, "/system/health/"),
    Shot("system-sending", ROOT, "/system/sending/"),
    Shot("manage-ask", ROOT, "/t/globex/"),
    Shot("phone", ALICE, "/phone/"),
    Shot("dashboard", ALICE, "/t/acme/"),
    Shot("dashboard-today", ALICE, "/t/acme/?chart=today"),
    Shot("dashboard-month", ALICE, "/t/acme/?chart=month"),
    Shot("dashboard-viewer", VERA, "/t/acme/"),
    Shot("choose-tenant", KIM, "/"),
    Shot("conversations", ALICE, "/t/acme/conversations/"),
    Shot("conversation", ALICE, "/t/acme/conversations/", ".inbox-item"),
    Shot("message-new", ALICE, "/t/acme/conversations/new/"),
    Shot("message-new-us", ALICE, "/t/acme/conversations/new/?to=%2B14155550134"),
    Shot("messages", ALICE, "/t/acme/messages/"),
    Shot("messages-failed", ALICE, "/t/acme/messages/?state=failed"),
    Shot("message", ALICE, "/t/acme/messages/?direction=out&state=failed", ROW),
    Shot("message-in", ALICE, "/t/acme/messages/?direction=in", ROW),
    Shot("message-replay", ALICE, "/t/acme/messages/?direction=in", ROW, "replay/"),
    Shot("failed-deliveries", ALICE, "/t/acme/deliveries/"),
    Shot("sending", ALICE, "/t/acme/sending/"),
    Shot("opt-outs", ALICE, "/t/acme/opt-outs/"),
    Shot("trunks", ALICE, "/t/acme/trunks/"),
    Shot("trunk-new", ALICE, "/t/acme/trunks/new/"),
    Shot("trunk", ALICE, "/t/acme/trunks/", ROW),
    Shot("configurations", ALICE, "/t/acme/sms/"),
    Shot("configuration-new", ALICE, "/t/acme/sms/new/"),
    Shot("configuration", ALICE, "/t/acme/sms/", ROW),
    Shot("configuration-health", ALICE, "/t/acme/sms/", ROW, "health/"),
    Shot("configuration-health-history", ALICE, "/t/acme/sms/", ROW, "health/?part=history"),
    Shot("configuration-edit", ALICE, "/t/acme/sms/", "a[href$='/edit/']"),
    Shot("pointing", ALICE, "/t/acme/sms/", ROW, "pointing/"),
    Shot("addresses", ROOT, "/system/addresses/"),
    Shot("webhook", ALICE, "/t/acme/sms/", "a[href$='/webhook/']"),
    Shot("webhook-requests", ALICE, "/t/acme/sms/", ROW, "requests/"),
    Shot("webhook-requests-viewer", VERA, "/t/acme/sms/", ROW, "requests/"),
    Shot("verify", ALICE, "/t/acme/sms/", ROW, "verify/"),
    Shot("rotation", ALICE, "/t/acme/sms/", ROW, "rotation/"),
    Shot("numbers-at-twilio", ALICE, "/t/acme/sms/", ROW, "numbers/"),
    Shot("guide", ALICE, "/t/acme/sms/guide/"),
    Shot("inbound-rules", ALICE, "/t/acme/rules/inbound/"),
    Shot("inbound-rule-new", ALICE, "/t/acme/rules/inbound/new/"),
    Shot("inbound-rule", ALICE, "/t/acme/rules/inbound/", ROW),
    Shot("inbound-try", ALICE, f"{TRY}&number=12025550110"),
    Shot("rule-findings", ALICE, "/t/acme/rules/findings/"),
    Shot("rule-versions", ALICE, "/t/acme/rules/inbound/versions/"),
    Shot("rule-version", ALICE, "/t/acme/rules/inbound/versions/", ROW),
    Shot("outbound-rules", ALICE, "/t/acme/rules/outbound/"),
    Shot("outbound-rule-new", ALICE, "/t/acme/rules/outbound/new/"),
    Shot("members", ALICE, "/t/acme/members/"),
    Shot("member-new", ALICE, "/t/acme/members/new/"),
    Shot("member", ALICE, "/t/acme/members/", ROW),
    Shot("groups", ALICE, "/t/acme/groups/"),
    Shot("group-new", ALICE, "/t/acme/groups/new/"),
    Shot("availability", ALICE, "/t/acme/availability/members/"),
    Shot("availability-own", ALICE, "/t/acme/availability/"),
    Shot("office-hours", ALICE, "/t/acme/hours/"),
    Shot("holidays", ALICE, "/t/acme/holidays/"),
    Shot("holiday-new", ALICE, "/t/acme/holidays/new/"),
    Shot("holiday", ALICE, "/t/acme/holidays/", ROW),
    Shot("holiday-import", ALICE, "/t/acme/holidays/import/"),
    Shot("transfer", ALICE, "/t/acme/transfer/"),
    Shot("transfer-import", ALICE, "/t/acme/transfer/inbound/"),
    Shot("company", ALICE, "/t/acme/company/"),
    Shot("api-keys", ALICE, "/t/acme/api-keys/"),
    Shot("audit", ALICE, "/t/acme/audit/"),
    Shot("profile", ALICE, "/account/"),
    Shot("second-factor", ALICE, "/account/2fa/"),
    Shot("not-found", ALICE, "/t/nowhere/"),
)


def sign_in(page: Page, base: str, email: str) -> None:
    """Sign in as a person of the demo."""
    page.goto(f"{base}/account/login/")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()


def contexts(browser: Browser, base: str) -> Iterator[tuple[str, str, BrowserContext]]:
    """Yield a signed-in browser per person, width and theme; people sign in once."""
    for who in sorted({shot.who for shot in SHOTS}):
        with browser.new_context() as entrance:
            if who:
                sign_in(entrance.new_page(), base, who)
            state = entrance.storage_state()
        for width, (x, y) in WIDTHS.items():
            for theme in ("light", "dark"):
                with browser.new_context(
                    viewport={"width": x, "height": y}, color_scheme=theme, storage_state=state
                ) as context:
                    yield who, f"{width}-{theme}", context


def visit(page: Page, base: str, shot: Shot) -> Response | None:
    """Open a page, following its link where it has one."""
    answer = page.goto(f"{base}{shot.path}")
    if shot.follow:
        answer = page.goto(base + str(page.locator(shot.follow).first.get_attribute("href")) + shot.then)
    return answer


def too_wide(page: Page) -> bool:
    """Whether the page must be moved sideways to be read."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def photograph(page: Page, base: str, shot: Shot, file: Path) -> str:
    """Take one picture; returns what is wrong with the page, if anything."""
    answer = visit(page, base, shot)
    page.wait_for_timeout(120)
    page.screenshot(path=file, full_page=True)
    if answer is None or answer.status >= 500:
        return "broken"
    return "wider than the screen" if too_wide(page) else ""


def main(folder: Path, base: str, only: set[str]) -> int:
    """Take all pictures; the exit status tells whether a page was broken or too wide."""
    folder.mkdir(parents=True, exist_ok=True)
    broken = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for who, look, context in contexts(browser, base):
            page = context.new_page()
            for shot in SHOTS:
                if shot.who != who or (only and shot.name not in only):
                    continue
                problem = photograph(page, base, shot, folder / f"{shot.name}-{look}.png")
                if problem:
                    broken += 1
                    print(f"{shot.name} {look}: {problem}")
        browser.close()
    return min(broken, 1)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), sys.argv[2].rstrip("/"), set(sys.argv[3:])))
