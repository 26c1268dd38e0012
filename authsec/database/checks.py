"""Start-up refuses a database login for which row-level security is silently off."""

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection

UNFORCED = """
select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname = 'public' and c.relkind = 'r' and c.relrowsecurity and not c.relforcerowsecurity
"""


def login_problems() -> list[str]:
    """Reasons why this login may not serve; empty when it may. Reads the catalogue of the open connection."""
    with connection.cursor() as cursor:
        cursor.execute("select rolsuper, rolbypassrls, rolname from pg_roles where rolname = session_user")
        superuser, bypass, name = cursor.fetchone()
        problems = []
        if superuser:
            problems.append(f"The database login {name} is a superuser: row-level security does not bind it.")
        if bypass:
            problems.append(f"The database login {name} has BYPASSRLS: row-level security does not bind it.")
        cursor.execute(UNFORCED)
        problems += [f"The table {row[0]} does not force row-level security." for row in cursor.fetchall()]
        cursor.execute("show server_version_num")
        if int(cursor.fetchone()[0]) < 160000:
            problems.append("PostgreSQL 16 or newer is needed.")
    return problems


class UnsafeDatabase(RuntimeError):
    """The database login would switch the tenant wall off."""


def refuse_unsafe_login() -> None:
    """Raise UnsafeDatabase when this login may not serve. Called by the WSGI entry and the commands."""
    if problems := login_problems():
        raise UnsafeDatabase(" ".join(problems))


@register(Tags.database)
def check_login(databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The same as a system check for ``manage.py check --database default`` and ``migrate``."""
    if not databases or "default" not in databases:
        return []
    return [
        Error(text, hint="Connect as a role without SUPERUSER and BYPASSRLS.", id="authsec.E001")
        for text in login_problems()
    ]
