"""A person's yes to one client for one Application: read, recorded, withdrawn."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from authsec.audit.actor import Actor
from authsec.audit.operations import record as record_event
from endusers import operations as endusers
from oauth import tokens
from oauth.clients.policy import is_listed, rule_for
from oauth.issuance import Grantable
from oauth.models import Client, ClientApproval, ClientPolicy, Consent, RefreshToken
from tenants import operations as tenants
from tenants.models import Identity, Profile
from tenants.plans import END_USERS


class NoSuchConsent(Exception):
    """There is no live consent of this id."""


@dataclass(frozen=True)
class Target:
    """The Application that a resource URI names, its tenant, and who the asking identity is there.

    ``user_id`` None: the tenant never met this person.
    """

    tenant_id: UUID
    application_id: UUID
    application_name: str
    tenant_slug: str
    tenant_name: str
    user_id: UUID | None


def find_target(*, resource_uri: str, identity_id: UUID | None, client: Client) -> Target | None:
    """Look a resource up across tenants; None when it is unknown, or unverified and not this person's tenant's."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from find_resource(%s, %s, %s)", [resource_uri, identity_id, client.tenant_id]
        )
        row = cursor.fetchone()
    return Target(*row) if row else None


def may_be_known_after_sign_in(resource_uri: str) -> bool:
    """Whether an unverified Application, which only its own members may know, has this URI."""
    with connection.cursor() as cursor:
        cursor.execute("select unverified_resource(%s)", [resource_uri])
        return bool(cursor.fetchone()[0])


def allowed_for_api(*, client: Client, identity_id: UUID, now: datetime) -> frozenset[str]:
    """The management API's scopes that a person lets this client have, as its live refresh tokens say.

    The API belongs to no tenant, so no Consent records that yes; revoking the tokens takes it back. Runs inside
    ``system_context``.
    """
    held = RefreshToken.objects.filter(
        application=client,
        user_id=identity_id,
        tenant=None,
        revoked=None,
        expires__gt=now,
        family_expires__gt=now,
    )
    return frozenset(name for scope in held.values_list("scope", flat=True) for name in scope.split())


# --- the tenant's word on the client --------------------------------------------------------------


def approval_of(*, tenant_id: UUID, client: Client, place: str, now: datetime) -> str:
    """What the tenant says of a client: approved, pending or denied.

    A tenant's own client is approved. Without the tenant's word its policy decides: open lets in, review notes the
    client down as pending, allow-list takes the listed hosts only: of a client known by its document the host that
    the document lies at, which was checked; of others the one that the answer goes to.
    """
    if client.tenant_id == tenant_id:
        return ClientApproval.Status.APPROVED
    said = ClientApproval.objects.filter(tenant_id=tenant_id, client=client).first()
    if said is not None and said.status != ClientApproval.Status.PENDING:
        return said.status
    policy = ClientPolicy.objects.filter(tenant_id=tenant_id).first()
    rule = rule_for(client, policy or ClientPolicy(tenant_id=tenant_id))
    if rule == ClientPolicy.Policy.OPEN:
        return ClientApproval.Status.APPROVED
    if policy and rule == ClientPolicy.Policy.ALLOW_LIST:
        listed = is_listed(client.document_host or place, policy.allowed_hosts)
        return ClientApproval.Status.APPROVED if listed else ClientApproval.Status.DENIED
    note_client(tenant_id=tenant_id, client=client, now=now)
    return ClientApproval.Status.PENDING


def note_client(*, tenant_id: UUID, client: Client, now: datetime) -> None:
    """Write down that the tenant met a client: it stands on the Clients page, where it can be denied.

    A row that says pending lets in or not as the tenant's policy says, exactly like no row.
    """
    ClientApproval.objects.bulk_create(
        [ClientApproval(tenant_id=tenant_id, client=client, first_seen_at=now, last_seen_at=now)],
        update_conflicts=True,
        unique_fields=["tenant", "client"],
        update_fields=["last_seen_at"],
    )


# --- consents -------------------------------------------------------------------------------------


def consented_scopes(
    *, tenant_id: UUID, user_id: UUID | None, client_id: UUID, application_id: UUID
) -> frozenset[str] | None:
    """The scopes of the live consent; None when there is none."""
    if user_id is None:
        return None
    found = Consent.objects.filter(
        tenant_id=tenant_id,
        user_id=user_id,
        client_id=client_id,
        application_id=application_id,
        withdrawn_at__isnull=True,
    ).first()
    return frozenset(found.scopes) if found else None


