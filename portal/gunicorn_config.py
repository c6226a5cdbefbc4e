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

        from sms.lists import import_signs

        import_signs.note_start()
    except ImproperlyConfigured as problem:
        sys.exit(str(problem))


def post_worker_init(worker: object) -> None:
    """Get ready before the first request: load what the webhooks need, and keep the collector off what stays."""
    import gc

    from django.urls import get_resolver
    from kombu.transport import redis  # noqa: F401  (what the first hint would load)

    for urls in (None, "sms.webhooks.urls"):
        get_resolver(urls).url_patterns  # noqa: B018  (a property that loads them)
    gc.collect()
    gc.freeze()
