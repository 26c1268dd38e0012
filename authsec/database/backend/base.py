"""PostgreSQL backend that gives each outermost transaction its role and its tenant.

``SET LOCAL`` semantics on purpose: a session-level role or setting would leak through a connection pooler to the
next customer of the connection.
"""

from typing import Any

from django.db.backends.postgresql.base import DatabaseWrapper as PostgreSQL
from django.db.backends.postgresql.schema import DatabaseSchemaEditor as PostgreSQLSchemaEditor
from psycopg.pq import TransactionStatus

from authsec.database import context

SETTINGS = "select set_config('role', %s, true), set_config('authsec.tenant', %s, true)"


class DatabaseSchemaEditor(PostgreSQLSchemaEditor):
    """Migrations run as the schema's owner, not as the application role."""

    def __enter__(self) -> Any:
        self._role = context._role.set(context.OWNER)
        self._tenant = context._tenant.set(None)
        return super().__enter__()

    def __exit__(self, *exception: Any) -> None:
        try:
            super().__exit__(*exception)
        finally:
            context._role.reset(self._role)
            context._tenant.reset(self._tenant)


class DatabaseWrapper(PostgreSQL):
    """Django's PostgreSQL wrapper with :meth:`apply_context` after each outermost BEGIN."""

    SchemaEditorClass = DatabaseSchemaEditor

    def set_autocommit(
        self, autocommit: bool, force_begin_transaction_with_broken_autocommit: bool = False
    ) -> None:
        super().set_autocommit(autocommit, force_begin_transaction_with_broken_autocommit)
        if not autocommit:
            self.apply_context()

    def transaction_usable(self) -> bool:
        """Whether the open transaction still takes statements: neither aborted nor marked for rollback."""
        return (
            not self.needs_rollback and self.connection.info.transaction_status == TransactionStatus.INTRANS
        )

    def apply_context(self) -> None:
        """Send the role and tenant in force to the open transaction; they end with it.

        Uses the driver's connection: this is part of BEGIN, not one of the caller's statements.
        """
        role = context.current_role() or "none"
        tenant = context.current_tenant()
        with self.wrap_database_errors:
            self.connection.execute(SETTINGS, [role, str(tenant) if tenant else ""])
