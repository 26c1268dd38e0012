"""What the tenant's Applications understand at a moment: the second term of the intersection."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection

SUPPORTED = """
select a.id, a.name, a.resource_uri, coalesce(w.status, a.status) = 'enabled',
       coalesce(w.verified, a.verified_at is not null), coalesce(w.admission, a.admission),
       s.name, s.description, s.risk, s.is_default, s.ended_at, p.display_name
  from authz_application a
  left join lateral (
    select x.status, x.verified, x.admission from authz_applicationpast x
     where x.tenant_id = a.tenant_id and x.application_id = a.id and x.until > %(at)s
     order by x.until, x.id limit 1) w on true
  left join authz_scope s on s.tenant_id = a.tenant_id and s.application_id = a.id and s.created_at <= %(at)s
  left join tenants_profile p on p.tenant_id = a.tenant_id and p.user_id = s.ended_by
 where a.tenant_id = %(tenant)s and a.created_at <= %(at)s and (a.ended_at is null or a.ended_at > %(at)s)
 order by a.name, a.id, s.name, s.ended_at nulls last
"""


@dataclass(frozen=True)
class SupportedScope:
    """A scope that an Application understands, or understood until ``dropped_at`` (by ``dropped_by``, a name)."""

    name: str
    description: str
    risk: str
    is_default: bool
    dropped_at: datetime | None = None
    dropped_by: str | None = None


@dataclass(frozen=True)
class Supported:
    """An Application and its scopes by name, as they were at the moment asked about; names and texts are today's.

    ``dropped`` holds the scopes that it no longer understands.
    """

    id: UUID
    name: str
    resource_uri: str
    enabled: bool
    verified: bool
    admission: str
    scopes: dict[str, SupportedScope] = field(default_factory=dict)
    dropped: dict[str, SupportedScope] = field(default_factory=dict)


def by_application(
    names: Iterable[str], supported: Mapping[UUID, Supported]
) -> tuple[list[tuple[Supported, list[SupportedScope]]], list[SupportedScope]]:
    """Scope names as those see them who understand them: each Application with its own, and the rest.

    The rest is what no Application understands now; ``dropped_at`` says that one did.
    """
    names = list(names)
    known = [(one, [one.scopes[name] for name in names if name in one.scopes]) for one in supported.values()]
    understood = {scope.name for _, scopes in known for scope in scopes}
    dropped = {name: scope for one in supported.values() for name, scope in one.dropped.items()}
    rest = [
        dropped.get(name) or SupportedScope(name, "", "", False) for name in names if name not in understood
    ]
    return [(one, scopes) for one, scopes in known if scopes], rest


def supported_by(*, tenant_id: UUID, at: datetime) -> Mapping[UUID, Supported]:
    """The tenant's Applications that stand at ``at``, by id, ordered by name. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(SUPPORTED, {"tenant": tenant_id, "at": at})
        rows = cursor.fetchall()
    found: dict[UUID, Supported] = {}
    for *facts, name, description, risk, is_default, ended_at, ended_by in rows:
        place = found.setdefault(facts[0], Supported(*facts))
        if name is None:
            continue
        if ended_at is None or ended_at > at:
            place.scopes[name] = SupportedScope(name, description, risk, is_default)
            place.dropped.pop(name, None)
        elif name not in place.scopes:
            place.dropped[name] = SupportedScope(name, description, risk, is_default, ended_at, ended_by)
    return found
