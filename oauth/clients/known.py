"""The clients that a tenant knows: how each came, who uses it for what. What other tenants do with one stays theirs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet, TextChoices

from authsec.web.parameters import parse_uuid
from oauth.clients.redirects import destination
from oauth.models import Client, ClientApproval, Consent

# Connections of one client that a list and its own page read, the latest: enough to judge it by, and bounded work.
IN_LIST = 200
ON_PAGE = 5_000
LATEST = """
  select c.user_id, c.application_id, c.scopes from oauth_consent c
   where c.tenant_id = %(tenant)s and c.client_id = k.id and c.withdrawn_at is null
   order by c.created_at desc, c.id desc limit %(most)s
"""
USAGE = f"""
with lately as materialized (
  select k.id as client_id, c.* from unnest(%(clients)s::uuid[]) k(id) cross join lateral ({LATEST}) c
), people as (
  select client_id, count(distinct user_id) as people, count(*) as connections from lately group by client_id
), said as (
  select client_id, application_id, scopes, count(*) as times from lately group by client_id, application_id, scopes
)
select s.client_id, p.people, p.connections, a.id, a.name, s.scopes, s.times
  from said s join people p on p.client_id = s.client_id
  join authz_application a on a.tenant_id = %(tenant)s and a.id = s.application_id
 order by a.name
"""  # noqa: S608 - both parts are ours
TOKENS = f"""
with people as materialized (
  select distinct c.user_id from (select %(client)s::uuid as id) k cross join lateral ({LATEST}) c
)
select (select count(*) from people),
       (select count(*) from people p join oauth_accesstoken t on t.tenant_id = %(tenant)s and t.subject = p.user_id
          and t.application_id = %(client)s and t.expires > %(now)s)
     + (select count(*) from people p join oauth_refreshtoken t on t.tenant_id = %(tenant)s and t.subject = p.user_id
          and t.application_id = %(client)s and t.expires > %(now)s and t.revoked is null)
"""  # noqa: S608 - both parts are ours


class Origin(TextChoices):
    """How a client came: the words of the API and of filters."""

    DOCUMENT = "document", "Metadata document"
    REGISTRATION = "registration", "Registered itself"
    HAND = "hand", "Made here by hand"
    INSTALLATION = "installation", "Of this installation"


SOURCES = {"cimd": Origin.DOCUMENT, "dcr": Origin.REGISTRATION}
# Conditions on Client.
COMES_FROM = {
    Origin.DOCUMENT: Q(tenant__isnull=True, registration_source="cimd"),
    Origin.REGISTRATION: Q(tenant__isnull=True, registration_source="dcr"),
    Origin.HAND: Q(tenant__isnull=False),
    Origin.INSTALLATION: Q(tenant__isnull=True, registration_source="manual"),
}


@dataclass
class Reached:
    """One Application that people let a client use, and what they let it do there."""

    application_id: UUID
    name: str
    connections: int = 0
    scopes: dict[str, int] = field(default_factory=dict)  # name → connections


@dataclass
class Usage:
    """What people of a tenant do with a client, counted over its latest connections. ``more``: it has more."""

    people: int = 0
    more: bool = False
    applications: list[Reached] = field(default_factory=list)

    @property
    def people_text(self) -> str:
        """The number as pages say it."""
        return f"{self.people:,}+" if self.more else f"{self.people:,}"

    @property
    def scopes(self) -> list[str]:
        """Every scope that somebody allowed, on whichever Application."""
        return sorted({name for one in self.applications for name in one.scopes})


@dataclass(frozen=True)
class Stops:
    """What stops when a client is shut out. ``more``: it has more people than were counted."""

    people: int
    tokens: int
    more: bool


def origin_of(client: Client) -> Origin:
    """How a client came."""
    if client.tenant_id is not None:
        return Origin.HAND
    return SOURCES.get(client.registration_source, Origin.INSTALLATION)


def redirect_hosts(client: Client) -> list[str]:
    """Where its answers may go, as a person reads it: hosts, and schemes of programs with their colon."""
    found = (destination(uri) for uri in client.redirect_uris.split())
    return list(dict.fromkeys(f"{one.host}:" if one.kind == "app" else one.host for one in found))


def of_tenant(tenant_id: UUID, *, removed: bool = False) -> QuerySet[ClientApproval]:
    """The clients that the tenant has met or made and that may ask, or with ``removed`` those that are gone."""
    rows = ClientApproval.objects.filter(tenant_id=tenant_id, client__disabled_at__isnull=not removed)
    return rows.select_related("client")


def from_origin(rows: QuerySet[ClientApproval], origin: str) -> QuerySet[ClientApproval]:
    """Those that came so."""
    return rows.filter(client__in=Client.objects.filter(COMES_FROM[Origin(origin)]))


def one_of(tenant_id: UUID, client_id: UUID) -> ClientApproval | None:
    """One client of a person's making or meeting, gone or not; not those of service accounts."""
    rows = ClientApproval.objects.filter(tenant_id=tenant_id, client_id=client_id)
    return (
        rows.filter(client__service_account__isnull=True)
        .select_related("client", "client__picture")
        .defer("client__picture__content")
        .first()
    )


def search(rows: QuerySet[ClientApproval], text: str) -> QuerySet[ClientApproval]:
    """Those whose name, client_id or redirect URIs hold a text, or whose id it is."""
    text = text.strip()
    if not text:
        return rows
    try:
        return rows.filter(client_id=parse_uuid(text))
    except ValueError:
        return rows.filter(
            Q(client__name__icontains=text)
            | Q(client__client_id__icontains=text)
            | Q(client__redirect_uris__icontains=text)
        )


def usage_of(tenant_id: UUID, client_ids: Iterable[UUID], *, most: int = IN_LIST) -> dict[UUID, Usage]:
    """What people let each client do, by client; each has an entry. One statement, ``most`` connections of each."""
    keys = list(client_ids)
    found = {key: Usage() for key in keys}
    with connection.cursor() as cursor:
        cursor.execute(USAGE, {"tenant": tenant_id, "clients": keys, "most": most + 1})
        rows = cursor.fetchall()
    for client_id, people, connections, application_id, name, scopes, times in rows:
        usage = found[client_id]
        usage.people, usage.more = min(people, most), connections > most
        if not usage.applications or usage.applications[-1].application_id != application_id:
            usage.applications.append(Reached(application_id, name))
        reached = usage.applications[-1]
        reached.connections += times
        for scope in scopes:
            reached.scopes[scope] = reached.scopes.get(scope, 0) + times
    return found


def stops(tenant_id: UUID, client_id: UUID, *, now: datetime) -> Stops:
    """How many people use a client, and how many of its tokens work now. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(TOKENS, {"tenant": tenant_id, "client": client_id, "now": now, "most": ON_PAGE + 1})
        people, tokens = cursor.fetchone()
    return Stops(min(people, ON_PAGE), tokens, people > ON_PAGE)


def connections_of(tenant_id: UUID, client_id: UUID) -> QuerySet[Consent]:
    """The live connections of a client, with the person and the Application; ``name`` and ``email`` are Profile's."""
    rows: QuerySet[Any] = Consent.objects.filter(
        tenant_id=tenant_id, client_id=client_id, withdrawn_at__isnull=True
    )
    named: QuerySet[Consent] = rows.select_related("application").annotate(
        person_name=F("user__profiles__display_name"), person_email=F("user__profiles__email")
    )
    return named
