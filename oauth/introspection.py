"""Token introspection (RFC 7662): the whole endpoint, dispatched ahead of Django, one statement an answer.

Every call of every tool of every Application asks here, so nothing runs but this file: no middleware, no session, no
ORM. Each thread keeps a connection of its own on which the statement stays prepared, outside any transaction: the
definer function ``introspect`` is all that the login role can call there.
"""

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connection as django_connection
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGresult

from authsec import limiting
from authsec.secrets import digest
from authsec.web.addresses import read_address
from oauth.client_authentication import basic_credentials
from oauth.reasons import RATE_LIMITED
from oauth.usage.activity import Counters

log = logging.getLogger(__name__)

PATH = "/oauth/introspect"
STATEMENT = (
    "select answer, for_tenant, for_application, why, for_token, for_subject, call_limit, call_window_s "
    "from introspect(%s, %s, %s, %s::inet, %s)"
)
# The same for the server's own parameters, under a name by which each connection knows it.
PREPARED, NAMED = b"introspect", (STATEMENT % ("$1", "$2", "$3", "$4", "$5")).encode()
MAX_BODY = 16_384
NOTE = "select note_credential_use(%s)"
NOTED_EVERY_S = 300
CREDENTIAL = re.compile(r"[A-Za-z0-9_-]{1,64}")
INACTIVE = b'{"active": false}'
LIMIT_MEMBER = '"rate_limit":'
TOO_MANY = "The token is good; whom it is for has used up their calls. Answer 429 and pass Retry-After on."
HEADERS = [
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("Pragma", "no-cache"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
]
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    405: "Method Not Allowed",
    413: "Content Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

Answer = tuple[int, bytes, list[tuple[str, str]]]
# The answer or None, for which tenant and Application, why it is None or less than it was, of which token, for whom;
# calls and seconds where they are counted here.
Row = tuple[str | None, UUID, UUID, str, UUID | None, UUID | None, int | None, int | None]
# Runs the statement; returns its row, or None when the credential is wrong.
Ask = Callable[[tuple[Any, ...]], Row | None]
# Is told what an introspection came to, and whether the call was one too many.
Count = Callable[[Row, bool], None]
_local = threading.local()
# Credential → when this process last wrote down that it was used. Only those that are right come in here.
_noted: dict[str, float] = {}


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI callable."""
    status, body, extra = respond(environ, ask, _count)
    headers = [*HEADERS, *extra, ("Content-Length", str(len(body)))]
    if settings.SECURE_HSTS_SECONDS:
        headers.append(
            (
                "Strict-Transport-Security",
                f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload",
            )
        )
    start_response(f"{status} {REASONS[status]}", headers)
    return [body]


def respond(environ: dict[str, Any], ask: Ask, count: Count = lambda row, refused: None) -> Answer:
    """Answer one request: status, body, headers besides the usual."""
    if environ["REQUEST_METHOD"] != "POST":
        # RFC 7662 §4: a GET would leave the token in logs.
        return _error(405, "invalid_request", "Use POST.", [("Allow", "POST")])
    pairs = basic_credentials(environ.get("HTTP_AUTHORIZATION", ""))
    try:
        form = _form(environ)
        ip = str(read_address(form["client_ip"])) if form.get("client_ip") else None
    except ValueError as error:
        return _error(400, "invalid_request", str(error))
    except OverflowError as error:
        return _error(413, "invalid_request", str(error))
    token = form.get("token", "")
    try:
        for user, secret in pairs or []:
            if not CREDENTIAL.fullmatch(user):
                continue
            row = ask((user, digest(secret), digest(token), ip, settings.ISSUER))
            if row is not None:
                if not token:
                    return _error(400, "invalid_request", "token is missing.")
                return _answer(row, count)
    except psycopg.OperationalError:
        log.exception("introspection: the database does not answer")
        return _error(503, "temporarily_unavailable", "Try again.")
    return _error(
        401,
        "invalid_client",
        "Authenticate with the Application's resource credential.",
        [("WWW-Authenticate", 'Basic realm="introspection"')],
    )


def _answer(row: Row, count: Count) -> Answer:
    """What the credential's holder hears; where the Application asked for it, as far as the caller's limit goes."""
    answer, _tenant, application, _why, _token, subject, limit, window_s = row
    if not answer or limit is None or window_s is None:
        count(row, False)
        return 200, answer.encode() if answer else INACTIVE, []
    tally = limiting.spend("calls", str(application), str(subject), limit=limit, window_s=window_s)
    count(row, tally.exceeded)
    # The limit stands last in the answer and holds nothing that anybody chose.
    said = f'{answer[:-2]},"remaining":{tally.remaining},"reset":{tally.reset_s}}}}}'
    if not tally.exceeded:
        return 200, said.encode(), []
    body = f'{{"error":"rate_limited","error_description":"{TOO_MANY}",{said[said.rindex(LIMIT_MEMBER) :]}'
    return 429, body.encode(), [("Retry-After", str(max(tally.reset_s, 1)))]


def _form(environ: dict[str, Any]) -> dict[str, str]:
    """The posted parameters. Raises ValueError for what is no proper form, OverflowError for too large a one."""
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > MAX_BODY:
        raise OverflowError("The body is too large.")
    body = environ["wsgi.input"].read(length) if length > 0 else b""
    if (
        body
        and environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        != "application/x-www-form-urlencoded"
    ):
        raise ValueError("Send the parameters as application/x-www-form-urlencoded.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError as error:
        raise ValueError("The body is not a valid form in UTF-8.") from error
    form = dict(pairs)
    if len(form) < len(pairs):
        raise ValueError("A parameter must not be included more than once.")
    return form


def _error(status: int, code: str, text: str, headers: list[tuple[str, str]] | None = None) -> Answer:
    return status, json.dumps({"error": code, "error_description": text}).encode(), headers or []


def ask(parameters: tuple[Any, ...]) -> Row | None:
    """Run the statement on this thread's own connection; a connection that was lost is made anew, once.

    Past psycopg's cursor, on the connection of libpq below it: five texts out and one row in need no adaptation, which
    cost as much as everything else that the endpoint does outside PostgreSQL.
    """
    values: list[Any] = [None if one is None else one.encode() for one in parameters]
    fresh = False
    while True:
        own = getattr(_local, "connection", None)
        if own is None or own.closed:
            own, fresh = _prepared(), True
            _local.connection = own
        try:
            found = _done(own, own.pgconn.exec_prepared(PREPARED, values, result_format=Format.BINARY))
            if not found.ntuples:
                return None
            _note_use(own, parameters[0])
            return _row(found)
        except psycopg.OperationalError:
            own.close()
            if fresh:
                raise


def _prepared() -> psycopg.Connection[Any]:
    own = _connect()
    _done(own, own.pgconn.prepare(PREPARED, NAMED))
    return own


def _done(own: psycopg.Connection[Any], result: PGresult) -> PGresult:
    """What the server answered; raises psycopg's exception where that is an error."""
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return result
    if own.pgconn.status == ConnStatus.BAD:
        raise psycopg.OperationalError(result.get_error_message())
    raise error_from_result(result)


def _row(found: PGresult) -> Row:
    """The answer's only row, from PostgreSQL's binary format: texts, uuids and integers."""
    columns: list[Any] = [found.get_value(0, column) for column in range(found.nfields)]
    answer, tenant, application, why, token, subject, limit, window_s = columns
    return (
        answer.decode() if answer is not None else None,
        _uuid(tenant),
        _uuid(application),
        why.decode(),
        _uuid(token) if token else None,
        _uuid(subject) if subject else None,
        int.from_bytes(limit) if limit else None,
        int.from_bytes(window_s) if window_s else None,
    )


@lru_cache(maxsize=16_384)  # the same few are asked about again and again, and Python makes a UUID slowly
def _uuid(raw: bytes) -> UUID:
    return UUID(bytes=raw)


def _count(row: Row, refused: bool) -> None:
    """Count what it came to, for the Application's page."""
    answer, tenant, application, why, token, subject, *_ = row
    counters.count(
        tenant,
        application,
        active=answer is not None and not refused,
        reason=RATE_LIMITED if refused else why,
        token_id=token,
        subject=subject,
    )


def _note_use(own: psycopg.Connection[Any], credential: str) -> None:
    """Write down that a credential is in use: one call in five minutes a process, none of the others waits for it."""
    now = time.monotonic()
    if now - _noted.get(credential, -NOTED_EVERY_S) >= NOTED_EVERY_S:
        _noted[credential] = now
        own.execute(NOTE, (credential,))


def _connect() -> psycopg.Connection[Any]:
    if settings.DATABASE_DIRECT_URL == settings.DATABASE_URL:
        # The same database that Django was told, a test's included.
        named = django_connection.get_connection_params()
        keys = ("dbname", "user", "password", "host", "port", "sslmode")
        return psycopg.connect(**{k: named[k] for k in keys if named.get(k)}, autocommit=True)
    return psycopg.connect(settings.DATABASE_DIRECT_URL, autocommit=True)


counters = Counters(_connect)
