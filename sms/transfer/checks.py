"""What stands in the way of an import: the same refusals as the pages give, found before anything is written."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sms.forms.trunks import TrunkForm
from sms.models.trunks import Trunk, TrunkKind
from sms.setup import numbers
from sms.transfer import lines, rule_checks
from sms.transfer.names import Names, some
from sms.transfer.tables import Problem
from tenants import invitations
from tenants.models import Tenant
from tenants.roles import Role

if TYPE_CHECKING:
    from sms.transfer.planning import KindPlan, Rights
    from sms.transfer.reading import Placed

Json = dict[str, Any]
Of = Callable[[str], "KindPlan | None"]

_MANAGED = "Ask your system administrator."


def of_kind(tenant: Tenant, of: Of, plan: "KindPlan", rights: "Rights") -> list[Problem]:
    """List what stands in the way of one kind; `of` gives the plans of the file's other kinds."""
    names = Names(tenant, of)
    wanted = plan.wanted
    match plan.kind.name:
        case "trunks":
            return list(_of_trunks(tenant, plan, wanted, rights))
        case "pools":
            return list(_of_pools(tenant, plan, names, rights))
        case "members":
            return list(_of_members(tenant, plan, names))
        case "groups":
            return list(_of_groups(wanted, names))
    return [
        problem
        for placed in wanted
        for problem in rule_checks.of_rule(plan.kind.name, placed.row, placed.record, names)
    ]


def of_broken(tenant: Tenant, of: Of, kind: str, placed: "Sequence[Placed]") -> list[Problem]:
    """List what else is wrong with rules that have a cell which cannot be read."""
    names = Names(tenant, of)
    rules = placed if kind in rule_checks.KINDS else ()
    return [found for one in rules for found in rule_checks.of_cells(kind, one.row, one.record, names)]


def later(plan: "KindPlan") -> Iterator[str]:
    """Say what an import cannot do yet, without standing in its way."""
    if plan.kind.name != "members":
        return
    for placed in plan.added:
        email = placed.record["email"]
        if placed.record["numbers"]:
            yield f"{email} gets the numbers to send from when the file is imported again after the invitation."
        if not placed.record["enabled"]:
            yield f"{email} is invited, and disabled when the file is imported again after the invitation."


# --- Trunks and numbers ---


def _of_trunks(tenant: Tenant, plan: "KindPlan", wanted: "list[Placed]", rights: "Rights") -> Iterator[Problem]:
    if plan.changes_anything and not rights.own_trunks:
        yield Problem(0, "", "", "This company may not add or change trunks of its own.", _MANAGED)
        return
    columns = {name: column for column, name in lines.FIELDS.items()}
    known = {(one.host, one.auth_name): one for one in tenant.trunks.filter(deleted_at=None)}
    for placed in wanted:
        record = placed.record
        instance = known.get((record["host"], record["auth_name"]))
        form = TrunkForm(lines.form_data(record), instance=instance, any_kind=True)
        for name, errors in form.errors.items():
            column = columns.get(name, "")
            value = str(record.get(name, ""))
            yield from (Problem(placed.row, column, value, str(error), _help(plan, column)) for error in errors)
        former = instance.kind if instance else TrunkKind.REGISTER
        if record["kind"] not in (former, TrunkKind.REGISTER) and not rights.all_trunks:
            yield Problem(placed.row, "kind", record["kind"], "Trunks of this kind are added by others.", _MANAGED)


def _help(plan: "KindPlan", column: str) -> str:
    known = plan.kind.columns.get(column)
    return known.help if known else ""


def _of_pools(tenant: Tenant, plan: "KindPlan", names: Names, rights: "Rights") -> Iterator[Problem]:
    trunks = lines.by_any_name(numbers.trunks_of(tenant))
    wanted: dict[str, list[Placed]] = defaultdict(list)
    for one in plan.wanted:
        wanted[one.record["trunk"].casefold()].append(one)
    for name, placed in wanted.items():
        yield from _of_pool(tenant, trunks.get(name), placed, names, rights)
    gone = {record["trunk"].casefold() for record in plan.removed}
    for name in gone:
        yield from _may_change(tenant, trunks.get(name), 0, name, rights)