def record(
    *,
    tenant_id: UUID,
    identity: Identity,
    client: Client,
    grantable: Grantable,
    scopes: Iterable[str],
    ip: str | None,
    request_id: str,
    now: datetime,
    remembered: bool = False,
) -> UUID:
    """Write down a yes, and whoever it makes known to the tenant. Returns the person's users.id.

    ``remembered``: the person was not asked now, because they once said yes to all of it. Raises NoSuchConsent where
    that was withdrawn while nobody looked: it must not begin anew without them.

    TenantUser, Profile, EndUser and Consent appear here together, in the transaction that saves the code (Rule 3);
    an active member gets no end-user row. A second consent to the same client and Application grows the first.
    Raises PlanLimit where the plan lets nobody new in; then none of it is written.
    """
    if not (grantable.terms.member or grantable.terms.end_user):
        tenants.wait_for_room(tenant_id=tenant_id, what=END_USERS)
    user = tenants.ensure_user(tenant_id=tenant_id, identity=identity, now=now)
    note_client(tenant_id=tenant_id, client=client, now=now)
    actor = Actor("end_user", user.pk, identity.get_full_name(), ip=ip, via="oauth", request_id=request_id)
    if not grantable.terms.member:
        endusers.ensure(tenant_id=tenant_id, user_id=user.pk, actor=actor, now=now)
    given = list(scopes)
    key = {
        "tenant_id": tenant_id,
        "user_id": user.pk,
        "client": client,
        "application_id": grantable.terms.application_id,
    }
    if not remembered:
        # A rival form of the same person loses the race here and finds the row below.
        Consent.objects.bulk_create(
            [Consent(**key, scopes=given, created_at=now, updated_at=now)], ignore_conflicts=True
        )
    consent = Consent.objects.select_for_update().filter(**key, withdrawn_at__isnull=True).first()
    if consent is None or (remembered and not set(given) <= set(consent.scopes)):
        raise NoSuchConsent
    first = consent.created_at == now
    grown = sorted({*given, *([] if first else consent.scopes)})
    if first or grown != sorted(consent.scopes):
        before, consent.scopes, consent.updated_at = consent.scopes, grown, now
        consent.save(update_fields=["scopes", "updated_at"])
        _record(
            consent,
            "consent.given" if first else "consent.changed",
            _described(client, grantable.terms.application_name),
            actor,
            now,
            name=identity.get_full_name(),
            before=None if first else {"scopes": before},
            after={"scopes": grown},
        )
    return user.pk


def user_of(*, tenant_id: UUID, consent_id: UUID) -> UUID:
    """Whose consent it is, as a users.id. Raises Consent.DoesNotExist."""
    owner: UUID = Consent.objects.values_list("user_id", flat=True).get(tenant_id=tenant_id, pk=consent_id)
    return owner


def withdraw(*, tenant_id: UUID, consent_id: UUID, actor: Actor, now: datetime, reason: str = "") -> Consent:
    """End a consent and kill that client's tokens of that person for that Application, at once.

    Raises NoSuchConsent; one already withdrawn is returned as it is.
    """
    consent = (
        Consent.objects.select_for_update(of=("self",))
        .select_related("client", "application")
        .filter(tenant_id=tenant_id, pk=consent_id)
        .first()
    )
    if consent is None:
        raise NoSuchConsent
    if consent.withdrawn_at is not None:
        return consent
    consent.withdrawn_at, consent.withdrawn_by = now, actor.id
    consent.save(update_fields=["withdrawn_at", "withdrawn_by"])
    held = tokens.held_by(
        tenant_id=tenant_id,
        subject=consent.user_id,
        client_id=consent.client_id,
        application_id=consent.application_id,
    )
    tokens.revoke_held(held, now=now)
    _record(
        consent,
        "consent.withdrawn",
        _described(consent.client, consent.application.name),
        actor,
        now,
        name=_name_of(consent),
        reason=reason,
        before={"scopes": consent.scopes},
    )
    return consent


def _described(client: Client, application: str) -> dict[str, str]:
    described = {"client": client.name or client.client_id, "application": application}
    return described | ({"client_host": host} if (host := client.document_host) else {})


def _name_of(consent: Consent) -> str:
    profile = Profile.objects.filter(tenant_id=consent.tenant_id, user_id=consent.user_id).first()
    return str(profile) if profile else ""


def _record(
    consent: Consent,
    action: str,
    described: dict[str, str],
    actor: Actor,
    now: datetime,
    *,
    name: str,
    reason: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    record_event(
        tenant_id=consent.tenant_id,
        actor=actor,
        action=action,
        target_kind="end_user",
        target_id=consent.user_id,
        target_name=name,
        now=now,
        reason=reason,
        before=None if before is None else described | before,
        after=None if after is None else described | after,
    )
