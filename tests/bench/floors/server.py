"""gunicorn for the floors: every plain setting of the portal's own, without its hooks."""

from portal import gunicorn_config

globals().update({name: value for name, value in vars(gunicorn_config).items() if not callable(value)})
