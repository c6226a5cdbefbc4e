#!/usr/bin/env python
"""Django's command line for the portal; `manage.py up` runs the whole product."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        _ = settings.INSTALLED_APPS
    except ImproperlyConfigured as problem:
        sys.exit(str(problem))
    except OSError as problem:
        sys.exit(f"{problem.filename}: {problem.strerror}. Set VAR_DIR to a folder that you may write to.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
