"""Which tenant, and with which power, the database is spoken to.

Two context variables hold the answer for the code that runs now; the backend copies them into every outermost
transaction (``authsec.database.backend``). One device serves requests, jobs, commands and tests: enter
:func:`tenant_context` for one tenant's rows, :func:`app_context` for login and account tables,
:func:`system_context` for work across tenants.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.db import connection as default_connection
from django.db import transaction

if TYPE_CHECKING:
    from authsec.database.backend.base import DatabaseWrapper

APP = "authsec_app"
SYSTEM = "authsec_system"
OWNER = ""  # no SET ROLE at all: the login role, which owns the schema

# The backend that settings.py names, with its apply_context().
connection = cast("DatabaseWrapper", default_connection)

_role: ContextVar[str] = ContextVar("authsec_role", default=APP)
_tenant: ContextVar[UUID | None] = ContextVar("authsec_tenant", default=None)


class NoTenant(RuntimeError):
    """A query about tenant rows was made where no tenant is in force."""


def current_tenant() -> UUID | None:
    """Return the id of the tenant in force, or None."""
    return _tenant.get()


def current_role() -> str:
    """Return the database role that transactions run as: one of APP, SYSTEM, OWNER."""
    return _role.get()


def require_scope() -> None:
    """Raise NoTenant unless a tenant is in force or the work is the system's, across tenants."""
    if _tenant.get() is None and _role.get() != SYSTEM:
        raise NoTenant("No tenant is in force. Enter tenant_context(tenant_id) first.")


@contextmanager
def _scope(role: str, tenant: UUID | None, *, savepoint: bool = True) -> Iterator[None]:
    role_token, tenant_token = _role.set(role), _tenant.set(tenant)
    nested = connection.in_atomic_block
    try:
        with transaction.atomic(savepoint=savepoint):
            if nested:
                connection.apply_context()
            yield
    finally:
        _role.reset(role_token)
        _tenant.reset(tenant_token)
        # An outermost transaction takes its settings with it; a nested one hands the outer ones back.
        if nested and connection.transaction_usable():
            connection.apply_context()


def tenant_context(tenant_id: UUID | str, *, savepoint: bool = True) -> AbstractContextManager[None]:
    """Open a transaction that sees and writes the rows of one tenant, as the application role.

    Nests: an inner context wins until it ends. An exception rolls the block back; without ``savepoint`` a nested
    block has none of its own and the outer transaction is rolled back with it.
    """
    return _scope(APP, tenant_id if isinstance(tenant_id, UUID) else UUID(tenant_id), savepoint=savepoint)


def app_context() -> AbstractContextManager[None]:
    """Open a transaction as the application role without a tenant: login, account and session tables."""
    return _scope(APP, None)


def system_context() -> AbstractContextManager[None]:
    """Open a transaction as the system role, which sees every tenant. For jobs and installation-wide rows."""
    return _scope(SYSTEM, None)


def owner_context() -> AbstractContextManager[None]:
    """Open a transaction as the schema's owner, whom forced policies show no tenant rows. For migrations."""
    return _scope(OWNER, None)
