"""A person's own connections in all tenants: which client may do what in their name, and taking that back."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from authsec.audit.actor import Actor
from authsec.audit.installation import note
from authsec.database.context import system_context, tenant_context
from authsec.web.pagination import Count, Cursor, Page, cut, parse_cursor
from oauth import consent, tokens
from oauth.documents.location import host_of
from oauth.documents.logos import address_of
from oauth.models import Client, RefreshToken
from oauth.wishes import IDENTITY_WORDS

LIMIT = 25
OVER = ("ended", "expired")  # states of a binding that give nothing any more
SORTS = {True: "connected", False: "ended"}


class NoSuchConnection(Exception):
    """The person has no such connection."""


@dataclass(frozen=True)
class Allowance:
    """One scope of a consent. ``state``: active, or why it gives nothing now: pending_step_up, gone (the Application
    knows it no longer), not_entitled, or another state of a binding (Rule 4).
    """

    name: str
    words: str
    risk: str
    state: str


@dataclass(frozen=True)
class Origin:
    """What is known of a client: its ``host`` was checked where it is known by a document there."""

    id: UUID
    key: str
    name: str
    uri: str
    source: str
    owner: str  # installation, tenant, workload
    logo: str = ""  # where its picture is served

    @property
    def host(self) -> str:
        """The host of the client's own document; '' where nothing proves one."""
        return host_of(self.key) if self.source == Client.RegistrationSource.CIMD else ""


@dataclass(frozen=True)
class OwnConnection:
    """A client, an Application and the tenant it belongs to: one yes of a person.

    ``last_used_at``: when a token was given on it last, so at most ACCESS_TOKEN_SECONDS before its last use.
    ``tokens``: how many work now. ``standing``: '' or the first reason why it gives nothing at all now. ``ended_by``
    is known to the tenant's operators alone, for whom ``tenant_name`` goes without saying.
    """

    consent_id: UUID
    tenant_id: UUID
    tenant_name: str
    user_id: UUID
    client: Origin
    application_id: UUID
    application_name: str
    resource_uri: str
    logo_digest: str
    created_at: datetime
    last_used_at: datetime | None
    withdrawn_at: datetime | None
    by_oneself: bool
    moment: datetime
    tokens: int
    standing: str
    allowances: tuple[Allowance, ...]
    ended_by: str = ""

    @property
    def given(self) -> int:
        """How many of the allowed scopes it gives now."""
        return sum(each.state == "active" for each in self.allowances)


@dataclass(frozen=True)
class ApiConnection:
    """A client that may use the management API in the person's name, by the refresh tokens that it holds."""

    client: Origin
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime
    tokens: int


def page_of(
    identity_id: UUID,
    *,
    now: datetime,
    live: bool = True,
    text: str = "",
    client_id: UUID | None = None,
    cursor: str = "",
    limit: int = LIMIT,
) -> Page[OwnConnection]:
    """A person's connections in all tenants, or the past ones, newest first. One statement. Raises BadCursor."""
    place = parse_cursor(cursor, SORTS[live])
    rows, total = _read(identity_id, live, text, client_id, None, now, place, limit + 1)
    return cut(
        rows,
        sort=SORTS[live],
        cursor=place,
        limit=limit,
        count=Count(total if rows or place is None else 0),
        key=lambda row: (row.moment, row.consent_id),
    )


def find(identity_id: UUID, consent_id: UUID, *, now: datetime) -> OwnConnection:
    """One of the person's own live connections. Raises NoSuchConnection."""
    rows, _ = _read(identity_id, True, "", None, consent_id, now, None, 1)
    if not rows:
        raise NoSuchConnection
    return rows[0]


def api_connections(identity_id: UUID, *, now: datetime, text: str = "") -> list[ApiConnection]:
    """The clients with the management API in their hands, the last used first, at most 100. One statement."""
    with connection.cursor() as asked:
        asked.execute("select * from api_connections_of(%s, %s)", [identity_id, now])
        rows = asked.fetchall()
    found = [
        ApiConnection(
            Origin(row[0], row[1], row[2], row[3], row[4], "installation"),
            tuple(row[5]),
            row[6],
            row[7],
            row[8],
        )
        for row in rows
    ]
    wanted = text.lower()
    return [each for each in found if wanted in f"{each.client.name} {each.client.key}".lower()]


def disconnect(*, identity_id: UUID, consent_id: UUID, name: str, actor: Actor, now: datetime) -> None:
    """Withdraw one of the person's own consents: that client's tokens for that Application die at once.

    Raises NoSuchConnection for another's and an unknown one; one that is withdrawn stays so. ``actor`` is the
    identity, which each tenant knows by its own users.id and by ``name``.
    """
    with connection.cursor() as asked:
        asked.execute("select tenant_of_consent(%s, %s)", [identity_id, consent_id])
        tenant_id = asked.fetchone()[0]
    if tenant_id is None:
        raise NoSuchConnection
    with tenant_context(tenant_id, savepoint=False):
        user_id = consent.user_of(tenant_id=tenant_id, consent_id=consent_id)
        consent.withdraw(
            tenant_id=tenant_id, consent_id=consent_id, actor=as_end_user(actor, user_id, name), now=now
        )


