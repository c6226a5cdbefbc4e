"""The tables of conditions: which field of which form makes which kind of condition."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from rules.conditions.inbound_conditions import ConversationIs, FromCaller, FromCountry
from rules.conditions.outbound_conditions import (
    AllDestinations,
    FromExtensions,
    HasLength,
    HasPrefix,
    IsMessageKind,
    ToCountry,
)
from rules.conditions.text_conditions import (
    MEDIA_KINDS,
    Contains,
    HasKeyword,
    HasMedia,
    HasMediaKind,
    MatchesPattern,
    StartsWith,
)
from rules.conditions.time_condition import AtTime
from rules.forms.asked import Asked, asked_choices, asked_list, asked_text
from rules.forms.countries import countries_as_text, read_countries
from rules.patterns import parse_caller_mask, parse_extensions, parse_lengths, parse_prefixes

ANY_TIME, AT_MOMENT = "", "moment"
_COUNTRY_HELP = gettext_lazy("Names or two-letter codes, separated by semicolons: France; DE.")


def _text(label: Any, help_text: Any = "", *, longest: int = 500, mono: bool = False, placeholder: Any = "") -> Any:
    attrs = {"class": "mono", "spellcheck": "false"} if mono else {}
    attrs |= {"placeholder": placeholder} if placeholder else {}
    return lambda: forms.CharField(
        label=label, help_text=help_text, max_length=longest, required=False, widget=forms.TextInput(attrs=attrs)
    )


def _choice(label: Any, choices: list[tuple[str, Any]], help_text: Any = "") -> Any:
    return lambda: forms.ChoiceField(label=label, choices=choices, help_text=help_text, required=False)


def _countries(label: Any) -> Any:
    return _text(label, _COUNTRY_HELP, longest=2000, placeholder=gettext_lazy("Any country"))


def _asked_countries(kind: str, label: Any) -> Asked:
    return Asked(
        kind,
        "countries",
        _countries(label),
        lambda text, _country: {"countries": read_countries(text)},
        lambda stored: countries_as_text(stored.get("countries", ())),
    )


INBOUND_ASKED: tuple[Asked, ...] = (
    Asked(
        FromCaller.kind,
        "caller_mask",
        _text(
            gettext_lazy("Sender"),
            gettext_lazy(
                "Numbers, ranges and masks, separated by semicolons. Each * stands for one digit: +1202*******."
            ),
            longest=1000,
            placeholder=gettext_lazy("Anybody"),
        ),
        lambda text, country: {"mask": parse_caller_mask(text, country).text},
        lambda stored: stored.get("mask", ""),
    ),
    asked_list(
        HasKeyword.kind,
        "keyword",
        "words",
        _text(gettext_lazy("Has the word"), gettext_lazy("One of these words, anywhere in the text: help; info.")),
    ),
    _asked_countries(FromCountry.kind, gettext_lazy("Sender’s country")),
    asked_text(StartsWith.kind, "starts_with", "text", _text(gettext_lazy("Starts with"), longest=160)),
    asked_text(Contains.kind, "contains", "text", _text(gettext_lazy("Contains"), longest=160)),
    asked_text(
        MatchesPattern.kind,
        "pattern",
        "pattern",
        _text(
            gettext_lazy("Fits the pattern"),
            gettext_lazy(
                "A regular expression (RE2), such as order [0-9]{4}. Small and capital letters are the same. "
                "RE2 cannot look ahead or behind (?=…) and cannot refer back \\1, so it is fast with every text."
            ),
            mono=True,
        ),
    ),
    Asked(
        HasMedia.kind,
        "has_media",
        _choice(
            gettext_lazy("Pictures or files"),
            [
                ("", gettext_lazy("With or without")),
                ("yes", gettext_lazy("Only with")),
                ("no", gettext_lazy("Only without")),
            ],
        ),
        lambda chosen, _country: {"value": chosen == "yes"},
        lambda stored: "yes" if stored.get("value", True) else "no",
    ),
    asked_choices(
        HasMediaKind.kind,
        "media_kinds",
        "kinds",
        lambda: forms.MultipleChoiceField(
            label=gettext_lazy("Kind of file"),
            help_text=gettext_lazy("Nothing ticked: it does not matter."),
            choices=list(MEDIA_KINDS.items()),
            required=False,
            widget=forms.CheckboxSelectMultiple(attrs={"class": "choices-inline"}),
        ),
    ),
    asked_text(
        ConversationIs.kind,
        "conversation",
        "state",
        _choice(
            gettext_lazy("Conversation"),
            [
                ("", gettext_lazy("Any")),
                ("first", gettext_lazy("First contact: the first text between the two numbers")),
                ("known", gettext_lazy("Known: they have texted before")),
                ("unassigned", gettext_lazy("Nobody has it in hand")),
                ("assigned", gettext_lazy("Somebody has it in hand")),
            ],
        ),
    ),
)

OUTBOUND_ASKED: tuple[Asked, ...] = (
    Asked(
        AllDestinations.kind,
        "everywhere",
        lambda: forms.BooleanField(
            label=gettext_lazy("All destinations"),
            required=False,
            help_text=gettext_lazy("Wherever they go. Leave it off to choose by number or country."),
        ),
        lambda _ticked, _country: {},
        lambda _stored: True,
    ),
    Asked(
        HasPrefix.kind,
        "prefixes",
        _text(
            gettext_lazy("Number starts with"),
            gettext_lazy("Country code first, separated by semicolons: 1202;33."),
            mono=True,
        ),
        lambda text, _country: {"prefixes": list(parse_prefixes(text))},
        lambda stored: ";".join(map(str, stored.get("prefixes", ()))),
    ),
    _asked_countries(ToCountry.kind, gettext_lazy("Number’s country")),
    Asked(
        HasLength.kind,
        "lengths",
        _text(
            gettext_lazy("Number has this many digits"),
            gettext_lazy("With the country code: 11, or 10-12."),
            longest=60,
            mono=True,
        ),
        lambda text, _country: {"lengths": list(parse_lengths(text))},
        lambda stored: ";".join(map(str, stored.get("lengths", ()))),
    ),
    Asked(
        FromExtensions.kind,
        "extensions",
        _text(
            gettext_lazy("Writer’s extension"),
            gettext_lazy("Extensions and ranges: 101;102;200-299."),
            longest=1000,
            mono=True,
        ),
        lambda text, _country: {"extensions": parse_extensions(text).text},
        lambda stored: stored.get("extensions", ""),
    ),
    asked_text(
        IsMessageKind.kind,
        "message_kind",
        "value",
        _choice(
            gettext_lazy("Kind of message"),
            [
                ("", gettext_lazy("SMS and MMS")),
                ("sms", gettext_lazy("SMS only: words alone")),
                ("mms", gettext_lazy("MMS only: with pictures or files")),
            ],
        ),
    ),
    # What is entered is the moment once the form has read its fields, else the period.
    Asked(
        AtTime.kind,
        "time",
        _choice(
            gettext_lazy("Time"),
            [
                (ANY_TIME, gettext_lazy("At any time")),
                ("open", gettext_lazy("In office hours")),
                ("closed", gettext_lazy("Outside office hours and on holidays")),
                ("holiday", gettext_lazy("On holidays")),
                (AT_MOMENT, gettext_lazy("At these times")),
            ],
        ),
        lambda chosen, _country: {"moment": chosen} if isinstance(chosen, dict) else {"period": chosen},
        lambda stored: stored.get("moment") or stored.get("period", ""),
    ),
)
