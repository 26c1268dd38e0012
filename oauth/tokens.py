"""Access and refresh tokens as rows: written in one statement with their decision, revoked by family or holder.

Reuse detection and revocation delete access tokens: introspection finds nothing then, and what must outlive a token
stands by value in its Decision.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet

from authsec.database.fields import uuid7
from authsec.secrets import digest
from oauth.issuance import Grantable
from oauth.models import AccessToken, DeviceGrant, Grant, RefreshToken

ACCESS = """
access as (
  insert into oauth_accesstoken (
    id, tenant_id, audience_id, subject, subject_kind, acr, amr, auth_time, mfa_at, auth_ip, requested, openid,
    user_id, application_id, token, token_checksum, expires, scope, resource, created, updated, token_family,
    source_token_id, act)
  values (
    %(id)s, %(tenant)s, %(audience)s, %(subject)s, %(kind)s, %(acr)s, %(amr)s, %(auth_time)s, %(mfa_at)s, %(auth_ip)s,
    %(requested)s, %(openid)s, %(identity)s, %(client)s, '', %(access_digest)s, %(expires)s, %(scope)s,
    %(resource)s::jsonb, %(now)s, %(now)s, %(family)s, %(source)s, %(act)s::jsonb))
"""
REFRESH = """
refresh as (
  insert into oauth_refreshtoken (
    id, tenant_id, audience_id, subject, subject_kind, acr, amr, auth_time, mfa_at, auth_ip, requested, openid,
    user_id, application_id, token, token_checksum, token_family, resource, created, updated, scope, expires,
    family_expires, sid)
  values (
    %(refresh_id)s, %(tenant)s, %(audience)s, %(subject)s, %(kind)s, %(acr)s, %(amr)s, %(auth_time)s, %(mfa_at)s,
    %(auth_ip)s, %(requested)s, %(allowed_openid)s, %(identity)s, %(client)s, '', %(refresh_digest)s, %(family)s,
    %(resource)s::jsonb, %(now)s, %(now)s, %(consented)s, %(refresh_expires)s, %(family_expires)s,
    %(sid)s))
"""
CONSUME = "consumed as (update oauth_grant set consumed_at = %(now)s, updated = %(now)s where id = %(code)s)"
CONSUME_DEVICE = "consumed as (update oauth_devicegrant set consumed_at = %(now)s where id = %(device)s)"
ROTATE = (
    "rotated as (update oauth_refreshtoken set revoked = %(now)s, updated = %(now)s where id = %(previous)s)"
)
SLIDE = """
slid as (
  update oauth_refreshtoken set expires = %(refresh_expires)s, updated = %(now)s where id = %(previous)s)
"""
DECISION = """
decision as (
  insert into oauth_decision (
    id, tenant_id, token_id, subject, subject_kind, client_id, client_name, application_id, grant_type, at,
    requested, entitled, supported, granted, pending, act)
  values (
    %(decision)s, %(tenant)s, %(id)s, %(subject)s, %(kind)s, %(client)s, %(client_name)s, %(audience)s, %(grant_type)s,
    %(now)s, %(asked)s, %(entitled)s, %(supported)s, %(granted)s, %(pending)s, %(act)s::jsonb))
"""
# To within five minutes, as endusers.last_seen explains. A row that somebody holds is passed over: a bulk action holds
# thousands for a while.
SEEN = """
seen as (
  update endusers_enduser set last_seen_at = %(now)s where user_id in (
    select user_id from endusers_enduser
     where tenant_id = %(tenant)s and user_id = %(subject)s
       and (last_seen_at is null or last_seen_at < %(now)s::timestamptz - interval '5 minutes')
       for no key update skip locked))
"""
# The consent of which this token is a use. A row that somebody holds, to withdraw it say, is passed over: they may wait
# for the tokens that this statement holds.
USED = """
used as (
  update oauth_consent set last_used_at = %(now)s where id in (
    select id from oauth_consent
     where tenant_id = %(tenant)s and user_id = %(subject)s and client_id = %(client)s
       and application_id = %(audience)s and withdrawn_at is null for no key update skip locked))
