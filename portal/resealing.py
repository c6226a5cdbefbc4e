"""Which key sealed which secret: find what the ring cannot open, and seal anew what an older key sealed."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import transaction
from django.db.models import BinaryField, F, Func, Model, QuerySet, Value

from tenants import accounts, audit, secrets
from tenants.failpoints import failpoint

_BATCH = 200
_SUFFIX = "_sealed"


@dataclass(frozen=True, slots=True)
class Column:
    """One sealed column of one table."""

    model: type[Model]
    name: str

    @property
    def field(self) -> str:
        """The name that the value is bound to."""
        return self.name.removesuffix(_SUFFIX)

    def sealed(self) -> QuerySet[Model]:
        """Return the rows that hold a secret."""
        return self.model._default_manager.exclude(**{self.name: b""}).order_by("pk")

    def sealed_otherwise(self, heads: list[bytes]) -> QuerySet[Model]:
        """Return the rows whose secret begins in none of these ways."""
        rows = self.sealed()
        for head in heads:
            begins = Func(F(self.name), Value(1), Value(len(head)), function="SUBSTR", output_field=BinaryField())
            rows = rows.alias(begins=begins).exclude(begins=head)
        return rows


@dataclass
class Outcome:
    """What a rotation did: secrets sealed anew, and the keys that are missing for others."""

    resealed: int = 0
    unopened: int = 0
    missing: set[str] = field(default_factory=set)

    def note_unopened(self, key: str) -> None:
        self.unopened += 1
        self.missing.add(key)


def columns() -> list[Column]:
    """Return every sealed column there is."""
    return [
        Column(model, entry.name)
        for model in apps.get_models()
        for entry in model._meta.concrete_fields
        if isinstance(entry, BinaryField) and entry.name.endswith(_SUFFIX)
    ]


def unopened() -> str:
    """Return why a stored secret cannot be opened, or nothing; opens one of each column and key."""
    known = secrets.heads()
    for column in columns():
        if (row := column.sealed_otherwise(known).first()) is not None:
            return _needs(secrets.key_of(getattr(row, column.name)))
        for head in known:
            others = [other for other in known if other != head]
            row = column.sealed_otherwise(others).first()
            if row is not None and (problem := _problem(row, column)):
                return problem
    return _second_factor_problem()


def _needs(key: str) -> str:
    return (
        f"The database holds secrets that were sealed with the key {key!r}, which FIELD_KEYS lacks. "
        "Add it from the former installation's environment or secrets.env."
    )


def _problem(row: Model, column: Column) -> str:
    try:
        secrets.open(row, column.field)
    except secrets.SecretError:
        key = secrets.key_of(getattr(row, column.name))
        return (
            f"The database holds secrets that the key {key!r} in FIELD_KEYS does not open. "
            "Put the key back under which they were sealed."
        )
    return ""


def _second_factor_problem() -> str:
    rows = Authenticator.objects.order_by("pk")
    for row in filter(None, (rows.first(), rows.last())):
        try:
            accounts.seal_anew(row.data)
        except secrets.SecretError:
            return _needs(accounts.key_of(accounts.sealed_texts(row.data)[0]))
    return ""


def reseal() -> Outcome:
    """Seal everything under the first key of the ring. Done row by row, so it may be stopped and run again."""
    outcome = Outcome()
    for column in columns():
        for row in _stale(column):
            _reseal_row(row, column, outcome)
    for authenticator in Authenticator.objects.order_by("pk").iterator(chunk_size=_BATCH):
        _reseal_second_factor(authenticator, outcome)
    if outcome.resealed:
        audit.record(audit.PORTAL, "tenants.keys.rotated", None, {"resealed": outcome.resealed}, tenant=None)
    return outcome


def _stale(column: Column) -> Iterator[Model]:
    """Give the rows sealed by another than the first key, a batch at a time."""
    rows = column.sealed_otherwise(secrets.heads()[:1])
    last = None
    while batch := list((rows.filter(pk__gt=last) if last else rows)[:_BATCH]):
        yield from batch
        last = batch[-1].pk


def _reseal_row(row: Model, column: Column, outcome: Outcome) -> None:
    before = getattr(row, column.name)
    try:
        secrets.seal(row, column.field, secrets.open(row, column.field))
    except secrets.SecretError:
        outcome.note_unopened(secrets.key_of(before))
        return
    # Not over a secret that somebody has replaced meanwhile.
    same = column.model._default_manager.filter(pk=row.pk, **{column.name: before})
    outcome.resealed += same.update(**{column.name: getattr(row, column.name)})
    failpoint("keys.resealed")


def _reseal_second_factor(row: Authenticator, outcome: Outcome) -> None:
    first = secrets.heads()[0].split(b":")[1].decode()
    stale = [text for text in accounts.sealed_texts(row.data) if accounts.key_of(text) != first]
    if not stale:
        return
    with transaction.atomic():
        locked = Authenticator.objects.select_for_update().filter(pk=row.pk).first()
        if locked is None:
            return
        try:
            locked.data = accounts.seal_anew(locked.data)
        except secrets.SecretError:
            outcome.note_unopened(accounts.key_of(stale[0]))
            return
        locked.save(update_fields=["data"])
    outcome.resealed += len(stale)
