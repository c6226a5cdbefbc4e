"""Compare what the portal says with what happened: V1-V8 of the promises, from outside.

    python -m tests.chaos.checker --database URL --journal PATH --history PATH

Reads only the database, the sandbox's journal (what Twilio did) and the load's history (what clients were told).
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path

from tests.chaos.database import Database, Row, as_json, by, lines

NOT_SENT = {"rejected", "suppressed", "blocked", "expired", "canceled"}
UNFINISHED = {"queued", "sending", "held", "received"}
STATES = NOT_SENT | UNFINISHED | {"accepted", "unknown", "routed", "unrouted"}
# Written down a second time on purpose: the checker shares no code with what it checks.
RANKS = {"accepted": 10, "scheduled": 10, "queued": 20, "sending": 30, "sent": 40, "undelivered": 50, "failed": 55}
RANKS |= {"canceled": 55, "partially_delivered": 58, "delivered": 60, "read": 70}
KINDS = ("lost", "doubled", "dishonest", "regressed")


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise."""

    rule: str
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.rule} {self.kind}: {self.text}"


@dataclass
class Facts:
    """Everything that is compared."""

    messages: list[Row]
    attempts: list[Row]
    events: list[Row]
    deliveries: list[Row]
    slugs: dict[str, str]
    journal: list[Row]
    history: list[Row]
    mails: Counter[str] | None = None
    leftovers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.out = [row for row in self.messages if row["direction"] == "out"]
        self.inbound = [row for row in self.messages if row["direction"] == "in"]
        self.by_id = {row["id"]: row for row in self.messages}
        self.of_message = by(self.attempts, "message_id")
        created = [entry["message"] for entry in self.journal if entry["kind"] == "message.created"]
        self.texted = [text for text in created if text["direction"] == "inbound"]
        self.sent: dict[str, list[Row]] = {}
        for text in created:
            if text["direction"] == "outbound-api":
                self.sent.setdefault(_address(text)[0], []).append(text)
        self.accounts = {
            entry["account"]["sid"]: entry["account"]["friendly_name"]
            for entry in self.journal
            if entry["kind"] == "account.created"
        }

    def reached(self) -> dict[str, int]:
        """Return the highest rank that each text reached at Twilio."""
        found = {text["sid"]: RANKS[text["status"]] for texts in self.sent.values() for text in texts}
        for entry in self.journal:
            if entry["kind"] == "message.status" and entry["sid"] in found:
                found[entry["sid"]] = max(found[entry["sid"]], RANKS[entry["status"]])
        return found


def _address(text: Row) -> tuple[str, str]:
    """Return the message and the attempt that a text's callback address names."""
    parts = text["status_callback"].split("#")[0].split("/")
    return (parts[-2], parts[-1]) if len(parts) > 2 else ("", "")


def check(facts: Facts) -> list[Violation]:
    """Return every broken promise."""
    rules = (no_loss, no_double, honest, monotone, received, forwarded, conserved, durable)
    return [violation for rule in rules for violation in rule(facts)]


def no_loss(facts: Facts) -> Iterator[Violation]:
    """V1: what was acknowledged was sent, or ended in a state that says why not; nothing waits for ever."""
    for entry in _acks(facts):
        row = facts.by_id.get(entry["id"])
        if row is not None and not facts.sent.get(row["id"]) and row["state"] not in NOT_SENT | {"unknown"}:
            yield Violation("V1", "lost", f"message {row['id']} was acknowledged, is {row['state']} and not at Twilio")
    for row in facts.messages:
        if row["state"] in UNFINISHED:
            yield Violation("V1", "lost", f"message {row['id']} still is {row['state']}")


def no_double(facts: Facts) -> Iterator[Violation]:
    """V2: no text is at Twilio twice, and no two texts come of one Idempotency-Key."""
    for message, texts in facts.sent.items():
        if len(texts) > 1:
            sids = ", ".join(f"{text['sid']} (attempt {_address(text)[1]})" for text in texts)
            yield Violation("V2", "doubled", f"message {message} is at Twilio {len(texts)} times: {sids}")
    answers: dict[str, set[str]] = {}
    for entry in _acks(facts):
        answers.setdefault(entry["key"], set()).add(entry["id"])
    for key, ids in answers.items():
        if len(ids) > 1:
            yield Violation("V2", "doubled", f"the key {key} was answered with {', '.join(sorted(ids))}")
    asked = {entry["body"] for entry in facts.history if entry["kind"] == "asked"}
    for body, count in Counter(row["body"] for row in facts.out if row["body"] in asked).items():
        if count > 1:
            yield Violation("V2", "doubled", f"{count} messages were stored of one request: {body!r}")


def honest(facts: Facts) -> Iterator[Violation]:
    """V3: what we say about a text is what happened to it."""
    for row in facts.out:
        texts = facts.sent.get(row["id"], [])
        sids = {text["sid"] for text in texts}
        if row["state"] in NOT_SENT | {"queued", "held"} and texts:
            yield Violation("V3", "dishonest", f"message {row['id']} is {row['state']}, yet at Twilio as {sids}")
        if row["state"] == "unknown" and texts:
            yield Violation("V3", "dishonest", f"message {row['id']} is still unknown, yet at Twilio as {sids}")
        if row["state"] == "accepted" and row["provider_sid"] not in sids:
            said = row["provider_sid"] or "no SID"
            yield Violation("V3", "dishonest", f"message {row['id']} is accepted as {said}, at Twilio is {sids}")
    yield from _honest_attempts(facts)


