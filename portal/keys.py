"""Keys and places of a fresh installation: made once, kept in the data folder, never printed."""

import base64
import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit


def local_secrets(var_dir: Path) -> dict[str, str]:
    """Return the secrets of this installation, making the file (mode 0600) at first start."""
    path = var_dir / "secrets.env"
    if not path.exists():
        var_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_once(path)
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)


def _write_once(path: Path) -> None:
    """Write new secrets beside the file and link it into place, so that two first starts agree on one file."""
    lines = (
        f"SECRET_KEY={secrets.token_urlsafe(50)}\n"
        f"FIELD_KEYS=k1:{base64.b64encode(secrets.token_bytes(32)).decode()}\n"
        f"WEBHOOK_KEY_SECRETS={secrets.token_hex(32)}\n"
    )
    draft = path.with_name(f"secrets.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(lines)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def socket_path(var_dir: Path) -> Path:
    """Return where the embedded broker listens; a unix socket's path may have at most 107 bytes."""
    path = var_dir / "kv.sock"
    if len(os.fsencode(path)) <= 100:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"sms-portal-{name}.sock"


def celery_broker_url(redis_url: str) -> str:
    """Return a Redis address as Celery writes it: sockets have a scheme of their own, databases stand in the path."""
    parts = urlsplit(redis_url)
    query = dict(parse_qsl(parts.query))
    number = query.pop("db", "0")
    if parts.scheme == "unix":
        return f"redis+socket://{parts.netloc}{parts.path}?{urlencode(query | {'virtual_host': number})}"
    path = parts.path if parts.path.strip("/") else f"/{number}"
    return parts._replace(path=path, query=urlencode(query)).geturl()
