"""Whom to tell when a session is over: the clients at which it signed its person in."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models.expressions import RawSQL
from procrastinate.contrib.django import app
from procrastinate.types import JSONDict

from authsec.database.batches import in_batches
from authsec.database.context import system_context
from authsec.database.fields import uuid_array
from authsec.sessions import EXPIRED
from oauth.clients.registration import LOGOUT_URI
from oauth.models import Client, ClientSession

TASK = "oauth.tell_client"
KEPT = timedelta(days=1)  # how long an end waits for its client to be told


def begin(*, tenant_id: UUID, user_id: UUID, client: Client, session: UUID, now: datetime) -> UUID:
    """The ``sid`` under which this client knows the session; the same as long as it lives.

    Inside the caller's ``tenant_context(tenant_id)``.
    """
    row, _ = ClientSession.objects.get_or_create(
        tenant_id=tenant_id,
        client=client,
        session=session,
        ended_at=None,
        defaults={"user_id": user_id, "created_at": now},
    )
    return row.pk


def end_session(*, session: UUID, reason: str, now: datetime) -> None:
    """A session is over: queue a word to each client that wants one. In the transaction that ends it.

    Of one that merely expired nobody hears: its person did not ask to be signed out elsewhere.
    """
    with system_context():
        rows = ClientSession.objects.filter(session=session, ended_at=None)
        if reason == EXPIRED:
            rows.delete()
        else:
            _end(rows.select_related("client"), now)


def end_person(*, tenant_id: UUID, user_id: UUID, now: datetime) -> None:
    """A person lost their standing in a tenant: their sign-ins at clients there are over, though the session is not.

    Inside the caller's ``tenant_context(tenant_id)``, in the transaction that takes the standing.
    """
    end_people(tenant_id=tenant_id, user_ids=[user_id], now=now)


def end_people(*, tenant_id: UUID, user_ids: Collection[UUID], now: datetime) -> None:
    """The same of many at once: as many statements as there are clients to tell, however many people they are."""
    whose = RawSQL("select unnest(%s::uuid[])", [uuid_array(user_ids)])
    rows = ClientSession.objects.filter(tenant_id=tenant_id, user_id__in=whose, ended_at=None)
    _end(rows.select_related("client"), now)


def _end(rows: Iterable[ClientSession], now: datetime) -> None:
    silent: list[UUID] = []
    told: dict[UUID, list[ClientSession]] = defaultdict(list)
    for row in rows:
        if row.client.disabled_at or not row.client.metadata.get(LOGOUT_URI):
            silent.append(row.pk)
        else:
            told[row.client_id].append(row)
    if silent:
        ClientSession.objects.filter(pk__in=silent).delete()
    for client_id, ended in told.items():
        ClientSession.objects.filter(pk__in=[row.pk for row in ended]).update(ended_at=now)
        # One word at a time to one client: whoever is slow holds up itself alone.
        task = app.configure_task(TASK, lock=f"logout:{client_id}")
        words: list[JSONDict] = [{"tenant_id": str(row.tenant_id), "sid": str(row.pk)} for row in ended]
        task.batch_defer(*words)


DELETE = """
delete from oauth_clientsession where id in (
  select id from oauth_clientsession
  where created_at < %(never)s or (ended_at < %(told)s and created_at < %(told)s)
  order by created_at limit %(batch)s for update skip locked)
"""


def delete_over(*, now: datetime, batch: int = 5_000) -> int:
    """Delete what outlived its session, and ends that no client took within a day. Returns how many."""
    longest = timedelta(seconds=settings.SESSION_ABSOLUTE_SECONDS) + KEPT
    return in_batches(DELETE, {"never": now - longest, "told": now - KEPT}, batch=batch)