def disconnect_client(*, identity_id: UUID, client_id: UUID, name: str, actor: Actor, now: datetime) -> int:
    """Withdraw every live consent of the person to one client in every tenant, and take the management API from it.
    Returns how many connections ended.
    """
    with connection.cursor() as asked:
        asked.execute("select * from live_consents_of(%s, %s)", [identity_id, client_id])
        rows = asked.fetchall()
    for tenant_id, user_id, consent_id in rows:
        with tenant_context(tenant_id, savepoint=False):
            person = as_end_user(actor, user_id, name)
            consent.withdraw(tenant_id=tenant_id, consent_id=consent_id, actor=person, now=now)
    return len(rows) + revoke_api(identity_id=identity_id, client_id=client_id, actor=actor, now=now)


def revoke_api(*, identity_id: UUID, client_id: UUID | None, actor: Actor, now: datetime) -> int:
    """Take the management API from a client (None: from all). Returns how many clients lost it.

    The API belongs to no tenant, so it is written down for the person alone. A JWT that is out already lives for
    ACCESS_TOKEN_SECONDS at most.
    """
    theirs = Q(tenant=None, subject=identity_id, subject_kind="identity")
    theirs &= Q(application_id=client_id) if client_id else Q()
    with system_context():
        tokens.revoke_unfetched(theirs, now=now)
        held = RefreshToken.objects.filter(theirs, revoked=None, expires__gt=now)
        clients = Client.objects.filter(pk__in=set(held.values_list("application_id", flat=True)))
        names = sorted(client.known_as or client.client_id for client in clients)
        tokens.revoke_refresh_tokens(theirs, now=now)
        if names:
            note(
                action="api.taken",
                identity_id=identity_id,
                actor=actor,
                now=now,
                before={"clients": ", ".join(names)},
            )
    return len(names)


def as_end_user(actor: Actor, user_id: UUID, name: str) -> Actor:
    """The person as one tenant knows them, for its audit log."""
    return Actor("end_user", user_id, name, ip=actor.ip, via=actor.via, request_id=actor.request_id)


def _read(
    identity_id: UUID,
    live: bool,
    text: str,
    client_id: UUID | None,
    consent_id: UUID | None,
    now: datetime,
    place: Cursor | None,
    limit: int,
) -> tuple[list[OwnConnection], int]:
    start = (place.value, place.id, place.backward) if place else (None, None, False)
    with connection.cursor() as asked:
        asked.execute(
            "select * from connections_page(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [identity_id, live, text, client_id, consent_id, now, *start, limit],
        )
        rows = asked.fetchall()
    return [shown(row) for row in rows], rows[0][-1] if rows else 0


def shown(row: tuple[Any, ...], *, ended_by: str = "") -> OwnConnection:
    """A connection from the columns that ``connections_page`` answers (sql/connections.sql)."""
    consent_id, tenant_id, tenant_name, user_id = row[:4]
    created_at, last_used_at, withdrawn_at, withdrawn_by, moment, tokens, standing, states, facts = row[15:24]
    held, known = _json(states) or {}, {name: (words, risk) for name, words, risk in _json(facts) or []}
    return OwnConnection(
        consent_id=consent_id,
        tenant_id=tenant_id,
        tenant_name=tenant_name,
        user_id=user_id,
        client=Origin(row[4], row[5], row[6], row[7], row[8], row[9], address_of(row[24])),
        application_id=row[10],
        application_name=row[11],
        resource_uri=row[12],
        logo_digest=row[13],
        created_at=created_at,
        last_used_at=last_used_at,
        withdrawn_at=withdrawn_at,
        by_oneself=withdrawn_by == user_id,
        moment=moment,
        tokens=tokens,
        standing="" if standing == "consent_withdrawn" else standing or "",
        allowances=tuple(_allowance(name, *known.get(name, (None, None)), held) for name in row[14]),
        ended_by=ended_by,
    )


def _allowance(name: str, words: str | None, risk: str | None, held: dict[str, str]) -> Allowance:
    if name in IDENTITY_WORDS:  # about the person, so no tenant gives it or takes it back
        return Allowance(name, str(IDENTITY_WORDS[name]), "", "active")
    if risk is None:
        return Allowance(name, name, "", "gone")
    state = held.get(name, "not_entitled")
    return Allowance(name, words or name, risk, "not_entitled" if state in OVER else state)


def _json(value: Any) -> Any:
    """The driver may hand JSON over as text."""
    return json.loads(value) if isinstance(value, str) else value
