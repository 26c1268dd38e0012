"""The early end of one token or of all that descend from one yes, and the event that says so."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from authsec.audit.actor import SYSTEM, Actor
from authsec.audit.installation import note
from authsec.audit.operations import record
from oauth import tokens
from oauth.models import AccessToken, Client, Decision, DeviceGrant, Grant, RefreshToken
from tenants.models import Profile


class NoSuchToken(Exception):
    """The person has no such token here."""


def revoke_one(
    *, tenant_id: UUID, user_id: UUID, token_id: UUID, actor: Actor, now: datetime, reason: str = ""
) -> int:
    """Revoke one token of a person, by its id. Returns how many died.

    An access token dies alone, with what was exchanged for it; a refresh token, and a device's yes, with the whole
    session that descends from the same yes (RFC 7009 §2.1). One that is over already is left so: 0, no event. Raises
    NoSuchToken for another's, and for one that nobody remembers. Inside the tenant's context.
    """
    theirs = {"tenant_id": tenant_id, "subject": user_id, "subject_kind": "user"}
    for model in (AccessToken, RefreshToken, DeviceGrant):
        row = model.objects.select_related("application", "audience").filter(**theirs, pk=token_id).first()
        if row is not None:
            break
    else:
        if Decision.objects.filter(tenant_id=tenant_id, subject=user_id, token_id=token_id).exists():
            return 0
        raise NoSuchToken
    alone = isinstance(row, AccessToken)
    if alone:
        died = tokens.revoke_access_token(token_id)
    else:
        waited = isinstance(row, DeviceGrant) and row.awaits_its_poll(now)
        family = Q(tenant_id=tenant_id, subject=user_id, token_family=row.token_family)
        died = tokens.revoke_held(family, now=now) or int(waited)
    if died:
        what = {
            "application": row.audience.name if row.audience else "",
            "scopes": row.scope.split(),
            "token": str(token_id),
            "tokens": died,
        }
        action = "token.revoked" if alone else "token.session_ended"
        _note(action, tenant_id, user_id, row.application, actor, now, what, reason)
    return died


def end_replayed(
    row: Grant | RefreshToken, *, client: Client, what: str, ip: str | None, now: datetime
) -> None:
    """End the tokens of a code or refresh token that came back (RFC 6749 §4.1.2, RFC 9700 §4.14.2).

    ``what``: code or refresh token. Who sent it is not known: the client, or whoever stole it. Coming back again
    changes nothing and is not written down again.
    """
    died = tokens.revoke_family(row.token_family, now=now)
    if died:
        actor = Actor(SYSTEM.kind, None, SYSTEM.name, ip=ip, via="oauth")
        _note(
            "tokens.replayed", row.tenant_id, row.subject, client, actor, now, {"tokens": died, "what": what}
        )


def give_back(family: UUID, *, tenant_id: UUID | None, client: Client, ip: str | None, now: datetime) -> None:
    """End the tokens that a client does not want any more (RFC 7009 §2.1)."""
    subject = (
        RefreshToken.objects.filter(token_family=family).values_list("subject", flat=True).first()
        or AccessToken.objects.filter(token_family=family).values_list("subject", flat=True).first()
    )
    died = tokens.revoke_family(family, now=now)
    if died and subject:
        actor = Actor("client", client.pk, client.known_as or client.client_id, ip=ip, via="oauth")
        _note("tokens.returned", tenant_id, subject, client, actor, now, {"tokens": died})


def _note(
    action: str,
    tenant_id: UUID | None,
    subject: UUID,
    client: Client,
    actor: Actor,
    now: datetime,
    after: dict[str, object],
    reason: str = "",
) -> None:
    """In the tenant's log; tokens of the management API belong to no tenant, but to their person, if it is one."""
    facts = {"client": client.known_as or client.client_id, **after}
    if tenant_id is None:
        if client.service_account_id is None:
            note(action=action, identity_id=subject, actor=actor, now=now, after=facts)
        return
    profile = Profile.objects.filter(tenant_id=tenant_id, user_id=subject).first()
    record(
        tenant_id=tenant_id,
        actor=actor,
        action=action,
        target_kind="end_user",
        target_id=subject,
        target_name=str(profile or subject),
        now=now,
        reason=reason,
        after=facts,
    )
