"""Say in words how an aspect is and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import formats
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from rules.e164 import format_for_people
from sms.errors import explain
from sms.health import reasons
from sms.twilio.accounts import describe
from tenants.places import country_name

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Said:
    """What people read: how it is, what to do, and the numbers that it is about."""

    text: str
    advice: str = ""
    numbers: str = ""


def say(reason: str, facts: Mapping[str, Any], *, operators: bool = False) -> Said:
    """Say what a reason means with its facts; of an operator's account only the operator can mend what is there."""
    found = reasons.of(reason)
    named = _named(facts)
    if reason.startswith("credentials_") and not operators:
        return Said(describe(str(facts.get("result", "")), str(facts.get("detail", ""))) or _(found.sentence))
    text, advice = _filled(_(found.sentence), named), _filled(_(found.advice), named) if found.advice else ""
    if operators and found.button.startswith(OPERATORS_BUTTONS):
        advice = _("Ask your operator.")
    return Said(text, advice, _numbers(facts))


# What only who owns the account can press.
OPERATORS_BUTTONS = ("console_", "token", "edit")


def label_of(aspect: str) -> str:
    """Name an aspect."""
    return _(reasons.ASPECTS.get(aspect, aspect))


def _named(facts: Mapping[str, Any]) -> dict[str, Any]:
    named: dict[str, Any] = dict(facts)
    if "code" in facts:
        told = explain(facts["code"])
        named |= {"meaning": told.meaning, "todo": told.advice}
    if isinstance(facts.get("countries"), list):
        named["countries"] = ", ".join(country_name(code) for code in facts["countries"])
    day = parse_date(str(facts.get("day", "")))
    if day is not None:
        named["day"] = formats.date_format(day, "j F Y")
    if facts.get("address"):
        named["address"] = format_for_people(str(facts["address"]))
    return named


def _filled(text: str, named: Mapping[str, Any]) -> str:
    """Put the facts in; a fact that an older version did not keep is a dash."""
    return text % _Lenient(named) if "%(" in text else text


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "–"


def _numbers(facts: Mapping[str, Any]) -> str:
    """Name the numbers that a sum is about: some, and how many more."""
    numbers = [format_for_people(str(number)) for number in facts.get("numbers", ())][:_NAMED]
    more = int(facts.get("count", 0)) - len(numbers)
    if not numbers or facts.get("total") == 1:
        return ", ".join(numbers)
    return ", ".join(numbers) + (_(" and %d more") % more if more > 0 else "")
