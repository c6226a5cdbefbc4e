"""Conditions as forms ask for them: a table from a form's field to the kind of condition that it makes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _

from rules.lists import entries_of
from rules.reading import ConditionError
from rules.spans import PatternError

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One kind of condition: the field that asks for it, and how what is entered and what is stored become each other.

    `write` takes what was entered and the tenant's country; `read` takes what is stored.
    """

    kind: str
    name: str
    field: Callable[[], forms.Field]
    write: Callable[[Any, str], Json]
    read: Callable[[Json], Any]


def asked_text(kind: str, name: str, setting: str, field: Callable[[], forms.Field]) -> Asked:
    """Ask for a condition that holds one text, stored as it is entered."""
    return Asked(kind, name, field, lambda text, _country: {setting: text}, lambda stored: stored.get(setting, ""))


def asked_list(kind: str, name: str, setting: str, field: Callable[[], forms.Field], joined_by: str = "; ") -> Asked:
    """Ask for a condition that holds several texts, entered with semicolons between them."""
    return Asked(
        kind,
        name,
        field,
        lambda text, _country: {setting: entries_of(text)},
        lambda stored: joined_by.join(map(str, stored.get(setting, ()))),
    )


def asked_choices(kind: str, name: str, setting: str, field: Callable[[], forms.Field]) -> Asked:
    """Ask for a condition that holds some of several choices."""
    return Asked(
        kind, name, field, lambda chosen, _country: {setting: list(chosen)}, lambda stored: stored.get(setting, ())
    )


class AskingForm(forms.Form):
    """A form with a field for each kind of condition of a table; conditions that it does not show are kept."""

    asked: ClassVar[Sequence[Asked]] = ()

    def __init__(
        self, *args: Any, stored: Sequence[Json], read: Callable[[object], Any], country: str, **kwargs: Any
    ) -> None:
        # Reads one stored condition of this kind of rules, or raises ConditionError.
        self.read_condition = read
        self.country = country
        self.kept: list[Json] = []
        super().__init__(*args, **kwargs)
        for one in self.asked:
            self.fields[one.name] = one.field()
        self._fill(stored)

    def _fill(self, stored: Sequence[Json]) -> None:
        """Turn stored conditions back into what a person would enter."""
        fields = {one.kind: one for one in self.asked}
        for condition in stored:
            one = fields.get(str(condition.get("kind")))
            if one is None or not self._shows(one, condition):
                self.kept.append(condition)
            else:
                del fields[one.kind]
                self.initial[one.name] = one.read(condition)

    def _shows(self, one: Asked, condition: Json) -> bool:
        """Say whether a condition would come back from its field as it is stored."""
        try:
            again = {"kind": one.kind, **one.write(one.read(condition), self.country)}
            return bool(self.read_condition(again) == self.read_condition(condition))
        except (ConditionError, PatternError):
            return False

    @property
    def kept_in_words(self) -> list[str]:
        """Say the conditions that the form does not show."""
        return [self._in_words(condition) for condition in self.kept]

    def _in_words(self, condition: Json) -> str:
        try:
            return str(self.read_condition(condition).describe())
        except ConditionError as error:
            return str(error)

    def read_conditions(self, data: Json) -> list[Json]:
        """Return the conditions entered; those that cannot be are errors of their fields."""
        found = []
        for one in self.asked:
            value = data.get(one.name)
            if not value:
                continue
            try:
                condition = {"kind": one.kind, **one.write(value, self.country)}
                found.append(self.read_condition(condition).to_json())
            except (ConditionError, PatternError) as error:
                self.add_error(one.name, sentence(str(error)))
        return found

    def is_filled(self, *names: str) -> bool:
        """Say whether any of some fields holds something or is wrong: then its fold stands open."""
        return any(self[name].value() or self[name].errors for name in names)


def sentence(text: str) -> str:
    """Write a message the way a sentence starts."""
    return text[:1].upper() + text[1:] if text else _("This cannot be read.")
