"""Offer the choices of a field that depend on the tenant."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms


def offer(form: forms.BaseForm, name: str, choices: Sequence[Any]) -> None:
    """Set the choices of one of a form's fields."""
    cast(forms.ChoiceField, form.fields[name]).choices = choices
