"""How gunicorn serves the portal: `gunicorn -c python:portal.gunicorn_config portal.wsgi`."""

import os

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
