"""Migration operations: the roles, a table's policies, references inside one tenant, functions from .sql files."""

from importlib import import_module
from pathlib import Path
from typing import Any

from django.db.migrations.operations.base import Operation

from authsec.database import roles


class _DatabaseOnly(Operation):
    reduces_to_sql = True
    reversible = True
    atomic = True

    def state_forwards(self, app_label: str, state: Any) -> None:
        """These operations change the database, not the models."""

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Dropping the table or the role takes what was added here with it."""


class CreateRoles(_DatabaseOnly):
    """Create authsec_app and authsec_system, and give them their default privileges in this database."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for statement in roles.statements():
            schema_editor.execute(statement, params=None)

    def describe(self) -> str:
        return "Create the roles authsec_app and authsec_system"


class TenantPolicy(_DatabaseOnly):
    """Force row-level security on a model's table: one tenant for the application, all rows for the system.

    ``column`` is the tenant's column. ``shared=True`` also shows (but never lets the application write) rows
    that belong to no tenant. ``append_only=True`` takes UPDATE and DELETE from the application role.
    """

    def __init__(
        self, model: str, column: str = "tenant_id", *, shared: bool = False, append_only: bool = False
    ) -> None:
        self.model, self.column, self.shared, self.append_only = model, column, shared, append_only

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        table = to_state.apps.get_model(app_label, self.model)._meta.db_table
        # Without nullif a pooled connection whose setting was once made answers '' and the cast raises.
        mine = f"{self.column} = nullif(current_setting('authsec.tenant', true), '')::uuid"
        schema_editor.execute(f'alter table "{table}" enable row level security')
        schema_editor.execute(f'alter table "{table}" force row level security')
        schema_editor.execute(f'create policy tenant on "{table}" to authsec_app using ({mine})')
        if self.shared:
            schema_editor.execute(
                f'create policy shared on "{table}" for select to authsec_app using ({self.column} is null)'
            )
        schema_editor.execute(f'create policy system on "{table}" to authsec_system using (true)')
        if self.append_only:
            schema_editor.execute(f'revoke update, delete on "{table}" from authsec_app')

    def describe(self) -> str:
        return f"Force row-level security on {self.model}"


class SameTenant(_DatabaseOnly):
    """Composite foreign keys (tenant_id, x_id) → (tenant_id, id), because policies do not check references.

    ``fields`` are names of foreign keys on ``model`` that point to models with a tenant.
    """

    def __init__(self, model: str, *fields: str) -> None:
        self.model, self.fields = model, fields

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        meta = to_state.apps.get_model(app_label, self.model)._meta
        for name in self.fields:
            field = meta.get_field(name)
            target = field.remote_field.model._meta
            schema_editor.execute(
                f'alter table "{meta.db_table}" add constraint "{meta.db_table}_{name}_same_tenant" '
                f'foreign key (tenant_id, "{field.column}") '
                f'references "{target.db_table}" (tenant_id, "{target.pk.column}") deferrable initially immediate'
            )

    def describe(self) -> str:
        return f"References of {self.model} stay inside one tenant: {', '.join(self.fields)}"


class SystemFunctions(_DatabaseOnly):
    """Define the functions of an app's ``sql/<name>.sql``, owned by authsec_system.

    The file is read when the migration runs, so a later migration that repeats the operation replaces them. Bodies are
    not checked then: a new database runs today's file from its first migration on, before the columns that came later.
    """

    def __init__(self, *names: str) -> None:
        self.names = names

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        app = to_state.apps.get_app_config(app_label)
        module = import_module(app.name if hasattr(app, "name") else app_label)
        folder = Path(next(iter(module.__path__))) / "sql"
        schema_editor.execute("grant create on schema public to authsec_system")
        schema_editor.execute("set local role authsec_system")
        schema_editor.execute("set local check_function_bodies = off")
        for name in self.names:
            schema_editor.execute((folder / f"{name}.sql").read_text(), params=None)
        schema_editor.execute("set local check_function_bodies = on")
        schema_editor.execute("set local role none")
        schema_editor.execute("revoke create on schema public from authsec_system")

    def describe(self) -> str:
        return f"Define the functions of {', '.join(self.names)}"


class Announce(_DatabaseOnly):
    """Triggers that tell the revocation feed of losses in a model's rows, by a trigger function of ``sql/``.

    ``when``: the columns whose change is a loss; each changed row is announced. Without it the function is called
    once for each statement, however many rows it touches, and reads them from ``before`` (and ``after``).
    ``events``: update, delete, insert; a condition of one's own (``condition``) replaces ``when``.
    """

    def __init__(
        self,
        model: str,
        function: str,
        *events: str,
        when: tuple[str, ...] = (),
        condition: str = "",
    ) -> None:
        self.model, self.function, self.events = model, function, events or ("update", "delete")
        self.when, self.condition = when, condition

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        table = to_state.apps.get_model(app_label, self.model)._meta.db_table
        for event in self.events:
            schema_editor.execute(
                f'create trigger "{self.function}_{event}" after {event} on "{table}" {self._body(event)} '
                f"execute function {self.function}()"
            )

    def _body(self, event: str) -> str:
        changed = " or ".join(f"old.{column} is distinct from new.{column}" for column in self.when)
        condition = self.condition or (changed if event == "update" else "")
        if condition:
            return f"for each row when ({condition})"
        if self.when:
            return "for each row"
        tables = " new table as after" if event == "update" else ""
        return f"referencing old table as before{tables} for each statement"

    def describe(self) -> str:
        return f"Announce losses in {self.model}"
