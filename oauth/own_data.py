"""Everything that is held about one person, as JSON: what docs/your-data.md describes. Written piece by piece.

Runs in ``system_context``, because a person's rows lie behind the walls of many tenants: every query here is keyed by
the identity or by one of its users.id. Left out are secrets, and what a tenant's people wrote *about* the person for
one another: the reasons of an end user's suspension, tier and limit, and events in which somebody else acted.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, QuerySet
from django.db.models.fields.tuple_lookups import TupleGreaterThan

from authsec.audit.models import Event
from authz.models import Binding, GroupMember, ServiceAccountOperator
from endusers.models import EndUser, EndUserTier
from oauth.models import AccessToken, Consent, RefreshToken
from tenants.models import Identity, IdentityLink, Membership, Profile, TenantUser, TrustedBrowser
from tenants.sessions import sessions_of

SHAPE = 1  # grows when a member changes its meaning or goes
CHUNK = 500  # rows in memory at one time


def write(out: IO[bytes], *, identity_id: UUID, now: datetime) -> None:
    """Write the whole document. Memory is bounded by CHUNK rows, however much there is."""
    identity = Identity.objects.get(pk=identity_id)
    head = {"shape": SHAPE, "made_at": now, "identity": _identity(identity), **_signing_in(identity, now)}
    out.write(_text(head)[:-1].encode())
    _array(out, "api_tokens", _rows(_tokens(RefreshToken.objects.filter(tenant=None, subject=identity_id))))
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


def _tenant(out: IO[bytes], user: TenantUser) -> None:
    mine = {"tenant_id": user.tenant_id, "user_id": user.pk}
    subject = {"tenant_id": user.tenant_id, "subject": user.pk, "subject_kind": "user"}
    head = {
        "tenant": {"id": user.tenant_id, "slug": user.tenant.slug, "name": user.tenant.name},
        "user_id": user.pk,
        "profile": Profile.objects.filter(**mine).values("email", "display_name", "updated_at").first(),
        "membership": Membership.objects.filter(**mine)
        .values("type", "status", "source", "joined_at", "last_seen_at", "suspended_at", "left_at")
        .first(),
        "end_user": EndUser.objects.filter(**mine)
        .values(
            "status",
            "created_at",
            "first_consent_at",
            "last_seen_at",
            "suspended_at",
            plan_tier_key=F("plan_tier__key"),
        )
        .first(),
        "plan_tiers": list(
            EndUserTier.objects.filter(**mine)
            .values("from_at", "to_at", plan_tier_key=F("plan_tier__key"))
            .order_by("from_at")
        ),
        "groups": list(
            GroupMember.objects.filter(**mine).values("added_at", "ended_at", name=F("group__name"))
        ),
        "roles": list(
            Binding.objects.filter(**mine).values(
                "created_at",
                "expires_at",
                "ended_at",
                name=F("role__name"),
                application_name=F("application__name"),
            )
        ),
        "service_accounts": list(
            ServiceAccountOperator.objects.filter(**mine).values(
                "added_at", "ended_at", name=F("service_account__name")
            )
        ),
    }
    out.write(_text(head)[:-1].encode())
    _array(out, "connections", _rows(_consents(mine)))
    _array(out, "access_tokens", _rows(_tokens(AccessToken.objects.filter(**subject))))
    _array(out, "refresh_tokens", _rows(_tokens(RefreshToken.objects.filter(**subject))))
    _array(out, "events", _events(user))
    out.write(b"}")


def _consents(mine: dict[str, UUID]) -> QuerySet:
    return Consent.objects.filter(**mine).values(
        "id",
        "scopes",
        "created_at",
        "last_used_at",
        "withdrawn_at",
        client_name=F("client__name"),
        application_name=F("application__name"),
    )


def _tokens(tokens: QuerySet) -> QuerySet:
    """What is kept of tokens beside their digests."""
    return tokens.values(
        "id",
        "scope",
        "created",
        "expires",
        "auth_time",
        "auth_ip",
        "amr",
        client_name=F("application__name"),
        application_name=F("audience__name"),
    )


def _rows(rows: QuerySet) -> Iterator[dict[str, Any]]:
    """All rows of a query of dictionaries, by their id, CHUNK at a time; the id itself is not told."""
    last = None
    while True:
        found = list((rows.filter(id__gt=last) if last else rows).order_by("id")[:CHUNK])
        for row in found:
            last = row.pop("id")
            yield row
        if len(found) < CHUNK:
            return


def _events(user: TenantUser) -> Iterator[dict[str, Any]]:
    """What the person did in this tenant, the oldest first."""
    own = Event.objects.filter(tenant_id=user.tenant_id, actor_id=user.pk).order_by("at", "id")
    place = None
    while True:
        rows = own.filter(TupleGreaterThan((F("at"), F("id")), place)) if place else own
        found: list[Any] = list(
            rows.values("id", "at", "action", "target_kind", "target_name", "ip", "via")[:CHUNK]
        )
        for row in found:
            place = (row["at"], row.pop("id"))
            yield row
        if len(found) < CHUNK:
            return


def _array(out: IO[bytes], name: str, rows: Iterable[dict[str, Any]]) -> None:
    """A member of the object that is open in ``out``."""
    out.write(f', "{name}": ['.encode())
    for place, row in enumerate(rows):
        out.write(f"{', ' if place else ''}{_text(row)}".encode())
    out.write(b"]")


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
