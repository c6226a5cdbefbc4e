"""Members and groups as records and rows; people are named by their e-mail addresses."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from rules.e164 import parse_number
from sms.transfer import cells
from sms.transfer.cells import CellError
from sms.transfer.columns import Column, RowReader, by_name
from sms.transfer.tables import Problem, Row
from tenants import invitations
from tenants.models import Group, Member, Tenant
from tenants.models.members import Assignment, SendingRight
from tenants.roles import Role

Json = dict[str, Any]

MEMBER_COLUMNS = by_name(
    Column("email", "Write the e-mail address the person signs in with."),
    Column("name", "Write a name of at most 120 characters."),
    Column("role", f"Write {', '.join(Role)}."),
    Column("extension", "Write 3 to 64 digits, or nothing.", is_number=True),
    Column("sending", f"Write {', '.join(right.value for right in SendingRight)}."),
    Column("enabled", "Write yes or no."),
    Column(
        "numbers",
        "Write the numbers to send from, a star at the preferred one: +12025550101* Front desk; +12025550102.",
        is_number=True,
    ),
)
GROUP_COLUMNS = by_name(
    Column("name", "Write a name of at most 64 characters."),
    Column("members", "Write e-mail addresses of members, separated by semicolons."),
    Column("assignment", f"Write {', '.join(filter(None, Assignment.values))}; empty = nobody."),
    Column("when nobody is there", "Write member:anna@example.com or group:Sales, or nothing."),
    Column("minutes without an answer", "Write whole minutes, or nothing.", is_number=True),
    Column("then to", "Write member:anna@example.com or group:Sales, or nothing."),
)
_EXTENSION = re.compile(r"[0-9]{3,64}\Z")
_NUMBER = re.compile(r"(?P<number>[^*A-Za-z]*[0-9])\s*(?P<star>\*?)(?P<description>.*)\Z", re.DOTALL)
_PLACE = re.compile(r"(member|group):\s*(.+)\Z", re.DOTALL)
_LONGEST_MINUTES = 32_767


def members(tenant: Tenant) -> list[Json]:
    """Return the members, and who has been invited to become one, by e-mail address."""
    rows = tenant.members.select_related("user").prefetch_related("numbers__number")
    found = [_member(row) for row in rows] + [_invited(one) for one in invitations.pending(tenant)]
    return sorted(found, key=lambda record: str(record["email"]))


def _member(row: Member) -> Json:
    numbers = sorted(row.numbers.all(), key=lambda one: (not one.preferred, one.number.e164))
    return {
        "email": row.user.email,
        "name": row.name,
        "role": str(row.role),
        "extension": row.extension,
        "sending": str(row.sending_right),
        "enabled": row.enabled,
        "numbers": [
            {"number": one.number.e164, "description": one.description, "preferred": one.preferred} for one in numbers
        ],
    }


def _invited(one: Any) -> Json:
    plain = {"email": one.email, "name": one.name, "role": str(one.role), "extension": one.extension}
    return plain | {"sending": str(one.sending_right), "enabled": True, "numbers": []}


def member_to_row(record: Json) -> dict[str, str]:
    """Write a member as a row."""
    numbers = [
        f"{one['number']}{'*' if one['preferred'] else ''} {one['description']}".strip() for one in record["numbers"]
    ]
    texts = {name: record[name] for name in ("email", "name", "role", "extension", "sending")}
    return texts | {"enabled": cells.write_switch(record["enabled"]), "numbers": cells.write_list(numbers)}


def member_from_row(row: Row, country: str) -> tuple[list[Json], list[Problem]]:
    """Read a row as a member, with every problem in it."""
    reader = RowReader(row, MEMBER_COLUMNS)
    record = {
        "email": reader.read("email", _email, ""),
        "name": " ".join(reader.text("name", longest=120, required=True).split()),
        "role": reader.choice("role", {role.value: role.value for role in Role}),
        "extension": reader.read("extension", _extension, ""),
        "sending": reader.choice("sending", {right.value: right.value for right in SendingRight}),
        "enabled": reader.read("enabled", cells.read_switch, True),
        "numbers": reader.read("numbers", lambda cell: _numbers(cell, country), []),
    }
    return [record], reader.problems


def groups(tenant: Tenant) -> list[Json]:
    """Return the groups by name."""
    related = ("fallback_member__user", "fallback_group", "escalate_member__user", "escalate_group")
    rows = tenant.groups.select_related(*related).prefetch_related("members__user").order_by("name")
    return [_group(row) for row in rows]


def _group(row: Group) -> Json:
    return {
        "name": row.name,
        "members": sorted(member.user.email for member in row.members.all()),
        "assignment": str(row.assignment),
        "fallback": _place(row.fallback_member, row.fallback_group),
        "minutes": row.escalate_minutes,
        "escalate": _place(row.escalate_member, row.escalate_group),
    }


def _place(member: Member | None, group: Group | None) -> str:
    return f"member:{member.user.email}" if member else f"group:{group.name}" if group else ""


def group_to_row(record: Json) -> dict[str, str]:
    """Write a group as a row."""
    return {
        "name": record["name"],
        "members": cells.write_list(record["members"]),
        "assignment": record["assignment"],
        "when nobody is there": record["fallback"],
        "minutes without an answer": "" if record["minutes"] is None else str(record["minutes"]),
        "then to": record["escalate"],
    }


def group_from_row(row: Row, country: str) -> tuple[list[Json], list[Problem]]:
    """Read a row as a group, with every problem in it."""
    reader = RowReader(row, GROUP_COLUMNS)
    record = {
        "name": " ".join(reader.text("name", longest=64, required=True).split()),
        "members": reader.read("members", lambda cell: sorted({_email(one) for one in cells.read_list(cell)}), []),
        "assignment": reader.choice("assignment", {"": "", **{value: value for value in Assignment.values if value}}),
        "fallback": reader.read("when nobody is there", _read_place, ""),
        "minutes": reader.read("minutes without an answer", _minutes, None),
        "escalate": reader.read("then to", _read_place, ""),
    }
    return [record], reader.problems


def _email(cell: str) -> str:
    address = cell.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise CellError(f"“{address[:80]}” is no e-mail address such as name@example.com.") from error
    return address


def _extension(cell: str) -> str:
    text = cell.strip()
    if text and not _EXTENSION.match(text):
        raise CellError("an extension has 3 to 64 digits.")
    return text


def _numbers(cell: str, country: str) -> list[Json]:
    found: dict[str, Json] = {}
    for part in cells.read_list(cell):
        read = _NUMBER.match(part)
        if not read:
            raise CellError(f"“{part[:40]}” is no number such as +12025550101.")
        number = str(parse_number(read["number"], country))
        described = read["description"].strip()
        found[number] = {"number": number, "description": described[:120], "preferred": bool(read["star"])}
    stars = sum(one["preferred"] for one in found.values())
    if stars > 1:
        raise CellError("only one number can be the preferred one: leave one star.")
    if found and not stars:
        next(iter(found.values()))["preferred"] = True
    return sorted(found.values(), key=lambda one: (not one["preferred"], one["number"]))


def _read_place(cell: str) -> str:
    found = _PLACE.match(cell.strip())
    if cell.strip() and not found:
        raise CellError(f"“{cell.strip()[:40]}” names neither a member nor a group.")
    return f"{found[1]}:{found[2].strip()}" if found else ""


def _minutes(cell: str) -> int | None:
    text = cell.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _LONGEST_MINUTES):
        raise CellError(f"“{text[:20]}” is no whole number of minutes.")
    return int(text)
