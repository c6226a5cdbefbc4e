"""Secrets in forms: typed once, never shown again, and still there when the form comes back for another reason."""

import base64
import binascii
import uuid
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from tenants import secrets

_TABLE = "typed"


class SecretInput(forms.PasswordInput):
    """A field for a secret: never filled in by the portal, and browsers are asked not to keep it."""

    def __init__(self) -> None:
        super().__init__(
            attrs={
                "class": "mono",
                "autocomplete": "off",
                "spellcheck": "false",
                "data-1p-ignore": "",
                "data-lpignore": "true",
            }
        )


class SecretField(forms.CharField):
    """A secret. Whether it may be empty depends on what is stored or kept, so the form decides that."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=200, widget=SecretInput, **options)

    def validate(self, value: Any) -> None:
        """Leave an empty secret to the form."""


class KeepsSecrets(forms.Form):
    """A form whose typed secrets travel sealed, bound to the person who typed them, until it is saved."""

    secret_names: tuple[str, ...] = ()

    def __init__(self, *args: Any, typed_by: uuid.UUID, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.typed_by = typed_by
        for name in self.secret_names:
            self.fields[f"{name}_kept"] = forms.CharField(required=False, widget=forms.HiddenInput)

    def read_secret(self, name: str) -> str:
        """Return a secret as typed now, or as typed before the form came back."""
        typed = "".join(str(self.cleaned_data.get(name) or "").split())
        return typed or self._opened(str(self.data.get(self.add_prefix(f"{name}_kept"), "")), name)

    def keep(self, name: str, text: str) -> None:
        """Let a secret travel with the page if the form comes back, and say so in the field."""
        sealed = base64.b64encode(secrets.seal_value(_TABLE, self.typed_by, name, text)).decode()
        data: Any = self.data.copy() if isinstance(self.data, QueryDict) else dict(self.data)
        data[self.add_prefix(f"{name}_kept")] = sealed
        self.data = data
        if text:
            self.fields[name].widget.attrs["placeholder"] = _("typed, ends in %s") % text[-4:]

    def _opened(self, sealed: str, name: str) -> str:
        try:
            return secrets.open_value(_TABLE, self.typed_by, name, base64.b64decode(sealed))
        except (secrets.SecretError, binascii.Error, ValueError):
            return ""
