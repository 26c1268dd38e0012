"""What if beside real verbs on other connections: it gives way, wakes nobody, and leaves nothing in the queue."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from authsec.audit.actor import SYSTEM
from authsec.database.context import tenant_context
from authz import roles
from authz.models import Role
from authz.what_if import changes
from authz.what_if.changes import Change
from authz.what_if.reach import Roots
from authz.what_if.simulate import LOCK_WAIT_MS, Busy, simulate
from tenants import operations as tenants
from tests import cast


@dataclass(frozen=True, kw_only=True)
class LockBoth(Change):
    """Takes the first role's row, waits for the rival to have the second, then wants that too."""

    first: UUID
    second: UUID
    met: threading.Barrier

    def perform(self, *, tenant_id: UUID, actor: Any, now: Any) -> None:
        Role.objects.select_for_update().get(tenant_id=tenant_id, pk=self.first)
        self.met.wait(30)
        Role.objects.select_for_update().get(tenant_id=tenant_id, pk=self.second)

    def roots(self, tenant_id: UUID) -> Roots:
        return Roots()


@dataclass(frozen=True, kw_only=True)
class TellPatience(Change):
    """Tells how long the database lets the verb wait for a lock."""

    told: list[str]

    def perform(self, *, tenant_id: UUID, actor: Any, now: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select current_setting('lock_timeout')")
            self.told.append(cursor.fetchone()[0])

    def roots(self, tenant_id: UUID) -> Roots:
        return Roots()


def beside(work: Callable[[], None]) -> tuple[threading.Thread, list[BaseException]]:
    """Work on a connection of its own; what it raised is in the list."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, raised


def test_a_what_if_gives_way_to_real_verbs_and_never_brings_one_down(own_database: None) -> None:
    acme = cast.open_tenant()
    one, other = cast.role(acme, "One", ["a"]), cast.role(acme, "Other", ["b"])
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with tenant_context(acme.id):
            roles.edit(tenant_id=acme.id, role_id=one.pk, scopes=["c"], actor=SYSTEM, now=timezone.now())
            held.set()
            done.wait(30)

    thread, raised = beside(hold)
    assert held.wait(30)
    with pytest.raises(Busy):
        ask(acme.id, changes.ArchiveRole(role_id=one.pk))
    assert thread.is_alive(), "it gave way while the row was held"
    told: list[str] = []
    ask(acme.id, TellPatience(told=told))
    assert told == [f"{LOCK_WAIT_MS}ms"]
    done.set()
    thread.join(30)
    assert not raised
    assert [total.name for total in ask(acme.id, changes.ArchiveRole(role_id=one.pk)).totals] == []

    met = threading.Barrier(2)

    def cross() -> None:
        with tenant_context(acme.id):
            Role.objects.select_for_update().get(tenant_id=acme.id, pk=other.pk)
            met.wait(30)
            Role.objects.select_for_update().get(tenant_id=acme.id, pk=one.pk)

    thread, raised = beside(cross)
    with pytest.raises(Busy):
        ask(acme.id, LockBoth(first=one.pk, second=other.pk, met=met))
    thread.join(30)
    assert not raised  # no deadlock was found on that side: the what if let go first


def test_a_what_if_wakes_nobody_and_queues_nothing(own_database: None) -> None:
    acme = cast.open_tenant()
    alice = cast.member(acme, "alice@acme.example", "admin")
    given = connection.get_connection_params()
    where = {name: given[name] for name in ("dbname", "host", "port", "user", "password") if given.get(name)}
    with psycopg.connect(**where, autocommit=True) as listener:
        listener.execute("listen authsec_changes")
        for change in (changes.SuspendMember(user_id=alice.id), changes.RemoveMember(user_id=alice.id)):
            assert ask(acme.id, change).touched
        assert list(listener.notifies(timeout=0.2)) == []
        assert listener.execute("select count(*) from procrastinate_jobs").fetchone() == (0,)
        with tenant_context(acme.id):
            told = {"tenant_id": acme.id, "user_id": alice.id, "actor": SYSTEM, "now": timezone.now()}
            tenants.suspend_member(**told, reason="Really")
        assert [one.channel for one in listener.notifies(timeout=5, stop_after=1)] == ["authsec_changes"]


def ask(tenant_id: UUID, change: Change) -> Any:
    return simulate(tenant_id=tenant_id, change=change, actor=SYSTEM, now=timezone.now())