def _honest_attempts(facts: Facts) -> Iterator[Violation]:
    for attempt in facts.attempts:
        texts = facts.sent.get(attempt["message_id"], [])
        own = {text["sid"] for text in texts if _address(text)[1] == str(attempt["number"])}
        name = f"attempt {attempt['number']} of {attempt['message_id']}"
        if attempt["outcome"] in ("not_sent", "rejected") and own:
            yield Violation("V3", "dishonest", f"{name} is {attempt['outcome']}, yet at Twilio as {own}")
        if attempt["outcome"] == "accepted" and attempt["provider_sid"] not in own:
            yield Violation("V3", "dishonest", f"{name} is accepted as {attempt['provider_sid']}, at Twilio is {own}")


def monotone(facts: Facts) -> Iterator[Violation]:
    """V4: a status only climbs, and ends where Twilio's ended."""
    of_attempt = by([event for event in facts.events if event["attempt_id"]], "attempt_id")
    reached = facts.reached()
    for attempt in facts.attempts:
        name = f"attempt {attempt['number']} of {attempt['message_id']}"
        told = max((RANKS.get(event["status"], 0) for event in of_attempt.get(attempt["id"], [])), default=0)
        if attempt["provider_rank"] < told:
            yield Violation("V4", "regressed", f"{name} stands at {attempt['provider_rank']}, was told {told}")
        top = reached.get(attempt["provider_sid"], 0)
        if attempt["provider_rank"] < top:
            said = attempt["provider_status"] or "nothing"
            yield Violation("V4", "regressed", f"{name} says {said}, Twilio's text went to rank {top}")
    seen: dict[str, int] = {}
    for entry in facts.history:
        if entry["kind"] == "rank":
            if entry["rank"] < seen.get(entry["attempt"], 0):
                yield Violation("V4", "regressed", f"attempt {entry['attempt']} fell to rank {entry['rank']}")
            seen[entry["attempt"]] = entry["rank"]


def received(facts: Facts) -> Iterator[Violation]:
    """V5: each text from a phone is there once, as it was written, with its media."""
    rows = by(facts.inbound, "provider_sid")
    for text in facts.texted:
        found = rows.get(text["sid"], [])
        if not found:
            yield Violation("V5", "lost", f"the text {text['sid']} of {text['from_']} is not there")
        if len(found) > 1:
            yield Violation("V5", "doubled", f"the text {text['sid']} is there {len(found)} times")
        for row in found:
            if (row["body"], row["their_address"], row["our_address"]) != (text["body"], text["from_"], text["to"]):
                yield Violation("V5", "dishonest", f"the text {text['sid']} is stored differently as {row['id']}")
            urls = " ".join(item["url"] for item in as_json(row["media"]))
            if any(item["sid"] not in urls for item in text["media"]):
                yield Violation("V5", "lost", f"media of the text {text['sid']} are missing in {row['id']}")
    known = {text["sid"] for text in facts.texted}
    for row in facts.inbound:
        if row["provider_sid"] not in known:
            yield Violation("V5", "dishonest", f"message {row['id']} was never texted")


def forwarded(facts: Facts) -> Iterator[Violation]:
    """V6: a routed text has its deliveries, each carried out and each place once."""
    of_message = by(facts.deliveries, "message_id")
    replies = Counter(row["in_reply_to_id"] for row in facts.out if row["source"] == "auto_reply")
    for row in facts.inbound:
        deliveries = of_message.get(row["id"], [])
        if row["state"] == "routed" and not deliveries:
            yield Violation("V6", "lost", f"the routed text {row['id']} has no delivery")
        for position, count in Counter(delivery["position"] for delivery in deliveries).items():
            if count > 1:
                yield Violation("V6", "doubled", f"the text {row['id']} has {count} deliveries at {position}")
        if replies[row["id"]] > 1:
            yield Violation("V6", "doubled", f"the text {row['id']} was answered {replies[row['id']]} times")
    for delivery in facts.deliveries:
        yield from _carried_out(facts, delivery, replies)


def _carried_out(facts: Facts, delivery: Row, replies: Counter[str]) -> Iterator[Violation]:
    name = f"delivery {delivery['id']} ({delivery['kind']})"
    if delivery["state"] in ("pending", "delivering"):
        yield Violation("V6", "lost", f"{name} still is {delivery['state']}")
    if delivery["state"] != "delivered":
        return
    if delivery["kind"] == "email" and facts.mails is not None and not facts.mails[delivery["id"]]:
        yield Violation("V6", "dishonest", f"{name} is delivered, yet no mail was written")
    if delivery["kind"] == "auto_reply" and not replies[delivery["message_id"]]:
        yield Violation("V6", "dishonest", f"{name} is delivered, yet there is no answer")


