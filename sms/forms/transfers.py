"""The form of an import: the file, and what becomes of what it does not hold."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sms.models import TransferMode
from sms.transfer.tables import LARGEST_FILE, MOST_ROWS


class ImportForm(forms.Form):
    """What to import, and how."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        allow_empty_file=True,
        error_messages={"required": gettext_lazy("Choose the file to import.")},
    )
    mode = forms.ChoiceField(
        label=gettext_lazy("What is not in the file"),
        choices=TransferMode.choices,
        initial=TransferMode.ADD,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limits = {"megabytes": LARGEST_FILE // 1024 // 1024, "rows": f"{MOST_ROWS:,}"}
        self.fields["file"].help_text = _("CSV or JSON, at most %(megabytes)s MB and %(rows)s rows.") % limits

    def clean_file(self) -> "UploadedFile[bytes]":
        """Refuse what is too large before it is read."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST_FILE:
            raise forms.ValidationError(_("The file is larger than 5 MB. Split it into several files."))
        return file
