"""Databases for tests that need a server of their own: clones of one migrated template.

A template's name holds a digest of everything that migrations read, so that a change makes a new one and an
unchanged checkout migrates once.
"""

import hashlib
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from psycopg import sql

from authsec.database.embedded import CHECKOUT

PREFIX = "authsec_try"
READ_BY_MIGRATIONS = (
    "*/migrations/*.py",
    "*/*/migrations/*.py",
    "*/sql/*.sql",
    "authsec/database/*.py",
    "requirements.txt",
)
_numbers = itertools.count()


def address(database: str) -> str:
    """The address of a database on the server under test, for the schema's owner."""
    return urlunsplit(urlsplit(settings.DATABASE_OWNER_URL)._replace(path=f"/{database}"))


def manage(*arguments: str, **environment: str) -> str:
    """Run manage.py in a process of its own; returns what it printed. Raises with its words when it fails."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=CHECKOUT,
        env=clean_environment() | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        raise RuntimeError(f"manage.py {arguments[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def clean_environment() -> dict[str, str]:
    """This process's environment without what would change the product's behaviour under test."""
    ours = (
        "AUTHSEC_",
        "DATABASE_",
        "PUBLIC_URL",
        "PORT",
        "SECRET_KEY",
        "SIGNUP",
        "TRUSTED_",
        "EMAIL_",
        "MAKE",
    )
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _digest() -> str:
    digest = hashlib.sha256()
    for path in sorted({path for pattern in READ_BY_MIGRATIONS for path in CHECKOUT.glob(pattern)}):
        if ".venv" not in path.parts and "var" not in path.parts:
            digest.update(str(path.relative_to(CHECKOUT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _drop(connection: psycopg.Connection, name: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
            )
            return
        except psycopg.errors.InsufficientPrivilege:
            # Autovacuum is at work there for a moment: a process of a superuser's, which no owner may end.
            if time.monotonic() > deadline:
                raise


def template() -> str:
    """The name of a migrated database that nobody is connected to; made when it is missing."""
    name = f"{PREFIX}_template_{_digest()}"
    with psycopg.connect(settings.DATABASE_OWNER_URL, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(hashtext('authsec test template'))")
        rows = connection.execute("select datname from pg_database where datname like %s", [f"{PREFIX}\\_%"])
        found = {row[0] for row in rows}
        for other in found - {name}:
            kind, _, rest = other.removeprefix(f"{PREFIX}_").partition("_")
            if kind != "clone" or not _alive(int(rest.split("_")[0])):
                _drop(connection, other)  # of an older checkout, or of tests that were killed
        if name not in found:
            draft = f"{PREFIX}_draft"
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(draft)))
            manage("migrate", "--no-input", "--verbosity", "0", DATABASE_URL=address(draft))
            connection.execute(
                sql.SQL("alter database {} rename to {}").format(sql.Identifier(draft), sql.Identifier(name))
            )
    return name


@contextmanager
def clone() -> Iterator[str]:
    """The address of a fresh migrated database, dropped at the end."""
    source = template()
    name = f"{PREFIX}_clone_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(settings.DATABASE_OWNER_URL, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(source))
        )
    try:
        yield address(name)
    finally:
        with psycopg.connect(settings.DATABASE_OWNER_URL, autocommit=True) as connection:
            _drop(connection, name)
