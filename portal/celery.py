"""The Celery application: settings come from Django's settings (`CELERY_…`), tasks from each app's `tasks.py`."""

import gc
import logging.config
import os
import sys

from celery import Celery, signals
from django.conf import settings
from django.db import close_old_connections

from portal import acks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery would open a database connection for every task. It is kept instead, and checked before it is used again.
app.conf["CELERY_DB_REUSE_MAX"] = 1_000_000
app.autodiscover_tasks()
acks.install()


@signals.task_prerun.connect
def check_connection(**kwargs: object) -> None:
    """Drop a database connection that broke or grew old; a task run in place is inside its caller's connection."""
    task = kwargs["task"]
    if not task.request.is_eager:  # type: ignore[attr-defined]
        close_old_connections()


@signals.worker_init.connect
@signals.beat_init.connect
def refuse_if_unfit(**kwargs: object) -> None:
    """End before any task is taken when stored secrets cannot be opened."""
    from django.core.exceptions import ImproperlyConfigured

    from portal import startup

    try:
        startup.refuse_if_unfit()
    except ImproperlyConfigured as problem:
        sys.exit(str(problem))


@signals.setup_logging.connect
def log_like_the_rest(**kwargs: object) -> None:
    """Write the portal's own log: Celery would add a second, careless one."""
    logging.config.dictConfig(settings.LOGGING)


@signals.worker_before_create_process.connect
def share_memory(**kwargs: object) -> None:
    """Keep the collector away from what the children share with their parent, so that it stays shared."""
    gc.freeze()
