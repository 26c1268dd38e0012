"""The two roles besides the owner, and the SQL that makes them.

``authsec_app`` serves every request under row-level security; ``authsec_system`` owns the definer functions and
does the work across tenants. Both are NOLOGIN and granted ``WITH INHERIT FALSE, SET TRUE``: policies apply to
inherited roles, so a plain GRANT would open every row to whoever logs in.
"""

NAMES = ("authsec_app", "authsec_system")


def create_statements() -> list[str]:
    """SQL that creates the roles where they are missing. Needs CREATEROLE, or is run by a DBA."""
    # Roles belong to the cluster, not to the database: two databases may be migrated at one moment.
    lock = "select pg_advisory_xact_lock(hashtext('authsec roles'))"
    create = [
        f"do $$ begin if not exists (select from pg_roles where rolname = '{name}') "
        f"then create role {name} nologin; end if; end $$"
        for name in NAMES
    ]
    grant = [
        f"do $$ begin if not exists (select from pg_auth_members m join pg_roles r on r.oid = m.roleid "
        f"join pg_roles u on u.oid = m.member where r.rolname = '{name}' and u.rolname = current_user "
        f"and m.set_option and not m.inherit_option) "
        f"then execute format('grant {name} to %I with inherit false, set true', current_user); end if; end $$"
        for name in NAMES
    ]
    return [lock, *create, *grant]


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
