"""The WSGI entry: Django, with the introspection endpoint dispatched ahead of it."""

import gc
import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authsec.settings")
console = get_wsgi_application()

from authsec.console import feed  # noqa: E402 - models load after the settings
from oauth import introspection  # noqa: E402

get_resolver().url_patterns  # noqa: B018 - every view, now rather than in somebody's first request
# What is loaded by now stays: looking through all of it for garbage cost every twentieth page a tenth of a second.
gc.collect()
gc.freeze()

# Bodies up to the first are read by whoever answers; up to the second the rest is read here.
SMALL_BODY, LARGEST_READ = 16_384, 16 * 1_048_576
CHUNK = 65_536


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Introspection by itself, everything else by Django. The first request makes this process listen to the feed."""
    feed.keep_running()
    serve = introspection.application if environ.get("PATH_INFO") == introspection.PATH else console
    answer: Iterable[bytes] = serve(environ, start_response)
    read_the_rest(environ)
    return answer


def read_the_rest(environ: dict[str, Any]) -> None:
    """Read what a refused request still sends, so that the client hears the refusal.

    The server closes a connection whose request was not read; a client that is still sending then sees a reset in
    place of the 413 (RFC 9112 §9.6). Bodies beyond LARGEST_READ are not worth that courtesy.
    """
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isdecimal() or not SMALL_BODY < int(length) <= LARGEST_READ:
        return
    left = int(length)
    while left > 0 and (chunk := environ["wsgi.input"].read(min(CHUNK, left))):
        left -= len(chunk)
