"""The ceiling: what any introspection costs on this server, and no more.

A WSGI callable that reads Basic credential and form, digests the token, sends one prepared SELECT on the thread's own
connection and answers JSON. It checks nothing.
"""

import base64
import hashlib
import json
import os
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

import psycopg

SELECT = "select scope, subject from oauth_accesstoken where token_checksum = %s"
_local = threading.local()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer what the token's row says."""
    base64.b64decode(environ.get("HTTP_AUTHORIZATION", "").removeprefix("Basic "))
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    token = dict(parse_qsl(body.decode())).get("token", "")
    row = _connection().execute(SELECT, [hashlib.sha256(token.encode()).hexdigest()], prepare=True).fetchone()
    said = {"active": True, "scope": row[0], "sub": str(row[1])} if row else {"active": False}
    answer = json.dumps(said, separators=(",", ":")).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]


def _connection() -> psycopg.Connection[Any]:
    own: psycopg.Connection[Any] | None = getattr(_local, "connection", None)
    if own is None:
        own = _local.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
        own.execute("set role authsec_system")  # whom row-level security shows the row without a tenant
    return own


def load() -> Callable[..., Any]:
    """Called in each worker."""
    from authsec.console.management.commands.serve import load_application

    load_application()  # the same process around it: what it imports, and its watch on the parent
    return application


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authsec.settings")
    import django

    django.setup()
    from authsec.console.management.commands.serve import serve
    from bench.bare import load as importable  # workers are spawned and import it by name

    port, workers, threads = map(int, sys.argv[1:])
    serve(address="127.0.0.1", port=port, workers=workers, threads=threads, load=importable)
