"""Ask about network ports: is one free, does somebody listen, does a web server answer."""

import errno
import http.client
import socket


class PortUnusable(Exception):
    """Nothing can listen on this port; the text says why and what to do."""


def require_free(host: str, port: int) -> None:
    """Refuse a port that somebody else listens on."""
    try:
        _bind(host, port)
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            raise PortUnusable(
                f"Port {port} is taken by another program. Choose another: make run PORT={port + 10}"
            ) from problem
        raise PortUnusable(
            f"The portal cannot listen on {host}:{port}: {problem.strerror}. Choose another port."
        ) from problem


def free(wanted: int) -> int:
    """Return the wanted port when it is free, else any free one."""
    try:
        return _bind("127.0.0.1", wanted)
    except (OSError, OverflowError):
        return _bind("127.0.0.1", 0)


def _bind(host: str, port: int) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        return int(probe.getsockname()[1])


def accepts(host: str, port: int) -> bool:
    """Say whether something listens there."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def answers_http(host: str, port: int) -> bool:
    """Say whether a web server answers there, whatever its answer is."""
    connection = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, port, timeout=10)  # noqa: S104
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
