"""What one tenant holds about one person, for their own copy (:mod:`oauth.account.data`). In ``system_context``."""

from collections.abc import Iterable, Iterator
from typing import Any, cast
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.fields.tuple_lookups import TupleGreaterThan

from authsec.audit.models import Event
from authz.models import Binding, GroupMember, ServiceAccountOperator
from endusers.models import EndUser, EndUserTier, SavedView, StandingChange
from oauth.models import AccessToken, ClientSession, Consent, Decision, DeviceGrant, RefreshToken
from tenants.models import Membership, Profile, TenantUser

CHUNK = 500  # rows in memory at one time


def facts(user: TenantUser) -> dict[str, Any]:
    """What there is once, or a few times."""
    mine = {"tenant_id": user.tenant_id, "user_id": user.pk}
    return {
        "tenant": {"id": user.tenant_id, "slug": user.tenant.slug, "name": user.tenant.name},
        "user_id": user.pk,
        "profile": Profile.objects.filter(**mine).values("email", "display_name", "updated_at").first(),
        "membership": Membership.objects.filter(**mine)
        .values("type", "status", "source", "joined_at", "last_seen_at", "suspended_at", "left_at")
        .first(),
        "end_user": _end_user(mine),
        "standing": list(
            StandingChange.objects.filter(**mine)
            .values("at", "capacity", "from_status", "to_status", "from_type", "to_type")
            .order_by("at", "id")
        ),
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
        "saved_views": list(SavedView.objects.filter(**mine).values("name", "query", "created_at")),
    }


def _end_user(mine: dict[str, UUID]) -> dict[str, Any] | None:
    found = EndUser.objects.filter(**mine).values(
        "status",
        "created_at",
        "first_consent_at",
        "last_seen_at",
        "suspended_at",
        "rate_limit_override",
        plan_tier_key=F("plan_tier__key"),
    )
    row: Any = found.first()
    if row and row["rate_limit_override"]:
        row["rate_limit_override"].pop("reason", None)  # written for one another
    return cast("dict[str, Any] | None", row)


def histories(user: TenantUser) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    """What grows with time, each by its name, CHUNK rows at a time."""
    mine = {"tenant_id": user.tenant_id, "user_id": user.pk}
    subject = {"tenant_id": user.tenant_id, "subject": user.pk, "subject_kind": "user"}
    yield "connections", chunked(_consents(mine))
    yield "sign_ins", chunked(_sign_ins(mine))
    yield "access_tokens", chunked(tokens(AccessToken.objects.filter(**subject)))
    yield "refresh_tokens", chunked(tokens(RefreshToken.objects.filter(**subject)))
    yield "devices", chunked(_devices(subject))
    yield "decisions", chunked(_decisions(subject), along="at")
    own = Q(actor_id=user.pk)
    events = Event.objects.filter(tenant_id=user.tenant_id)
    done = events.filter(own).values("id", "at", "action", "target_kind", "target_name", "ip", "via")
    yield "events", chunked(done, along="at")
    # What somebody else did to them: that it was done, not who did it and why.
    theirs = events.filter(Q(target_id=user.pk) | Q(about_id=user.pk)).exclude(own)
    yield "events_about", chunked(theirs.values("id", "at", "action"), along="at")


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


def _sign_ins(mine: dict[str, UUID]) -> QuerySet:
    """At which clients a session here signed them in."""
    return ClientSession.objects.filter(**mine).values("id", "created_at", client_name=F("client__name"))


def _devices(subject: dict[str, Any]) -> QuerySet:
    """Devices that were let in and have not fetched their token yet, or did so a moment ago."""
    return DeviceGrant.objects.filter(**subject).values(
        "id",
        "created",
        "expires",
        "status",
        "scope",
        "auth_ip",
        "asked_ip",
        client_name=F("application__name"),
    )


def _decisions(subject: dict[str, Any]) -> QuerySet:
    """Why each token got its scopes."""
    return Decision.objects.filter(**subject).values(
        "id",
        "at",
        "client_name",
        "application_id",
        "grant_type",
        "requested",
        "granted",
        "pending",
        "first_used_at",
        "last_used_at",
    )


def tokens(held: QuerySet) -> QuerySet:
    """What is kept of tokens beside their digests."""
    return held.values(
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


def chunked(rows: QuerySet, *, along: str = "id") -> Iterator[dict[str, Any]]:
    """All rows of a query of dictionaries, CHUNK at a time ``along`` the column of an index; their id is not told."""
    order, place = (along, "id") if along != "id" else ("id",), None
    while True:
        rest = rows if place is None else rows.filter(TupleGreaterThan(tuple(map(F, order)), place))
        found = list(rest.order_by(*order)[:CHUNK])
        for row in found:
            place = tuple(row[name] for name in order)
            del row["id"]
            yield row
        if len(found) < CHUNK:
            return
