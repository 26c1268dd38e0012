"""The WSGI entry: Django, with the introspection endpoint dispatched ahead of it."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authsec.settings")
console = get_wsgi_application()

from oauth import introspection  # noqa: E402 - models load after the settings


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Introspection by itself, everything else by Django."""
    if environ.get("PATH_INFO") == introspection.PATH:
        return introspection.application(environ, start_response)
    answer: Iterable[bytes] = console(environ, start_response)
    return answer
