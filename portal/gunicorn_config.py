"""How gunicorn serves the portal: `gunicorn -c python:portal.gunicorn_config portal.wsgi`."""

import os
import sys

bind = os.environ.get("BIND", "127.0.0.1:8000")
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
timeout = 60
graceful_timeout = 30
keepalive = 5
# A heartbeat file on a slow disk would make a healthy worker look dead.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 (memory, not a shared secret)
control_socket_disable = True
loglevel = os.environ.get("WEB_LOG_LEVEL", "warning")


def on_starting(server: object) -> None:
    """Refuse to serve, in one sentence, when settings are missing or stored secrets cannot be opened.

    Asked once, before there are workers, which then share the loaded portal's memory.
    """
    import django
    from django.core.exceptions import ImproperlyConfigured

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        django.setup()
        from portal import startup

        startup.refuse_if_unfit()
    except ImproperlyConfigured as problem:
        sys.exit(str(problem))
