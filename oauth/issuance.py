"""The one gate of every grant type: granted = entitled ∩ supported ∩ requested, after standing (Rules 3 and 5).

The authorize page, the code exchange, refresh and client credentials all come here, so no parameter of a client and
no road of the toolkit leads to a token around it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from uuid import UUID

from django.db import connection

# Not entitlements (OpenID Connect Core §5.4, §11): they never reach the intersection.
OPENID_SCOPES = frozenset({"openid", "profile", "email", "address", "phone", "offline_access"})

# Those that this server acts on: who signs in (§3.1.2.1), their address and name (§5.4). In the order of answers.
IDENTITY_SCOPES = ("openid", "profile", "email")

# The management API's, which come to whoever may ask; what they can do is Cedar's word.
API_SCOPES = ("api:read", "api:write")

TERMS = """
select a.id, a.name, a.kind, a.resource_uri, a.admission, a.verified_at is not null, t.*
  from authz_application a
 cross join lateral issue_terms(
       %(tenant)s, %(kind)s, %(subject)s, a.id, %(client)s, %(consented)s, %(at)s, %(mfa_at)s, %(ip)s) t
 where a.tenant_id = %(tenant)s and a.ended_at is null
   and (a.id = %(application)s or a.resource_uri = %(resource_uri)s)
"""


@dataclass(frozen=True)
class Subject:
    """Whom a token is for. ``kind``: user or service_account; ``id`` None: a person whom the tenant never met."""

    kind: str
    id: UUID | None
    mfa_at: datetime | None = None
    ip: str | None = None


@dataclass(frozen=True)
class Terms:
    """What the database says at one moment about a subject, an Application and a client."""

    application_id: UUID
    application_name: str
    application_kind: str
    resource_uri: str
    admission: str
    verified: bool
    standing: str
    states: dict[str, str]
    supported: Sequence[str]
    defaults: Sequence[str]
    member: bool
    end_user: bool

    def pending(self, requested: tuple[str, ...]) -> list[str]:
        """Which of these the Application supports and a second factor would bring."""
        return [n for n in requested if n in self.supported and self.states.get(n) == "pending_step_up"]


COLUMNS = [one.name for one in fields(Terms)]


@dataclass(frozen=True)
class Grantable:
    """The intersection and its terms. ``granted`` may be given now; ``waiting`` needs a second factor first.

    ``refusal``: '' or why nothing can be given, a standing or admission reason. ``explicit``: the client named
    scopes; otherwise ``requested`` holds the Application's defaults. ``sign_in_only``: a web app asked for OpenID
    Connect scopes alone, for which standing suffices. ``openid``: which of those may be given, where it signs in.
    """

    terms: Terms
    requested: tuple[str, ...]
    explicit: bool
    granted: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    refusal: str = ""
    sign_in_only: bool = False
    openid: tuple[str, ...] = ()
    not_given: dict[str, str] = field(default_factory=dict)

    @property
    def entitled(self) -> tuple[str, ...]:
        """Every scope that reaches the subject now, whether asked for or not."""
        return tuple(sorted(name for name, state in self.terms.states.items() if state == "active"))


def read_terms(
    *,
    tenant_id: UUID,
    subject: Subject,
    client_id: UUID,
    at: datetime,
    consented: bool,
    application_id: UUID | None = None,
    resource_uri: str | None = None,
) -> Terms | None:
    """Read the terms for an Application named by id or URI, in one statement.

    None: the tenant has no such Application. That it limits the client to others is a ``standing``.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            TERMS,
            {
                "tenant": tenant_id,
                "kind": subject.kind,
                "subject": subject.id,
                "client": client_id,
                "consented": consented,
                "at": at,
                "mfa_at": subject.mfa_at,
                "ip": subject.ip,
                "application": application_id,
                "resource_uri": resource_uri,
            },
        )
        row = cursor.fetchone()
    if row is None:
        return None
    named = dict(zip(COLUMNS, row, strict=True))
    # Django leaves jsonb as text.
    return Terms(**named | {"states": json.loads(named["states"])})


def grantable_scopes(terms: Terms, *, requested: list[str], arriving: bool = False) -> Grantable:
    """Decide what may be granted now.

    ``requested`` is what the client asked for, or what consent gave (refresh). Empty: the Application's default
    scopes, or all of its scopes when none is flagged. ``arriving``: at the authorize page, where an unknown person
    passes if the Application's admission lets them in (Rule 3).
    """
    asked = [name for name in dict.fromkeys(requested) if name not in OPENID_SCOPES]
    sign_in_only = bool(requested) and not asked and terms.application_kind == "web_app"
    wanted = tuple(asked if asked or sign_in_only else terms.defaults or terms.supported)
    refusal = _refusal(terms, arriving=arriving)
    if refusal:
        return Grantable(terms, wanted, explicit=bool(asked), refusal=refusal)
    states = {name: terms.states.get(name, "") for name in wanted}
    supported = set(terms.supported)
    return Grantable(
        terms,
        wanted,
        explicit=bool(asked),
        granted=tuple(n for n, state in states.items() if n in supported and state == "active"),
        waiting=tuple(n for n, state in states.items() if n in supported and state == "pending_step_up"),
        sign_in_only=sign_in_only,
        openid=identity_scopes(requested),
        not_given={
            n: (state or "not_entitled") if n in supported else "unsupported"
            for n, state in states.items()
            if n not in supported or state not in ("active", "pending_step_up")
        },
    )


def identity_scopes(requested: Iterable[str]) -> tuple[str, ...]:
    """Of these scopes those that sign in and say who it is; none without ``openid`` (OpenID Connect Core §3.1.2.1)."""
    asked = set(requested)
    return tuple(name for name in IDENTITY_SCOPES if name in asked) if "openid" in asked else ()


def _refusal(terms: Terms, *, arriving: bool) -> str:
    if terms.standing not in ("", "unknown"):
        return terms.standing
    if not arriving:
        return terms.standing
    if not terms.verified and not terms.member:
        return "unverified"  # an unproved URI gives tokens to its own active members only
    if terms.admission == "members" and not terms.member:
        return "members_only"
    if terms.standing == "unknown" and terms.admission != "anyone":
        return "listed_only"
    return ""


def api_standing(tenant_id: UUID, service_account_id: UUID) -> bool:
    """Whether a service account may hold a token of the management API: not ended, tenant open."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select 1 from authz_serviceaccount s join tenants_tenant t on t.id = s.tenant_id and t.status = 'open'"
            " where s.tenant_id = %s and s.id = %s and s.ended_at is null",
            [tenant_id, service_account_id],
        )
        return cursor.fetchone() is not None


def resources_of_client(client_id: UUID) -> list[str]:
    """The resource URIs that a tenant's own client is limited to; empty: any. Exactly one needs no parameter."""
    with connection.cursor() as cursor:
        cursor.execute("select * from resources_of_client(%s)", [client_id])
        return [row[0] for row in cursor.fetchall()]
