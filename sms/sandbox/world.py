"""The sandbox's state, built from journal entries and from nothing else."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sms.sandbox.journal import Entry
from sms.sandbox.registers import Registers
from sms.sandbox.things import Account, Alert, AlphaSender, Application, Key, Media, Message, Number, Service

OptOut = tuple[str, str, str]  # account, our number or Messaging Service, the phone


class World:
    """Everything that exists in the sandbox now; `apply` is the only way to change it."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.keys: dict[str, Key] = {}
        self.numbers: dict[str, Number] = {}
        self.services: dict[str, Service] = {}
        self.applications: dict[str, Application] = {}
        self.registers = Registers()
        self.messages: dict[str, Message] = {}
        self.alerts: list[Alert] = []
        self.opt_outs: set[OptOut] = set()
        self.seq = 0
        self.callbacks = 0
        self._by_account: dict[str, list[str]] = defaultdict(list)
        self._by_address: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.by_phone: dict[str, list[str]] = defaultdict(list)
        self._by_media: dict[str, str] = {}
        self._by_number: dict[str, str] = {}
        self._by_member: dict[str, str] = {}

    def apply(self, entry: Entry) -> None:
        """Take over one entry; kinds that change nothing are skipped."""
        change = CHANGES.get(entry["kind"])
        if change:
            change(self, entry)

    def number_of(self, address: str) -> Number | None:
        """Find the number by what people dial."""
        return self.numbers.get(self._by_number.get(address, ""))

    def numbers_of(self, account_sid: str) -> list[Number]:
        """List an account's numbers, newest first as Twilio does."""
        return [n for n in reversed(self.numbers.values()) if n.account_sid == account_sid]

    def service_of(self, address: str) -> Service | None:
        """Find the Messaging Service whose pool has the number."""
        return self.services.get(self._by_member.get(address, ""))

    def why_dropped(self, sender: str, to: str) -> int | None:
        """Return the code with which US networks drop a text of a sender that they do not know."""
        number = self.number_of(sender)
        if number is None or not to.startswith("+1") or not self.accounts[number.account_sid].enforces_registration:
            return None
        service = self.service_of(sender)
        return self.registers.why_unknown(number, service.sid if service else "")

    def newest_messages(self, account_sid: str, address: str | None) -> Iterator[Message]:
        """Yield an account's messages, newest first; with an address only those from or to it."""
        sids = self._by_address[account_sid, address] if address else self._by_account[account_sid]
        for sid in reversed(sids):
            message = self.messages.get(sid)
            if message and not message.is_unlisted:
                yield message

    def phone_messages(self, phone: str) -> list[Message]:
        """List what a phone sent and received, oldest first."""
        return [m for m in map(self.messages.get, self.by_phone.get(phone, ())) if m]

    def media(self, sid: str) -> tuple[Message, Media] | None:
        """Find a file and the message it belongs to."""
        message = self.messages.get(self._by_media.get(sid, ""))
        return next(((message, m) for m in message.media if m.sid == sid), None) if message else None

    def _account_created(self, entry: Entry) -> None:
        account = Account(**entry["account"])
        self.accounts[account.sid] = account

    def _account_changed(self, entry: Entry) -> None:
        _change(self.accounts[entry["sid"]], entry)

    def _key_created(self, entry: Entry) -> None:
        key = Key(**entry["key"])
        self.keys[key.sid] = key

    def _key_deleted(self, entry: Entry) -> None:
        self.keys.pop(entry["sid"], None)

    def _number_created(self, entry: Entry) -> None:
        number = Number(**entry["number"])
        self.numbers[number.sid] = number
        self._by_number[number.phone_number] = number.sid

    def _number_changed(self, entry: Entry) -> None:
        _change(self.numbers[entry["sid"]], entry)

    def _number_deleted(self, entry: Entry) -> None:
        number = self.numbers.pop(entry["sid"])
        self._by_number.pop(number.phone_number)
        service = self.service_of(number.phone_number)
        if service:
            self._leave(service, number.phone_number)

    def _service_created(self, entry: Entry) -> None:
        data = dict(entry["service"])
        data["alpha_senders"] = [AlphaSender(**sender) for sender in data.get("alpha_senders", [])]
        service = Service(**data)
        service.created = service.created or _seconds(entry)
        service.updated = service.updated or service.created
        self.services[service.sid] = service
        for address in service.numbers:
            self._join(service, address, service.created)

    def _service_changed(self, entry: Entry) -> None:
        _change(self.services[entry["sid"]], entry)

    def _service_deleted(self, entry: Entry) -> None:
        service = self.services.pop(entry["sid"])
        for address in service.numbers:
            self._by_member.pop(address, None)

    def _service_joined(self, entry: Entry) -> None:
        service = self.services[entry["sid"]]
        service.numbers.append(entry["number"])
        self._join(service, entry["number"], _seconds(entry))

    def _service_left(self, entry: Entry) -> None:
        self._leave(self.services[entry["sid"]], entry["number"])

    def _join(self, service: Service, address: str, moment: float) -> None:
        service.added.setdefault(address, moment)
        self._by_member[address] = service.sid

    def _leave(self, service: Service, address: str) -> None:
        service.numbers.remove(address)
        service.added.pop(address, None)
        self._by_member.pop(address, None)

    def _alpha_sender_added(self, entry: Entry) -> None:
        self.services[entry["sid"]].alpha_senders.append(AlphaSender(**entry["alpha_sender"]))

    def _alpha_sender_removed(self, entry: Entry) -> None:
        service = self.services[entry["sid"]]
        service.alpha_senders = [a for a in service.alpha_senders if a.sid != entry["alpha_sender"]]

    def _registration(self, entry: Entry) -> None:
        self.registers.take(entry["register"], entry["row"])

    def _registration_deleted(self, entry: Entry) -> None:
        self.registers.drop(entry["register"], entry["sid"])

    def _application_created(self, entry: Entry) -> None:
        application = Application(**entry["application"])
        self.applications[application.sid] = application

    def _application_changed(self, entry: Entry) -> None:
        _change(self.applications[entry["sid"]], entry)

    def _application_deleted(self, entry: Entry) -> None:
        self.applications.pop(entry["sid"])

    def _message_created(self, entry: Entry) -> None:
        data = dict(entry["message"])
        message = Message(**{**data, "media": [Media(**m) for m in data["media"]]})
        self.messages[message.sid] = message
        self.seq = message.seq
        self._by_account[message.account_sid].append(message.sid)
        self.by_phone[message.phone].append(message.sid)
        for address in {message.from_, message.to}:
            self._by_address[message.account_sid, address].append(message.sid)
        for media in message.media:
            self._by_media[media.sid] = message.sid

    def _message_status(self, entry: Entry) -> None:
        message = self.messages.get(entry["sid"])
        if not message:
            return
        message.status, message.error_code = entry["status"], entry.get("error_code")
        message.updated = _seconds(entry)
        if message.status in {"sending", "sent"} and message.sent is None:
            message.sent = message.updated
        if entry.get("from"):
            self._choose_sender(message, entry["from"], entry["num_segments"])

    def _choose_sender(self, message: Message, address: str, segments: int) -> None:
        message.from_, message.num_segments = address, segments
        self._by_address[message.account_sid, address].append(message.sid)

    def _message_media(self, entry: Entry) -> None:
        message = self.messages.get(entry["sid"])
        if message:
            media = Media(**entry["media"])
            message.media.append(media)
            self._by_media[media.sid] = message.sid

    def _message_redacted(self, entry: Entry) -> None:
        message = self.messages[entry["sid"]]
        message.body, message.updated = "", _seconds(entry)

    def _message_deleted(self, entry: Entry) -> None:
        self.messages.pop(entry["sid"], None)

    def _media_deleted(self, entry: Entry) -> None:
        message = self.messages.get(self._by_media.pop(entry["sid"], ""))
        if message:
            message.media = [m for m in message.media if m.sid != entry["sid"]]
            message.num_media = len(message.media)

    def _opt_out_added(self, entry: Entry) -> None:
        self.opt_outs.add((entry["account_sid"], entry["ours"], entry["theirs"]))

    def _opt_out_removed(self, entry: Entry) -> None:
        self.opt_outs.discard((entry["account_sid"], entry["ours"], entry["theirs"]))

    def _alert(self, entry: Entry) -> None:
        self.alerts.append(Alert(**entry["alert"]))

    def _webhook(self, entry: Entry) -> None:
        self.callbacks += entry["purpose"] == "status"


