"""The entry for an ASGI server; the portal itself is served by WSGI (`portal.wsgi`)."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_asgi_application()
