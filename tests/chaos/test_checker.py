"""The checker sees each broken promise: a sound world passes, and each world with one thing wrong does not."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import checker
from tests.chaos.database import Database

ROOT = Path(__file__).resolve().parents[2]

M, N, T, ACCOUNT, CONFIGURATION = "a" * 32, "b" * 32, "c" * 32, "AC" + "d" * 32, "e" * 32
SENT, TEXT = "SM" + "1" * 32, "MM" + "2" * 32
A, D = "3" * 32, "4" * 32
PICTURE: dict[str, Any] = {"sid": "ME" + "5" * 32, "content_type": "image/png", "size": 1, "created": 0}
URL = f"https://api.twilio.com/{TEXT}/Media/{PICTURE['sid']}"

Row = dict[str, Any]


def message(**values: Any) -> Row:
    usual: Row = {
        "id": M,
        "tenant_id": T,
        "direction": "out",
        "state": "accepted",
        "our_address": "+12025550110",
        "their_address": "+14155551000",
        "body": "[north] text",
        "media": "[]",
        "account_sid": ACCOUNT,
        "provider_sid": SENT,
        "provider_status": "delivered",
        "attempt_count": 1,
        "source": "api",
        "in_reply_to_id": None,
    }
    return usual | values


def inbound(**values: Any) -> Row:
    own: Row = {"id": N, "direction": "in", "state": "routed", "provider_sid": TEXT, "body": "[north] hello"}
    own |= {"media": json.dumps([{"url": URL}]), "attempt_count": 0, "source": "webhook", "provider_status": ""}
    return message(**own | values)


def attempt(**values: Any) -> Row:
    usual: Row = {"id": A, "message_id": M, "number": 1, "phase": "done", "outcome": "accepted", "provider_sid": SENT}
    return usual | {"provider_status": "delivered", "provider_rank": 60} | values


def event(**values: Any) -> Row:
    usual: Row = {"id": "6" * 32, "attempt_id": A, "provider_sid": SENT, "status": "delivered", "due_at": None}
    return usual | {"received_at": "2026-01-01"} | values


def delivery(**values: Any) -> Row:
    return {"id": D, "message_id": N, "position": 0, "kind": "email", "state": "delivered"} | values


def created(**values: Any) -> Row:
    usual: Row = {
        "sid": SENT,
        "direction": "outbound-api",
        "status": "queued",
        "status_callback": f"http://portal/webhooks/twilio/key/status/{M}/1#rc=3",
        "body": "[north] text",
        "from_": "+12025550110",
        "to": "+14155551000",
        "media": [],
    }
    return {"kind": "message.created", "message": usual | values}


def texted(**values: Any) -> Row:
    own: Row = {
        "sid": TEXT,
        "direction": "inbound",
        "status": "received",
        "status_callback": "",
        "body": "[north] hello",
    }
    return created(**own | {"from_": "+14155551000", "to": "+12025550110", "media": [PICTURE]} | values)


def webhook(**values: Any) -> Row:
    usual: Row = {
        "kind": "webhook",
        "purpose": "status",
        "status": 200,
        "message_sid": SENT,
        "message_status": "delivered",
    }
    return usual | values


class Made:
    """A world written to files, as the checker reads them; tests spoil one thing of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tables: dict[str, list[Row]] = {
            "sms_message": [message(), inbound()],
            "sms_attempt": [attempt()],
            "sms_statusevent": [event()],
            "sms_delivery": [delivery()],
            "tenants_tenant": [{"id": T, "slug": "north"}, {"id": "9" * 32, "slug": "south"}],
        }
        self.journal: list[Row] = [
            {"kind": "account.created", "account": {"sid": ACCOUNT, "friendly_name": "north"}},
            created(),
            texted(),
            *({"kind": "message.status", "sid": SENT, "status": word} for word in ("sending", "sent", "delivered")),
            webhook(),
            webhook(purpose="message", message_sid=TEXT, message_status=None),
        ]
        self.history: list[Row] = [
            {"kind": "asked", "key": "k", "tenant": "north", "to": "+14155551000", "body": "[north] text"},
            {"kind": "acked", "key": "k", "id": M},
            {"kind": "rank", "attempt": A, "rank": 40},
            {"kind": "rank", "attempt": A, "rank": 60},
        ]
        self.mails = [D]

    def write(self) -> None:
        with closing(sqlite3.connect(self.folder / "db")) as connection:
            for table, rows in self.tables.items():
                columns = list(rows[0])
                connection.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
                marks = ", ".join("?" * len(columns))
                insert = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608 (names from this file)
                connection.executemany(insert, [tuple(row.values()) for row in rows])
            connection.commit()
        for name in ("journal", "history"):
            (self.folder / name).write_text("".join(f"{json.dumps(line)}\n" for line in getattr(self, name)))
        (self.folder / "mail").mkdir()
        for number, name in enumerate(self.mails):
            (self.folder / f"mail/{number}.eml").write_text(f"Message-ID: <{name}@localhost>\n\nhello\n")

    def facts(self) -> checker.Facts:
        self.write()
        journal, history = str(self.folder / "journal"), str(self.folder / "history")
        return checker.read(Database(f"sqlite:///{self.folder / 'db'}"), journal, history, str(self.folder))

    def check(self) -> subprocess.CompletedProcess[str]:
        """Run the checker as the harness does: as a process of its own."""
        self.write()
        command = [sys.executable, "-m", "tests.chaos.checker", "--database", f"sqlite:///{self.folder / 'db'}"]
        for name in ("journal", "history"):
            command += [f"--{name}", str(self.folder / name)]
        command += ["--var", str(self.folder)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


def test_a_sound_world_passes(made):
    done = made.check()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "outbound=1 inbound=1 lost=0 doubled=0 dishonest=0 regressed=0 unknown_left=0\n"


def test_unknown_texts_that_never_left_are_no_violation_and_are_counted(made):
    made.tables["sms_message"][0] = message(state="unknown", provider_sid="", provider_status="")
    made.tables["sms_attempt"] = [attempt(outcome="ambiguous", provider_sid="", provider_status="", provider_rank=0)]
    made.tables["sms_statusevent"] = [event(provider_sid="SM" + "8" * 32, attempt_id=None)]
    made.journal = [line for line in made.journal if line["kind"] == "account.created"] + [texted()]
    facts = made.facts()
    assert checker.check(facts) == []
    assert checker.summary(facts, []).endswith("unknown_left=1")


SPOILT = {
    "V1 lost: an acknowledged text is not at Twilio": lambda w: _unsent(w),
    "V1 lost: a text waits for ever": lambda w: w.tables["sms_message"][0].update(state="queued"),
    "V1 lost: a received text was never processed": lambda w: w.tables["sms_message"][1].update(state="received"),
    "V2 doubled: a text is at Twilio twice": lambda w: w.journal.append(created(sid="SM" + "7" * 32)),
    "V2 doubled: one key was answered with two texts": lambda w: w.history.append(
        {"kind": "acked", "key": "k", "id": N}
    ),
    "V2 doubled: one request was stored twice": lambda w: w.tables["sms_message"].append(
        message(id="7" * 32, state="rejected", provider_sid="", attempt_count=0)
    ),
    "V3 dishonest: a text is said not to be sent": lambda w: w.tables["sms_message"][0].update(state="expired"),
    "V3 dishonest: a text at Twilio is still unknown": lambda w: w.tables["sms_message"][0].update(state="unknown"),
    "V3 dishonest: a text is accepted under another SID": lambda w: w.tables["sms_message"][0].update(
        provider_sid="SM" + "7" * 32
    ),
    "V3 dishonest: an attempt is said not to be sent": lambda w: w.tables["sms_attempt"][0].update(outcome="not_sent"),
    "V4 regressed: a status is lower than what was told": lambda w: w.tables["sms_attempt"][0].update(provider_rank=40),
    "V4 regressed: Twilio went further": lambda w: _stale(w),
    "V4 regressed: a status was seen to fall": lambda w: w.history.append({"kind": "rank", "attempt": A, "rank": 40}),
    "V5 lost: a text from a phone is missing": lambda w: w.journal.append(texted(sid="SM" + "7" * 32)),
    "V5 lost: its media are missing": lambda w: w.tables["sms_message"][1].update(media="[]"),
    "V5 doubled: a text from a phone is there twice": lambda w: w.tables["sms_message"].append(
        inbound(id="7" * 32, state="unrouted")
    ),
    "V5 dishonest: its words are others": lambda w: w.tables["sms_message"][1].update(body="[north] goodbye"),
    "V5 dishonest: nobody ever texted it": lambda w: w.journal.remove(texted()),
    "V6 lost: a routed text has no delivery": lambda w: w.tables["sms_delivery"][0].update(message_id="7" * 32),
    "V6 lost: a delivery waits for ever": lambda w: w.tables["sms_delivery"][0].update(state="pending"),
    "V6 doubled: a place has two deliveries": lambda w: (
        w.tables["sms_delivery"].append(delivery(id="7" * 32)),
        w.mails.append("7" * 32),
    ),
    "V6 doubled: a text was answered twice": lambda w: _answered_twice(w),
    "V6 dishonest: a mail was never written": lambda w: w.mails.clear(),
    "V6 dishonest: an answer was never given": lambda w: w.tables["sms_delivery"][0].update(kind="auto_reply"),
    "V7 dishonest: an attempt belongs to nothing": lambda w: w.tables["sms_attempt"].append(
        attempt(id="7" * 32, message_id="8" * 32, outcome="ambiguous", provider_sid="")
    ),
    "V7 dishonest: an attempt never ended": lambda w: w.tables["sms_attempt"][0].update(phase="posting"),
    "V7 dishonest: the attempts are miscounted": lambda w: w.tables["sms_message"][0].update(attempt_count=2),
    "V7 dishonest: a text crossed to another tenant": lambda w: w.tables["sms_message"][1].update(tenant_id="9" * 32),
    "V7 dishonest: a text is in no state": lambda w: w.tables["sms_message"][0].update(state="limbo"),
    "V7 lost: a report was not applied": lambda w: w.tables["sms_statusevent"][0].update(due_at="2026-01-01"),
    "V7 lost: something is left in the spool": lambda w: _spooled(w),
    "V8 lost: an acknowledged text is gone": lambda w: w.history.append({"kind": "acked", "key": "x", "id": "7" * 32}),
    "V8 lost: an acknowledged webhook is gone": lambda w: w.journal.append(
        webhook(purpose="fallback", message_sid="SM" + "7" * 32, message_status=None)
    ),
    "V8 lost: an acknowledged report is gone": lambda w: w.journal.append(webhook(message_status="read")),
}


def _unsent(made: Made) -> None:
    made.tables["sms_message"][0].update(provider_sid="", provider_status="")
    made.journal.remove(created())


def _stale(made: Made) -> None:
    made.journal.append({"kind": "message.status", "sid": SENT, "status": "read"})


def _answered_twice(made: Made) -> None:
    for number in "78":
        row = message(id=number * 32, state="rejected", source="auto_reply", in_reply_to_id=N, body=f"[north] {number}")
        made.tables["sms_message"].append(row | {"provider_sid": "", "attempt_count": 0})


def _spooled(made: Made) -> None:
    (made.folder / "spool/poison").mkdir(parents=True)
    (made.folder / f"spool/poison/{'7' * 32}").write_bytes(b"sealed")


@pytest.mark.parametrize("wrong", SPOILT)
def test_a_broken_promise_is_seen(wrong, made):
    SPOILT[wrong](made)
    found = [f"{violation.rule} {violation.kind}" for violation in checker.check(made.facts())]
    assert wrong.split(":")[0] in found


def test_a_violation_is_printed_counted_and_fails_the_run(made):
    made.tables["sms_message"][0].update(state="expired")
    done = made.check()
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith(f"V3 dishonest: message {M} is expired, yet at Twilio")
    assert "dishonest=1 " in done.stdout.splitlines()[-1]