def _of_pool(
    tenant: Tenant, trunk: Trunk | None, placed: "list[Placed]", names: Names, rights: "Rights"
) -> Iterator[Problem]:
    first = placed[0]
    named = first.record["trunk"]
    if named.casefold() not in names.trunks:
        remedy = f"Write one of: {some(names.trunks.values())}." if names.trunks else "Add the trunk first."
        for one in placed:
            yield Problem(one.row, "trunk", named, f"You have no trunk “{named}”.", remedy)
        return
    yield from _may_change(tenant, trunk, first.row, named, rights)
    rows = {one.record["number"]: one.row for one in placed}
    for clash in numbers.clashes_of(tenant, list(rows)):
        if clash.same_tenant:
            continue  # it moves from one trunk of the tenant's to another
        number = clash.number.e164
        text = clash.describe(name_holders=rights.all_trunks)
        yield Problem(rows[number], "number", number, f"{text}.", "Remove it, or ask the system administrator.")


def _may_change(tenant: Tenant, trunk: Trunk | None, row: int, name: str, rights: "Rights") -> Iterator[Problem]:
    shared = trunk is not None and trunk.tenant_id != tenant.pk
    if not rights.all_trunks and (shared or not rights.own_trunks):
        yield Problem(row, "trunk", name, f"You may not change the numbers on “{name}”.", _MANAGED)


# --- Members and groups ---


def _of_members(tenant: Tenant, plan: "KindPlan", names: Names) -> Iterator[Problem]:
    pending = set(invitations.pending(tenant).values_list("email", flat=True))
    count = tenant.members.count() + len(pending) + len(plan.added) - len(plan.removed)
    if plan.added and count > tenant.max_members:
        text = f"The company would have {count} members; {tenant.max_members} are allowed, invitations included."
        yield Problem(0, "", "", text, "Remove some, or ask your system administrator for more.")
    yield from _taken_extensions(plan)
    held = names.numbers
    for placed, _before in plan.changed:
        record = placed.record
        for one in record["numbers"]:
            if one["number"] not in held:
                text = f"{one['number']} is not one of your numbers."
                yield Problem(placed.row, "numbers", one["number"], text, "Add it to a trunk, or remove it here.")
    for placed, _before in plan.changed:
        if placed.record["email"] in pending:
            text = "This person is invited and has not accepted yet: the invitation cannot be changed."
            yield Problem(placed.row, "email", placed.record["email"], text, "Withdraw the invitation, or wait for it.")
    administrators = [record for record, _ in plan.final if record["role"] == Role.ADMIN and record["enabled"]]
    if plan.changes_anything and not administrators:
        text = "Nobody who is enabled would administer the company any more."
        yield Problem(0, "role", "", text, "Keep one enabled member with the role admin.")


def _taken_extensions(plan: "KindPlan") -> Iterator[Problem]:
    rows = {id(placed.record): placed.row for placed in plan.wanted}
    first: dict[str, str] = {}
    for record, _place in plan.final:
        extension = record["extension"]
        if extension in first:
            text = f"Extension {extension} is {first[extension]}’s, too."
            yield Problem(rows.get(id(record), 0), "extension", extension, text, "Choose another number.")
        elif extension:
            first[extension] = record["email"]


def _of_groups(wanted: "list[Placed]", names: Names) -> Iterator[Problem]:
    for placed in wanted:
        record = placed.record
        for email in record["members"]:
            if email not in names.members:
                yield Problem(placed.row, "members", email, _not_a_member(email, names), "Remove the address, or wait.")
        for column, place in (("when nobody is there", record["fallback"]), ("then to", record["escalate"])):
            word, _sign, name = place.partition(":")
            if place and name.casefold() not in (names.members if word == "member" else names.groups.keys()):
                yield Problem(
                    placed.row, column, place, f"There is no {word} “{name}”.", "Mend the name, or remove it."
                )
        if bool(record["minutes"]) != bool(record["escalate"]):
            text = "The minutes and the place to go on to belong together."
            yield Problem(placed.row, "then to", record["escalate"], text, "Fill in both, or neither.")


def _not_a_member(email: str, names: Names) -> str:
    return f"{email} is invited and no member yet." if email in names.invited else f"{email} is not a member."
