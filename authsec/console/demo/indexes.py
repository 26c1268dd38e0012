"""A large fill without indexes and references: building them afterwards costs a tenth of keeping them up row by row."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection

from authsec.database.context import owner_context

# Constraints that may go for a moment: every reference, and keys that no other table refers to.
CONSTRAINTS = """
select c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid)
  from pg_constraint c
 where c.conrelid = any(%s::regclass[]) and c.contype in ('f', 'u', 'p')
   and not exists (select from pg_constraint r where r.contype = 'f' and r.conindid = c.conindid and c.contype <> 'f')
 order by c.contype = 'f', 1, 2
"""
INDEXES = """
select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
  from pg_index i
 where i.indrelid = any(%s::regclass[])
   and not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.contype <> 'f')
 order by 1
"""
OWNED = (
    "select bool_and(c.relowner = session_user::regrole) from pg_class c where c.oid = any(%s::regclass[])"
)
# What a build may take here: this is a command of development, and nothing else runs beside it.
BUILD = (
    "set local maintenance_work_mem = '512MB'",
    "set local max_parallel_maintenance_workers = 2",
    "set local synchronous_commit = off",
)


@contextmanager
def without_indexes(tables: Sequence[str]) -> Iterator[None]:
    """Take indexes, references and unreferenced keys off some tables and put them back at the end of the block.

    All within the transaction in force, under a lock that nobody reads through: whoever looks meanwhile waits, and a
    block that raises leaves everything as it was. Keys come back checked; references between tenant rows come back
    without a look at the rows, because forced policies hide them from the owner: the block has to write right ones.
    Does nothing where the login role does not own the tables.
    """
    names = list(tables)
    with owner_context(), connection.cursor() as cursor:
        cursor.execute(OWNED, [names])
        owned = cursor.fetchone()[0]
    if not owned:
        yield
        return
    with owner_context(), connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")  # a table with checks that wait cannot be altered
        cursor.execute(f"lock table {', '.join(names)} in access exclusive mode")
        cursor.execute(CONSTRAINTS, [names])
        constraints = cursor.fetchall()
        cursor.execute(INDEXES, [names])
        indexes = cursor.fetchall()
        for table, name, _ in reversed(constraints):  # references before the keys they need
            cursor.execute(f"alter table {table} drop constraint {name}")
        for name, _ in indexes:
            cursor.execute(f"drop index {name}")
    yield
    with owner_context(), connection.cursor() as cursor:
        for setting in BUILD:
            cursor.execute(setting)
        for _, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in constraints:
            cursor.execute(f"alter table {table} add constraint {name} {definition}")
