"""Everything that is held about one person, as JSON: what docs/your-data.md describes. Written piece by piece.

Runs in ``system_context``, because a person's rows lie behind the walls of many tenants: every query here is keyed by
the identity or by one of its users.id. Left out are secrets, other people, and what a tenant's people wrote *about*
the person for one another: the reasons of a suspension, a tier and a limit. ``tests/oauth/test_own_data.py`` names
every column of the database that refers to a person, and where it stands here or why it does not.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet

from authsec.audit.models import InstallationEvent
from oauth.account import rows as own_rows
from oauth.models import RefreshToken
from tenants.models import Identity, IdentityLink, TenantUser, TrustedBrowser
from tenants.sessions import sessions_of

SHAPE = 1  # grows when a member changes its meaning or goes


def write(out: IO[bytes], *, identity_id: UUID, now: datetime) -> None:
    """Write the whole document. Memory is bounded by own_rows.CHUNK rows, however much there is."""
    identity = Identity.objects.get(pk=identity_id)
    head = {"shape": SHAPE, "made_at": now, "identity": _identity(identity), **_signing_in(identity, now)}
    out.write(_text(head)[:-1].encode())
    api = RefreshToken.objects.filter(tenant=None, subject=identity_id)
    _array(out, "api_tokens", own_rows.chunked(own_rows.tokens(api)))
    _array(out, "activity", own_rows.chunked(_activity(identity_id), along="at"))
    out.write(b', "tenants": [')
    users = TenantUser.objects.filter(identity=identity).select_related("tenant").order_by("tenant_id")
    for place, user in enumerate(users):
        out.write(b", " if place else b"")
        _tenant(out, user)
    out.write(b"]}\n")


def _identity(identity: Identity) -> dict[str, Any]:
    return {
        "id": identity.pk,
        "email": identity.email if identity.has_address else None,
        "name": identity.name,
        "created_at": identity.created_at,
        "last_sign_in_at": identity.last_login,
        "has_password": identity.has_usable_password(),
        "password_changed_at": identity.password_changed_at,
    }


def _signing_in(identity: Identity, now: datetime) -> dict[str, Any]:
    mine = {"identity": identity}
    return {
        "addresses": list(
            EmailAddress.objects.filter(user=identity)
            .values("email", "verified", "primary")
            .order_by("email")
        ),
        "second_factors": list(
            Authenticator.objects.filter(user=identity).values("type", "created_at", "last_used_at")
        ),
        "links": list(
            IdentityLink.objects.filter(**mine).values(
                "issuer", "subject", "email", "email_verified", "name", "created_at", "last_login_at"
            )
        ),
        "trusted_browsers": list(
            TrustedBrowser.objects.filter(**mine).values("agent", "created_at", "last_used_at", "expires_at")
        ),
        "sessions": [
            {
                "browser": session.device.agent,
                "signed_in_at": session.signed_in_at,
                "signed_in_from": session.began_from,
                "last_active_at": session.last_active_at,
                "last_active_from": session.address,
                "methods": session.sign_in.amr,
                "ends_at": session.ends_at,
            }
            for session in sessions_of(identity.pk, present=None, now=now)
        ],
    }


def _activity(identity_id: UUID) -> QuerySet:
    """What was done about signing in, and from where."""
    return InstallationEvent.objects.filter(identity_id=identity_id).values(
        "id", "at", "action", "ip", "agent", "via", "before", "after"
    )


def _tenant(out: IO[bytes], user: TenantUser) -> None:
    """One tenant that knows the person."""
    out.write(_text(own_rows.facts(user))[:-1].encode())
    for name, rows in own_rows.histories(user):
        _array(out, name, rows)
    out.write(b"}")


def _array(out: IO[bytes], name: str, rows: Iterable[dict[str, Any]]) -> None:
    """A member of the object that is open in ``out``."""
    out.write(f', "{name}": ['.encode())
    for place, row in enumerate(rows):
        out.write(f"{', ' if place else ''}{_text(row)}".encode())
    out.write(b"]")


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
