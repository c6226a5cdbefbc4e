"""Make the project importable: a sound SQLite first, then the Celery application that tasks attach to."""

import sys

try:
    # The system's SQLite may be one that corrupts a database with two writers (sqlite.org/wal.html#walresetbug).
    import pysqlite3
    import pysqlite3.dbapi2
except ImportError:
    pass
else:
    sys.modules["sqlite3"], sys.modules["sqlite3.dbapi2"] = pysqlite3, pysqlite3.dbapi2

from .celery import app as celery_app

__all__ = ["celery_app"]
