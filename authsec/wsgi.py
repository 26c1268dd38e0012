"""The WSGI entry: Django, with the introspection endpoint dispatched ahead of it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authsec.settings")
application = get_wsgi_application()
