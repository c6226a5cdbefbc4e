"""The bytes of media: one file each beside the journal, on disk before the message that has it."""

import os
from pathlib import Path

from sms.sandbox import sids
from sms.sandbox.hub import Hub
from sms.sandbox.things import Media


def keep(hub: Hub, content_type: str, content: bytes, now: float) -> Media:
    """Store a file and return its record."""
    media = Media(sids.new("ME"), content_type, len(content), now)
    path = _path(hub, media.sid)
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return media


def read(hub: Hub, media: Media) -> bytes:
    """Return a file's bytes."""
    return _path(hub, media.sid).read_bytes()


def forget(hub: Hub, media: Media) -> None:
    """Remove a file."""
    _path(hub, media.sid).unlink(missing_ok=True)


def _path(hub: Hub, sid: str) -> Path:
    return hub.folder / "media" / sid
