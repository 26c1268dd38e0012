"""Last seen: written beside the requests, at most once in five minutes, and by nobody who would have to wait."""

import signal
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from authsec.database.context import tenant_context
from endusers import last_seen
from endusers.last_seen import EVERY_S, FRESH_S, Seen
from endusers.models import EndUser
from oauth import introspection
from tests.oauth.world import ED, World, world
from tests.servers import serving

HOUR = timedelta(hours=1)


@pytest.fixture
def own_connection() -> Iterator[psycopg.Connection[Any]]:
    """One outside of Django's transactions, as the thread has it that writes down."""
    with introspection._connect() as own:
        yield own


def person(it: World) -> UUID:
    with tenant_context(it.tenant.id):
        found: UUID = EndUser.objects.get().user_id
        return found


def seen(it: World, at: datetime | None = None) -> datetime:
    """When the one person of this world was seen; written first where it is given."""
    with tenant_context(it.tenant.id):
        if at:
            EndUser.objects.update(last_seen_at=at)
        moment = EndUser.objects.get().last_seen_at
        assert moment is not None
        return moment


def test_a_row_that_somebody_holds_is_passed_over_and_told(
    own_database: None, own_connection: psycopg.Connection[Any]
) -> None:
    it = world()
    it.tokens(it.signed_in(ED))
    who, now = (it.tenant.id, person(it)), timezone.now()
    seen(it, now - HOUR)
    met = {who: now.timestamp(), (it.tenant.id, uuid4()): now.timestamp()}
    with tenant_context(it.tenant.id):
        EndUser.objects.select_for_update().get()
        assert list(last_seen.note(own_connection, met)) == [who]
    assert seen(it) == now - HOUR
    assert last_seen.note(own_connection, met) == {}
    assert seen(it) == now
    # Once in five minutes, and never back.
    later = {who: now.timestamp() + FRESH_S - 1}
    assert last_seen.note(own_connection, later) == {}
    assert seen(it) == now
    last_seen.note(own_connection, {who: now.timestamp() - 3 * FRESH_S})
    assert seen(it) == now


def test_a_token_is_issued_while_somebody_holds_the_person(own_database: None) -> None:
    it = world()
    first = it.tokens(it.signed_in(ED))
    before = seen(it, timezone.now() - HOUR)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with tenant_context(it.tenant.id):
            EndUser.objects.select_for_update().get()
            held.set()
            done.wait(30)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(30)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("set local lock_timeout = '5s'")
            answer = it.refresh(first["refresh_token"])
        assert answer.status_code == 200
    finally:
        done.set()
        holder.join()
    assert seen(it) == before
    assert it.refresh(answer.json()["refresh_token"]).status_code == 200
    assert timezone.now() - seen(it) < timedelta(minutes=1)


def test_people_are_gathered_for_a_minute_and_kept_when_they_cannot_be_written() -> None:
    tenant, ann, bob = uuid4(), uuid4(), uuid4()
    gathered = Seen()
    gathered.add(tenant, ann, 1_000.0)
    taken = gathered.due(1_000.0, everything=False)
    assert taken == {(tenant, ann): 1_000.0}
    gathered.add(tenant, ann, 1_010.0)
    gathered.add(tenant, bob, 1_010.0)
    gathered.put_back(taken)
    assert gathered.due(1_000.0 + EVERY_S - 1, everything=False) == {}
    assert gathered.due(1_020.0, everything=True) == {(tenant, ann): 1_010.0, (tenant, bob): 1_010.0}


@pytest.mark.long
def test_a_server_that_is_stopped_writes_down_whom_it_saw(tmp_path: Path) -> None:
    with serving(tmp_path, workers=2) as service, psycopg.connect(service.database_url) as own:
        own.execute("set role authsec_system")
        user, tenant, client, application = (
            own.execute(
                "select e.user_id, e.tenant_id, c.client_id, c.application_id from endusers_enduser e"
                " join oauth_consent c on c.tenant_id = e.tenant_id and c.user_id = e.user_id"
                " join authz_application a on a.id = c.application_id and a.name = 'pdf-mcp'"
                " where e.status = 'active' and e.last_seen_at < now() - interval '1 day' limit 1"
            ).fetchone()
            or [None] * 4
        )
        own.execute(
            "insert into oauth_accesstoken (id, token, token_checksum, expires, scope, resource, created, updated,"
            " subject, subject_kind, acr, amr, requested, audience_id, tenant_id, application_id)"
            " values (gen_random_uuid(), '', encode(sha256('seen'), 'hex'), now() + interval '1 day', 'pdf:read', '[]',"
            " now(), now(), %s, 'user', '', '{pwd}', '{pdf:read}', %s, %s, %s)",
            [user, application, tenant, client],
        )
        own.commit()
        for _ in range(20):
            assert service.introspect("seen", by="pdf-mcp")["active"] is True
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(60)
        own.execute("set role authsec_system")
        fresh = "select last_seen_at > now() - interval '2 minutes' from endusers_enduser where user_id = %s"
        assert own.execute(fresh, [user]).fetchone() == (True,)