"""


# How long ago a request may have looked at its clock and still be at work.
UNDER_WAY = timedelta(minutes=5)


@dataclass(frozen=True)
class Holder:
    """Whom the tokens are for and how that person signed in: copied from the code through every refresh."""

    tenant_id: UUID | None
    audience_id: UUID | None
    subject: UUID
    subject_kind: str
    identity_id: UUID | None
    acr: str = ""
    amr: tuple[str, ...] = ()
    auth_time: datetime | None = None
    mfa_at: datetime | None = None
    auth_ip: str | None = None

    @classmethod
    def of(cls, row: Grant | RefreshToken | AccessToken | DeviceGrant) -> "Holder":
        """The holder of a code or token."""
        return cls(
            row.tenant_id,
            row.audience_id,
            row.subject,
            row.subject_kind,
            row.user_id,
            row.acr,
            tuple(row.amr),
            row.auth_time,
            row.mfa_at,
            row.auth_ip,
        )


@dataclass(frozen=True)
class Acting:
    """A token in other hands (RFC 8693): the one it was made from, the chain of who acts, and its last moment."""

    source_id: UUID
    act: dict[str, Any]
    ends: datetime


@dataclass(frozen=True)
class Family:
    """The refresh tokens that descend from one code. ``scope`` and ``openid`` are what consent gave, ``ends`` their
    last moment, ``sid`` what id_tokens call the session they began in."""

    id: UUID
    scope: str
    ends: datetime
    openid: tuple[str, ...] = ()
    sid: UUID | None = None


def write(
    *,
    holder: Holder,
    client: tuple[UUID, str],
    jti: UUID,
    access_token: str | None,
    refresh_token: str | None,
    scope: str,
    requested: tuple[str, ...],
    resource: str,
    grant_type: str,
    now: datetime,
    decided: Grantable | None,
    openid: tuple[str, ...] = (),
    family: Family | None = None,
    code_id: UUID | None = None,
    device_id: UUID | None = None,
    previous_id: UUID | None = None,
    acting: Acting | None = None,
) -> None:
    """Write what one token response gives, in one statement: tokens, the used code or refresh token, the decision,
    and that client and consent were used.

    ``access_token`` None: a JWT, of which no row is kept. ``refresh_token`` None: none is given; with
    ``previous_id`` the previous one then slides on. ``client``: its key and name.
    """
    parts: list[str] = []
    if access_token:
        parts.append(ACCESS)
    if refresh_token:
        parts.append(REFRESH)
    if code_id:
        parts.append(CONSUME)
    if device_id:
        parts.append(CONSUME_DEVICE)
    if previous_id:
        parts.append(ROTATE if refresh_token else SLIDE)
    if decided is not None:
        parts += [DECISION, SEEN, USED] if holder.subject_kind == "user" else [DECISION]
    ends = family.ends if family else now
    values = {
        **vars(holder),
        "tenant": holder.tenant_id,
        "audience": holder.audience_id,
        "kind": holder.subject_kind,
        "identity": holder.identity_id,
        "amr": list(holder.amr),
        "id": jti,
        "client": client[0],
        "client_name": client[1],
        "access_digest": digest(access_token or ""),
        "refresh_digest": digest(refresh_token or ""),
        "refresh_id": uuid7(),
        "decision": uuid7(),
        "expires": access_end(now, acting),
        "source": acting.source_id if acting else None,
        "act": json.dumps(acting.act) if acting else None,
        "scope": scope,
        "resource": json.dumps([resource]),
        "requested": list(requested),
        "openid": list(openid),
        "allowed_openid": list(family.openid) if family else [],
        "consented": family.scope if family else "",
        "family": family.id if family else None,
        "sid": family.sid if family else None,
        "family_expires": ends,
        "refresh_expires": min(now + timedelta(seconds=settings.REFRESH_TOKEN_SECONDS), ends),
        "code": code_id,
        "device": device_id,
        "previous": previous_id,
        "grant_type": grant_type,
        "now": now,
        "granted": scope.split(),
        "asked": list(requested),
        "entitled": list(decided.entitled) if decided else [],
        "supported": list(decided.terms.supported) if decided else [],
        "pending": decided.terms.pending(requested) if decided else [],
    }
    with connection.cursor() as cursor:
        written = f"with {', '.join(parts)}" if parts else ""
        cursor.execute(f"{written} select note_client_use(%(client)s, %(now)s, %(tenant)s)", values)


def access_end(now: datetime, acting: Acting | None = None) -> datetime:
    """The last moment of an access token made now: never beyond that of the token it was exchanged for."""
    ends = now + timedelta(seconds=settings.ACCESS_TOKEN_SECONDS)
    return min(ends, acting.ends) if acting else ends


def access_seconds(now: datetime, acting: Acting | None = None) -> int:
    """Whole seconds that such a token lives (``expires_in``, RFC 6749 §5.1)."""
    return int((access_end(now, acting) - now).total_seconds())


def revoke_family(family_id: UUID, *, now: datetime) -> int:
    """Kill every token that descends from one code: its access tokens and its refresh tokens. Returns how many."""
    return revoke_held(Q(token_family=family_id), now=now)


def _delete(rows: QuerySet) -> int:
    """One DELETE; no row refers to an access token or a code, so there is nothing to collect first."""
    return int(rows._raw_delete(rows.db))


def held_by(
    *,
    tenant_id: UUID,
    subject: UUID,
    client_id: UUID | None = None,
    application_id: UUID | None = None,
) -> Q:
    """The condition for one person's tokens in a tenant, of one client or Application where given."""
    held = Q(tenant_id=tenant_id, subject=subject)
    if client_id:
        held &= Q(application_id=client_id)
    if application_id:
        held &= Q(audience_id=application_id)
    return held


