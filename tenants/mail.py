"""Mail when no mail server is set: messages are kept as files in the data folder, and links are shown for copying."""

import os
from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from tenants.ids import new_id


class FolderBackend(BaseEmailBackend):
    """Keep each mail as one `.eml` file under `mail/` in the data folder."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the messages; returns how many."""
        folder = settings.VAR_DIR / "mail"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for message in email_messages:
            # Mails hold links that let people in: for the owner's eyes only, whatever the folder or the mask allows.
            descriptor = os.open(folder / f"{new_id().hex}.eml", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(message.message().as_bytes())
        return len(email_messages)
