"""What stands in the way of a rule: names that lead nowhere, and what the rule's own page would refuse."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from rules import documents
from rules.conditions.inbound_conditions import AllNumbers, InRange, OneOfNumbers, OnTrunk
from rules.conditions.outbound_conditions import FromGroups
from rules.e164 import NumberError, parse_number
from rules.forms.routes import ROUTES_AT_MOST
from rules.forms.targets import REPLY_AT_MOST, TARGETS_AT_MOST
from rules.senders import SenderIdError, check_sender_id
from rules.targets import AutoReply, Drop, ToEmail, ToGroup, ToMember
from sms.transfer.names import Names, some
from sms.transfer.rules import COLUMNS
from sms.transfer.tables import Problem

Json = dict[str, Any]
Found = Iterator[tuple[str, str, str, str]]

KINDS = frozenset(COLUMNS)
_OUR_NUMBERS = {OnTrunk.kind, OneOfNumbers.kind, InRange.kind}


def of_rule(kind: str, row: int, record: Json, names: Names) -> list[Problem]:
    """List what is wrong with a rule that is to be added or changed."""
    found = of_cells(kind, row, record, names)
    if kind == "outbound" and not record["conditions"]:
        help_text = COLUMNS[kind]["everywhere"].help
        found.append(Problem(row, "everywhere", "", "The rule has no condition.", help_text))
    return found or [Problem(row, "", "", _sentence(text), "Mend the row.") for text in _findings(kind, record)]


def of_cells(kind: str, row: int, record: Json, names: Names) -> list[Problem]:
    """List what is wrong with single cells of a rule, whatever the others hold."""
    checks = (_of_inbound if kind == "inbound" else _of_outbound)(record, names)
    return [Problem(row, column, value, text, remedy) for column, value, text, remedy in checks]


def _empty(kind: str, column: str, text: str) -> Found:
    yield column, "", text, COLUMNS[kind][column].help


def _findings(kind: str, record: Json) -> tuple[str, ...]:
    """Return why the engine would not use the rule."""
    entry = {**record, "id": "-", "conditions": [_with_ids(one) for one in record["conditions"]]}
    if kind != "inbound":
        entry["routes"] = [{**route, "configuration": "-"} for route in record["routes"]]
        return documents.parse_outbound({"rules": [entry]})[0].findings
    if not any(one["kind"] in _OUR_NUMBERS for one in record["conditions"]):
        entry["conditions"].append(AllNumbers().to_json())
    entry["targets"] = [{"id": "-", **target} for target in record["targets"]]
    return documents.parse_inbound({"rules": [entry]})[0].findings


def _with_ids(condition: Json) -> Json:
    return {"id": "-", "ids": condition.get("labels", []), **condition}


def _of_inbound(record: Json, names: Names) -> Found:
    if not record["targets"]:
        yield from _empty("inbound", "destinations", "The rule has no destination.")
    for condition in record["conditions"]:
        yield from _of_our_numbers(condition, names)
    for target in record["targets"]:
        yield from _of_target(target, names)
    places = [{**target, "moment": str(target.get("moment"))} for target in record["targets"]]
    if any(place in places[:n] for n, place in enumerate(places)):
        yield "destinations", "", "The same destination stands there twice.", "Remove one."
    if len(record["targets"]) > TARGETS_AT_MOST:
        yield "destinations", "", f"There are more than {TARGETS_AT_MOST} destinations.", "Send it to a group instead."
    whens = [target.get("when", "always") for target in record["targets"] if not target.get("moment")]
    dropped = [t.get("when", "always") for t in record["targets"] if t["kind"] == Drop.kind and not t.get("moment")]
    if any(whens.count(when) > 1 or (when == "always" and len(whens) > 1) for when in dropped):
        yield "destinations", "", "“drop” stands alone.", "Remove it, or the others, or give it times of its own."


def _of_our_numbers(condition: Json, names: Names) -> Found:
    if condition["kind"] == OnTrunk.kind and condition["label"].casefold() not in names.trunks:
        remedy = f"Write one of: {some(names.trunks.values())}." if names.trunks else "Add a trunk first."
        yield "trunk", condition["label"], f"You have no trunk “{condition['label']}”.", remedy
    if condition["kind"] == OneOfNumbers.kind:
        for number in condition["numbers"]:
            if number not in names.numbers:
                yield (
                    "numbers",
                    number,
                    f"{number} is not one of your numbers.",
                    "Add it to a trunk, or remove it here.",
                )


def _of_target(target: Json, names: Names) -> Found:
    label = str(target.get("label", ""))
    if target["kind"] == ToMember.kind and label.casefold() not in names.members:
        if label.casefold() in names.invited:
            remedy = "Import this rule when the invitation has been accepted, or send it to a group."
            yield "destinations", label, f"{label} is invited and no member yet.", remedy
        else:
            remedy = "Write the e-mail address of a member, or invite the person first."
            yield "destinations", label, f"Nobody here is “{label}”, or several are.", remedy
    if target["kind"] == ToGroup.kind and label.casefold() not in names.groups:
        remedy = f"Write one of: {some(names.groups.values())}." if names.groups else "Add the group first."
        yield "destinations", label, f"There is no group “{label}”.", remedy
    if target["kind"] == ToEmail.kind and not _is_address(target["address"]):
        yield "destinations", target["address"], "This is not one e-mail address.", "Write name@example.com."
    if target["kind"] == AutoReply.kind and len(target["text"]) > REPLY_AT_MOST:
        yield "destinations", "", f"The reply has more than {REPLY_AT_MOST} characters.", "Shorten it."


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _of_outbound(record: Json, names: Names) -> Found:
    if record["action"] == "send" and not record["routes"]:
        yield from _empty("outbound", "routes", "The rule has no route.")
    for condition in record["conditions"]:
        for label in condition.get("labels", ()) if condition["kind"] == FromGroups.kind else ():
            if label.casefold() not in names.groups:
                remedy = f"Write some of: {some(names.groups.values())}." if names.groups else "Add the group first."
                yield "groups", label, f"There is no group “{label}”.", remedy
    for route in record["routes"]:
        yield from _of_route(route, names)
    if len(record["routes"]) > ROUTES_AT_MOST:
        yield "routes", "", f"There are more than {ROUTES_AT_MOST} routes.", "Remove some."


def _of_route(route: Json, names: Names) -> Found:
    configuration = names.configurations.get(route["label"].casefold())
    if configuration is None:
        known = [one.name for one in names.configurations.values()]
        remedy = f"Write one of: {some(known)}." if known else "Add an SMS configuration first."
        yield "routes", route["label"], f"You have no SMS configuration “{route['label']}”.", remedy
        return
    sender = route["sender"]
    if not sender:
        return
    try:
        if any(sign.isalpha() for sign in sender):
            check_sender_id(sender)
        elif (configuration.trunk_id, str(parse_number(sender, names.tenant.country))) not in names.numbers_by_trunk:
            place = configuration.trunk.name
            yield "routes", sender, f"{sender} is not among your numbers on {place}.", "Write one of those, or nothing."
    except (NumberError, SenderIdError) as error:
        yield "routes", sender, str(error), "Write a number of the configuration’s trunk, a Sender ID, or nothing."


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