def revoke_held(held: Q, *, now: datetime) -> int:
    """Kill the tokens that a condition like :func:`held_by` describes, and what would still become some: codes and
    answered devices. Returns how many tokens died, of both kinds.

    What is under way at this moment dies too: each of the three steps waits for the requests that hold its rows, and
    the next one is a statement of its own, which sees what they gave.
    """
    revoke_unfetched(held, now=now)
    refresh = revoke_refresh_tokens(held, now=now)
    return refresh + _delete(AccessToken.objects.filter(held))


def revoke_unfetched(held: Q, *, now: datetime) -> None:
    """End what a person allowed and a client has not fetched yet. A device may wait ten minutes before it polls: a yes
    that was taken back in between must not count when it does.

    By the row and not by its last moment: a request that looked at its clock a moment earlier would still pass.
    """
    open_ = Q(held, consumed_at__isnull=True, expires__gt=now - UNDER_WAY)
    _delete(Grant.objects.filter(open_))
    DeviceGrant.objects.filter(open_, status=DeviceGrant.AUTHORIZED).update(status=DeviceGrant.DENIED)


def revoke_refresh_tokens(held: Q, *, now: datetime) -> int:
    """Kill the refresh tokens that a condition describes. Returns how many.

    A token that is being renewed is still live for whoever looks, and its row is waited for: what it became is found
    by looking again, until nothing is left.
    """
    died, live = 0, RefreshToken.objects.filter(held, revoked__isnull=True)
    while live.exists():
        list(live.order_by("id").select_for_update().values_list("id"))
        died += int(live.update(revoked=now, updated=now))
    return died


def revoke_access_token(token_id: UUID) -> int:
    """Kill one access token alone: what belongs to the same family lives on. Returns whether it was there."""
    return _delete(AccessToken.objects.filter(pk=token_id))
