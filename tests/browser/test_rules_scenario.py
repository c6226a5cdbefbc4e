"""A night, a holiday and a VIP: built from nothing, tried in the panel, then lived through with the clock moved."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.sandbox.harness import Sandbox
from tests.servers import Product, free_port, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ZONE = ZoneInfo("America/New_York")
GAVIN = steps.Person("gavin@pied.example", "Gavin Belson")
VIP, OTHER = "+14155550190", "+14155550191"
NIGHT_REPLY, HOLIDAY_REPLY = "We are closed. We answer in the morning.", "Happy holiday!"


def next_wednesday_night() -> datetime:
    """Return ten in the evening of a Wednesday that is still to come, on the clock of the office."""
    now = datetime.now(ZONE)
    days = (2 - now.weekday()) % 7 or 7
    return (now + timedelta(days=days)).replace(hour=22, minute=0, second=0, microsecond=0)


NIGHT = next_wednesday_night()
HOLIDAY = NIGHT.replace(hour=12) + timedelta(days=1)
FRIDAY = NIGHT.replace(hour=10) + timedelta(days=2)


@dataclass
class Times:
    """One product on one folder, started anew whenever its clock is to show another time."""

    folder: Path
    port: int
    running: Product | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def move_to(self, moment: datetime) -> Sandbox:
        """Start with the clock at a moment; returns the sandbox that runs with it."""
        self.stop()
        offset = (moment - datetime.now(UTC)).total_seconds()
        options = {"TIME_SCALE": "0.3", "CLOCK_OFFSET_SECONDS": f"{offset:.0f}"}
        self.running = Product(self.folder, "--demo", port=self.port, **options).wait_ready()
        return steps.sandbox_of(self.running)

    def stop(self) -> None:
        """End it at once: whatever was promised is in the database."""
        if self.running is None:
            return
        for pid in [self.running.process.pid, *self.running.processes()]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.running.stop()


@pytest.fixture
def times(tmp_path: Path) -> Iterator[Times]:
    with pytest.MonkeyPatch.context() as surroundings:
        surroundings.delenv("DEBUG", raising=False)
        found = Times(tmp_path, free_port())
        try:
            yield found
        finally:
            found.stop()


def test_a_night_a_holiday_and_a_vip(browser: Browser, times: Times) -> None:
    sandbox = times.move_to(NIGHT)
    page = steps.open_page(browser, permissions=["clipboard-read", "clipboard-write"])
    line = connect(page, browser, sandbox, times.address)
    set_office_hours(page)
    add_holiday(page)
    add_vip_rule(page)
    add_night_rule(page)
    put_first(page, "Out of hours", 1)
    put_first(page, "VIP", 1)

    try_it(page, OTHER, line, FRIDAY, "takes it: to the group Administrators", decides="All texts of Office")
    try_it(page, OTHER, line, NIGHT, NIGHT_REPLY, decides="Out of hours")
    try_it(page, OTHER, line, HOLIDAY, HOLIDAY_REPLY, decides="Out of hours")
    try_it(page, VIP, line, NIGHT, "to the inbox of Gavin Belson", decides="VIP")

    steps.text_in(sandbox, OTHER, line.numbers[0], "Are you there tonight?")
    steps.text_in(sandbox, VIP, line.numbers[0], "It is me.")
    explained(page, times, "Are you there tonight?", "Out of hours", "it is Wednesday 22:", "outside office hours")
    explained(page, times, "It is me.", "VIP", "+1 415-555-0190")

    sandbox = times.move_to(HOLIDAY)
    steps.text_in(sandbox, OTHER, line.numbers[0], "And today?")
    explained(page, times, "And today?", "Out of hours", "it is Thursday 12:", "a holiday (Founders Day)")

    sandbox = times.move_to(FRIDAY)
    steps.text_in(sandbox, OTHER, line.numbers[0], "Good morning")
    for text in ("Good morning", "Are you there tonight?"):
        explained(page, times, text, "All texts of Office", "it is Friday 10:", "within office hours")


def connect(page: Page, browser: Browser, sandbox: Sandbox, address: str) -> steps.Line:
    """From nothing to a line that texts arrive on, with the usual rule for all of them."""
    line, system = steps.buy_numbers(sandbox), steps.open_page(browser)
    steps.sign_in(system, address, steps.ROOT)
    link = steps.add_tenant(system, address, "Pied Piper", GAVIN.email)
    system.context.close()
    page.goto(link)
    steps.introduce(page, GAVIN)
    steps.add_trunk(page, "Office", line.numbers)
    steps.add_configuration(page, "Office", line)
    steps.paste_webhook(sandbox, line, line.numbers[0], steps.copy_webhook(page, address))
    return line


def set_office_hours(page: Page) -> None:
    """Office hours → open at set hours → Monday 9 to 5 → apply to weekdays → Save."""
    page.get_by_role("link", name="Office hours").click()
    page.get_by_label("Open at set hours").check()
    monday = page.get_by_role("group", name="Monday")
    if not monday.locator("[data-week-open]").is_checked():
        monday.locator("[data-week-open]").check()
    if not monday.locator("input[type=time]").first.is_visible():
        monday.locator("[data-week-add]").click()
    monday.get_by_label("Monday, from").first.fill("09:00")
    monday.get_by_label("Monday, to").first.fill("17:00")
    monday.locator("summary").click()
    page.get_by_role("button", name="Apply to weekdays").first.click()
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.locator(".toast", has_text="The office hours are saved")).to_be_visible()


def add_holiday(page: Page) -> None:
    """Holidays → Add → name and day → OK."""
    page.get_by_role("link", name="Holidays").first.click()
    page.locator("main").get_by_role("link", name="Add").first.click()
    page.get_by_label("Name", exact=True).fill("Founders Day")
    for label in ("First day", "Last day"):
        page.get_by_label(label).fill(HOLIDAY.date().isoformat())
    page.get_by_role("button", name="OK").click()
    expect(page.locator("tr", has_text="Founders Day")).to_be_visible()


def new_rule(page: Page, name: str) -> None:
    page.get_by_role("link", name="Inbound rules").click()
    page.locator("main").get_by_role("link", name="Add", exact=True).click()
    page.get_by_label("Name", exact=True).fill(name)


def add_vip_rule(page: Page) -> None:
    """Texts of one person go to Gavin at any time."""
    new_rule(page, "VIP")
    page.locator("#id_caller_mask").fill(VIP)
    page.locator("#id_targets-0-where").select_option(label=GAVIN.name)
    save(page, "VIP")


def add_night_rule(page: Page) -> None:
    """Out of hours texts are answered and wait for the morning; on holidays they are only answered."""
    new_rule(page, "Out of hours")
    wanted = [
        ("An automatic reply", "closed", NIGHT_REPLY),
        ("Hold", "closed", ""),
        ("An automatic reply", "holiday", HOLIDAY_REPLY),
    ]
    for number, (where, when, text) in enumerate(wanted):
        if number:
            page.get_by_role("button", name="Add destination").click()
        row = page.locator("[data-rows-item]:visible").nth(number)
        row.locator("select[name$=where]").select_option(value={"Hold": "hold"}.get(where, "auto_reply"))
        row.locator("select[name$=when]").select_option(value=when)
        if text:
            row.locator("textarea[name$=text]").fill(text)
    page.get_by_role("button", name="What would change?").click()
    expect(page.locator("#preview")).to_contain_text("nothing to compare with")
    save(page, "Out of hours")


def save(page: Page, name: str) -> None:
    page.get_by_role("button", name="OK").click()
    expect(page.locator("tr[data-id]", has_text=name)).to_have_attribute("aria-selected", "true")


def put_first(page: Page, name: str, place: int) -> None:
    """Type the new place of a rule."""
    page.get_by_label(f"Place of {name}").fill(str(place))
    page.get_by_label(f"Place of {name}").press("Enter")
    expect(page.locator("tr[data-id]").nth(place - 1)).to_contain_text(name)


def try_it(page: Page, sender: str, line: steps.Line, at: datetime, says: str, *, decides: str) -> None:
    """Ask the panel what would become of a text at a time."""
    panel = page.locator("#try")
    panel.locator("#id_sender").fill(sender)
    panel.locator("#id_number").fill(line.numbers[0])
    panel.locator("#id_text").fill("Hello")
    panel.locator("#id_at").fill(f"{at:%Y-%m-%dT%H:%M}")
    panel.get_by_role("button", name="Try it").click()
    answer = panel.locator("#try-answer")
    expect(answer).to_contain_text(f"{at:%A} {at.day} {at:%B %Y}, {at:%H:%M}")
    expect(answer.locator(".event-good")).to_contain_text(decides)
    expect(answer).to_contain_text(says)


def explained(page: Page, times: Times, body: str, rule: str, *reasons: str) -> None:
    """Read on the page of a text which rule decided, and why, as soon as a worker has decided."""
    open_log(page, times.address)
    wait_until(lambda: decided_by(page, body, rule), steps.PATIENCE, lambda: f"“{rule}” did not decide “{body}”")
    why = page.locator("#why")
    for reason in reasons:
        expect(why).to_contain_text(reason, ignore_case=True)


def open_log(page: Page, address: str) -> None:
    page.goto(f"{address}/t/pied-piper/messages/?direction=in")
    if page.locator("input[name=login]").count():
        steps.sign_in(page, address, GAVIN)
        page.goto(f"{address}/t/pied-piper/messages/?direction=in")


def decided_by(page: Page, body: str, rule: str) -> bool:
    """Whether a text is in the log, and its page names this rule as the one that decides."""
    log = page.url
    page.reload()
    row = page.locator("tr[data-id]", has_text=body)
    if not row.count():
        return False
    row.locator("a.row-link").click()
    if page.locator("#why .event-good", has_text=rule).count():
        return True
    page.goto(log)
    return False