def conserved(facts: Facts) -> Iterator[Violation]:
    """V7: nothing is left over, nothing hangs in the air, nothing crossed from one tenant to another."""
    for row in facts.messages:
        if row["state"] not in STATES:
            yield Violation("V7", "dishonest", f"message {row['id']} is in no state: {row['state']!r}")
        numbers = sorted(attempt["number"] for attempt in facts.of_message.get(row["id"], []))
        if row["direction"] == "out" and numbers != list(range(1, row["attempt_count"] + 1)):
            yield Violation("V7", "dishonest", f"message {row['id']} counts {row['attempt_count']}, has {numbers}")
        slug = facts.slugs.get(row["tenant_id"], "")
        owner = facts.accounts.get(row["account_sid"], slug)
        canary = row["body"].split("]")[0].strip("[") if row["body"].startswith("[") else slug
        if {owner, canary} != {slug}:
            yield Violation("V7", "dishonest", f"message {row['id']} of {canary} by {owner} is in {slug}")
    for attempt in facts.attempts:
        if attempt["message_id"] not in facts.by_id:
            yield Violation("V7", "dishonest", f"attempt {attempt['id']} belongs to no message")
        if attempt["phase"] != "done":
            yield Violation("V7", "dishonest", f"attempt {attempt['id']} still is {attempt['phase']}")
    for event in facts.events:
        if event["due_at"] is not None:
            yield Violation("V7", "lost", f"the report {event['provider_sid']} {event['status']} was not applied")
    for path in facts.leftovers:
        yield Violation("V7", "lost", f"left in the spool: {path}")


def durable(facts: Facts) -> Iterator[Violation]:
    """V8: what was answered with success is there: our API's clients, and Twilio's webhooks."""
    for entry in _acks(facts):
        if entry["id"] not in facts.by_id:
            yield Violation("V8", "lost", f"message {entry['id']} was acknowledged and is not there")
    inbound = {row["provider_sid"] for row in facts.inbound}
    reports = {(event["provider_sid"], event["status"]) for event in facts.events}
    for entry in facts.journal:
        if entry["kind"] != "webhook" or not 200 <= (entry["status"] or 0) < 300:
            continue
        if entry["purpose"] != "status" and entry["message_sid"] not in inbound:
            yield Violation("V8", "lost", f"the webhook of {entry['message_sid']} was answered 200")
        if entry["purpose"] == "status" and (entry["message_sid"], entry["message_status"]) not in reports:
            text = f"the report {entry['message_sid']} {entry['message_status']} was answered 200 and is not there"
            yield Violation("V8", "lost", text)


def _acks(facts: Facts) -> Iterator[Row]:
    return (entry for entry in facts.history if entry["kind"] == "acked")


def read(database: Database, journal: str, history: str, var_dir: str = "") -> Facts:
    """Read everything; the data folder is looked at for what lies in it as a file: mails, the spool."""
    folder = Path(var_dir) if var_dir else None
    return Facts(
        messages=database.rows("SELECT * FROM sms_message ORDER BY id"),
        attempts=database.rows("SELECT * FROM sms_attempt ORDER BY message_id, number"),
        events=database.rows("SELECT * FROM sms_statusevent ORDER BY received_at, id"),
        deliveries=database.rows("SELECT * FROM sms_delivery ORDER BY message_id, position"),
        slugs={row["id"]: row["slug"] for row in database.rows("SELECT id, slug FROM tenants_tenant")},
        journal=lines(journal),
        history=lines(history),
        mails=_mails(folder / "mail") if folder else None,
        leftovers=leftovers(folder / "spool") if folder else [],
    )


def _mails(folder: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    for path in folder.glob("*.eml"):
        found[str(message_from_bytes(path.read_bytes())["Message-ID"]).strip("<>").split("@")[0]] += 1
    return found


def leftovers(folder: Path) -> list[str]:
    """List what lies in the spool and was acknowledged; half written files were not, `rejected` ones are no texts."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.suffix != ".tmp")
    return sorted(str(path) for path in files if path.name != "lock" and path.parts[0] != "rejected")


def summary(facts: Facts, violations: list[Violation]) -> str:
    """Return the figures of a run in one line."""
    counts = Counter(violation.kind for violation in violations)
    unknown = sum(row["state"] == "unknown" for row in facts.out)
    figures = {"outbound": len(facts.out), "inbound": len(facts.texted)}
    figures |= {kind: counts[kind] for kind in KINDS} | {"unknown_left": unknown}
    return " ".join(f"{name}={value}" for name, value in figures.items())


def main() -> int:
    """Check, print every violation and the figures; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.checker")
    for name in ("database", "journal", "history"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--var", default="", help="the portal's data folder: mails and spool are looked at, too")
    wanted = parser.parse_args()
    facts = read(Database(wanted.database, patience=30), wanted.journal, wanted.history, wanted.var)
    violations = check(facts)
    for violation in violations:
        print(violation)
    print(summary(facts, violations))
    return int(bool(violations))


if __name__ == "__main__":
    sys.exit(main())
