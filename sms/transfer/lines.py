"""Trunks and the numbers on them as records and rows."""

import uuid
from collections import Counter
from collections.abc import Iterable
from typing import Any

from rules.pools import parse_pool
from sms.models import Trunk
from sms.models.trunks import Brand, Transport, TrunkKind
from sms.transfer import cells
from sms.transfer.cells import CellError
from sms.transfer.columns import Column, RowReader, by_name
from sms.transfer.tables import Problem, Row

Json = dict[str, Any]

# The columns of a trunk that are plain text, with their fields, and those that are whole numbers.
_TEXTS = {
    "name": "name",
    "host": "host",
    "outbound proxy": "outbound_proxy",
    "authentication name": "auth_name",
    "twilio trunk sid": "twilio_trunk_sid",
}
_WHOLE = {
    "port": "port",
    "outbound proxy port": "outbound_proxy_port",
    "register interval": "register_interval",
    "options interval": "options_interval",
    "calls at most": "max_calls",
}
_CHOICES = {
    "brand": ("brand", Brand.values),
    "kind": ("kind", TrunkKind.values),
    "transport": ("transport", Transport.values),
}
# Every column of a trunk with its field.
FIELDS = {
    **_TEXTS,
    **_WHOLE,
    **{column: name for column, (name, _) in _CHOICES.items()},
    "addresses": "addresses",
    "enabled": "enabled",
}
TRUNK_COLUMNS = by_name(
    Column("name", "Write a name of at most 64 characters."),
    Column("brand", f"Write {', '.join(Brand.values)}."),
    Column("kind", f"Write {', '.join(TrunkKind.values)}."),
    Column("host", "Write the termination host, such as acme.pstn.twilio.com."),
    Column("port", "Write a whole number up to 65535; 0 = found by DNS."),
    Column("transport", f"Write {', '.join(Transport.values)}."),
    Column("authentication name", "Write it as at Twilio, or nothing. Passwords are neither exported nor imported."),
    Column("outbound proxy", "Write a host name, or nothing."),
    Column("outbound proxy port", "Write a whole number up to 65535."),
    Column("register interval", "Write whole seconds."),
    Column("options interval", "Write whole seconds; 0 = off."),
    Column("calls at most", "Write a whole number; 0 = no limit."),
    Column("addresses", "Write addresses and networks such as 203.0.113.0/24, separated by semicolons."),
    Column("twilio trunk sid", "Write TK and 32 digits or letters, or nothing."),
    Column("enabled", "Write yes or no."),
)
POOL_COLUMNS = by_name(
    Column("trunk", "Write the name or the host of one of your trunks."),
    Column("number", "Write a number or a run of numbers: +12025550101 or +12025550101-12025550105.", is_number=True),
)


def names_of(trunks: Iterable[Trunk]) -> dict[uuid.UUID, str]:
    """Return how each trunk is named in files: by its name, or by its host when two have the same name."""
    found = list(trunks)
    counts = Counter(trunk.name.casefold() for trunk in found)
    return {trunk.pk: trunk.name if counts[trunk.name.casefold()] == 1 else trunk.host for trunk in found}


def by_any_name(trunks: Iterable[Trunk]) -> dict[str, Trunk]:
    """Return trunks by host, and by name as far as a name is one trunk's; all in lower case."""
    found = list(trunks)
    by_name = {trunk.pk: trunk for trunk in found}
    hosts = {trunk.host.casefold(): trunk for trunk in found}
    return hosts | {name.casefold(): by_name[key] for key, name in names_of(found).items()}


def form_data(record: Json) -> Json:
    """Return a record as the trunk's form takes it."""
    return {**record, "addresses": "\n".join(record["addresses"])}


def trunk_record(trunk: Trunk) -> Json:
    """Return what of a trunk may be exported: no credentials."""
    names = [*_TEXTS.values(), *_WHOLE.values(), *(field for field, _ in _CHOICES.values()), "enabled"]
    return {name: getattr(trunk, name) for name in names} | {"addresses": trunk.addresses.split()}


def trunk_to_row(record: Json) -> dict[str, str]:
    """Write a trunk as a row."""
    row = {column: str(record[name]) for column, name in (_TEXTS | _WHOLE).items()}
    row |= {column: str(record[name]) for column, (name, _) in _CHOICES.items()}
    addresses = cells.write_list(record["addresses"])
    return row | {"addresses": addresses, "enabled": cells.write_switch(record["enabled"])}


def trunk_from_row(row: Row, country: str) -> tuple[list[Json], list[Problem]]:
    """Read a row as a trunk, with every problem in it; the form of the page checks the values."""
    reader = RowReader(row, TRUNK_COLUMNS)
    longest = {"name": 64, "authentication name": 64}
    record: Json = {
        name: reader.text(column, longest=longest.get(column, 253), required=column in ("name", "host"))
        for column, name in _TEXTS.items()
    }
    record |= {name: reader.read(column, _whole, 0) for column, name in _WHOLE.items()}
    for column, (name, values) in _CHOICES.items():
        record[name] = reader.choice(column, {value: value for value in values})
    record["addresses"] = reader.read("addresses", cells.read_list, [])
    record["enabled"] = reader.read("enabled", cells.read_switch, True)
    record["host"] = record["host"].lower()
    return [record], reader.problems


def pool_from_row(row: Row, country: str) -> tuple[list[Json], list[Problem]]:
    """Read a row as the numbers of a trunk, with every problem in it."""
    reader = RowReader(row, POOL_COLUMNS)
    trunk = reader.text("trunk", longest=253, required=True)
    numbers = reader.read("number", lambda cell: _numbers(cell, country), [])
    return [{"trunk": trunk, "number": number} for number in numbers], reader.problems


def _numbers(cell: str, country: str) -> list[str]:
    found = parse_pool(cell, country)
    if found.errors:
        raise CellError(" ".join(error.message for error in found.errors))
    if not found.numbers:
        raise CellError("the cell is empty.")
    return [str(number) for number in found.numbers]


def _whole(cell: str) -> int:
    text = cell.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise CellError(f"“{text[:20]}” is no whole number.")
    return int(text)
