"""The two roles besides the owner, and the SQL that makes them.

``authsec_app`` serves every request under row-level security; ``authsec_system`` owns the definer functions and
does the work across tenants. Both are NOLOGIN and granted ``WITH INHERIT FALSE, SET TRUE``: policies apply to
inherited roles, so a plain GRANT would open every row to whoever logs in.
"""

from contextlib import suppress
from typing import Any

from django.db import ProgrammingError, transaction

NAMES = ("authsec_app", "authsec_system")


def create_statements() -> list[str]:
    """SQL that creates the roles where they are missing. Needs CREATEROLE, or is run by a DBA."""
    # Roles belong to the cluster, advisory locks to one database: of two databases that are migrated at one moment,
    # the slower one waits at the name's unique index until the other is done, and finds the role made and granted.
    create = [
        f"do $$ begin if not exists (select from pg_roles where rolname = '{name}') "
        f"then create role {name} nologin; end if; "
        f"exception when duplicate_object or unique_violation then null; end $$"
        for name in NAMES
    ]
    grant = [
        f"do $$ begin if not exists (select from pg_auth_members m join pg_roles r on r.oid = m.roleid "
        f"join pg_roles u on u.oid = m.member where r.rolname = '{name}' and u.rolname = current_user "
        f"and m.set_option and not m.inherit_option) "
        f"then execute format('grant {name} to %I with inherit false, set true', current_user); end if; end $$"
        for name in NAMES
    ]
    return [*create, *grant]


def privilege_statements() -> list[str]:
    """SQL that lets both roles use this database's tables, present and future."""
    both = ", ".join(NAMES)
    return [
        f"grant usage on schema public to {both}",
        f"grant select, insert, update, delete on all tables in schema public to {both}",
        f"grant usage, select on all sequences in schema public to {both}",
        f"alter default privileges in schema public grant select, insert, update, delete on tables to {both}",
        f"alter default privileges in schema public grant usage, select on sequences to {both}",
    ]


def statements() -> list[str]:
    """Everything that the first migration runs, in order."""
    return [*create_statements(), *privilege_statements(), "create extension if not exists pg_trgm"]


def grant_statements(*logins: str) -> list[str]:
    """SQL that lets logins become both roles, and gives them nothing by inheritance."""
    return [f'grant {", ".join(NAMES)} to "{login}" with inherit false, set true' for login in logins]


def dba_statements(*logins: str) -> list[str]:
    """What a DBA runs once where the owner may not make roles: both roles, and the right of logins to become them."""
    return [*(f"create role {name} nologin" for name in NAMES), *grant_statements(*logins)]


MISSING = """
select distinct login from unnest(%(logins)s::text[]) login, unnest(%(roles)s::text[]) role
 where not exists (
       select from pg_auth_members m join pg_roles r on r.oid = m.roleid join pg_roles u on u.oid = m.member
        where r.rolname = role and u.rolname = login and m.set_option and not m.inherit_option)
"""


def prepare(cursor: Any, *logins: str) -> list[str]:
    """Make the roles and let the logins become them, as far as the connected owner may. Needs an open transaction.

    Returns the statements that are left for a DBA; empty when all is well.
    """
    for attempt in (create_statements(), *([grant] for grant in grant_statements(*logins))):
        with (
            suppress(ProgrammingError),
            transaction.atomic(),
        ):  # not CREATEROLE, or not the one who made the roles
            for statement in attempt:
                cursor.execute(statement)
    cursor.execute("select count(*) from pg_roles where rolname = any(%s)", [list(NAMES)])
    exist = cursor.fetchone() == (len(NAMES),)
    cursor.execute(MISSING, {"logins": list(logins), "roles": list(NAMES)})
    missing = sorted(login for (login,) in cursor.fetchall())
    if not missing:
        return []
    return grant_statements(*missing) if exist else dba_statements(*logins)
