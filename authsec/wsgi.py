"""The WSGI entry: Django, with the introspection endpoint dispatched ahead of it."""

import gc
import io
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
    measure(environ)
    serve = introspection.application if environ.get("PATH_INFO") == introspection.PATH else console
    answer: Iterable[bytes] = serve(environ, start_response)
    read_the_rest(environ)
    return answer


def measure(environ: dict[str, Any]) -> None:
    """Read a body that comes without its length, in chunks or over HTTP/2 (RFC 9112 §7.1), and say its length.

    Django reads as many bytes as were announced: a form in chunks would be an empty one. What is longer than
    LARGEST_READ is so for every view, too, which then refuses it.
    """
    chunked = environ.get("HTTP_TRANSFER_ENCODING") or environ.get("SERVER_PROTOCOL", "").startswith("HTTP/2")
    if not chunked or environ.get("CONTENT_LENGTH"):
        return
    body = bytearray()
    while len(body) <= LARGEST_READ and (chunk := environ["wsgi.input"].read(CHUNK)):
        body += chunk
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))


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