def _change(thing: Account | Number | Service | Application, entry: Entry) -> None:
    for name, value in entry["changes"].items():
        setattr(thing, name, value)
    thing.updated = _seconds(entry)


def _seconds(entry: Entry) -> float:
    return datetime.fromisoformat(entry["at"]).timestamp()


CHANGES: dict[str, Callable[[World, dict[str, Any]], None]] = {
    "account.created": World._account_created,
    "account.changed": World._account_changed,
    "key.created": World._key_created,
    "key.deleted": World._key_deleted,
    "number.created": World._number_created,
    "number.changed": World._number_changed,
    "number.deleted": World._number_deleted,
    "service.created": World._service_created,
    "service.changed": World._service_changed,
    "service.deleted": World._service_deleted,
    "service.joined": World._service_joined,
    "service.left": World._service_left,
    "alpha_sender.added": World._alpha_sender_added,
    "alpha_sender.removed": World._alpha_sender_removed,
    "registration": World._registration,
    "registration.deleted": World._registration_deleted,
    "application.created": World._application_created,
    "application.changed": World._application_changed,
    "application.deleted": World._application_deleted,
    "message.created": World._message_created,
    "message.status": World._message_status,
    "message.media": World._message_media,
    "message.redacted": World._message_redacted,
    "message.deleted": World._message_deleted,
    "media.deleted": World._media_deleted,
    "opt_out.added": World._opt_out_added,
    "opt_out.removed": World._opt_out_removed,
    "alert": World._alert,
    "webhook": World._webhook,
}
