"""Deleting an identity: the person goes, each tenant keeps a row that says no more than that somebody was there.

Everything happens in one transaction. Whoever signs up with the same address afterwards is a new person, with nothing
of the old one.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from authsec.audit import installation
from authsec.audit.actor import Actor
from authsec.audit.operations import record
from authsec.database.context import tenant_context
from authsec.sessions import IDENTITY_DELETED, end_sessions
from authz.receivers import take_everything
from oauth import connections, tokens
from oauth.account import connections as own_connections
from oauth.account import exports as data_exports
from tenants import operations as tenants
from tenants import trusted_browsers
from tenants.models import NO_ADDRESS, Identity, IdentityLink, Invitation, Profile

TRIES = 3  # when the person joins something at the very moment


class StillNeeded(Exception):
    """Somebody depends on this person; the text says where, in one sentence."""


class _Grew(Exception):
    """The person joined a tenant between the first look and the lock."""


@dataclass(frozen=True)
class Place:
    """One tenant that knows the person, and what of theirs is there. ``other_…`` count other people, to a thousand."""

    tenant_id: UUID
    slug: str
    name: str
    tenant_status: str
    user_id: UUID
    type: str | None
    status: str | None
    end_user_status: str | None
    other_members: int
    other_owners: int
    other_end_users: int
    connections: int
    tokens: int

    @property
    def fate(self) -> str:
        """What deleting does here. ``blocks``: it is refused until the tenant is handed over or closed. ``closes``:
        the tenant closes with its only person. ``stays``: the row of a closed tenant's last owner, or of a suspended
        member. ``leaves``: the team. ``ends``: nothing but an end user's connections.
        """
        if self.status == "suspended":
            return "stays"
        if self.status != "active":
            return "ends"
        if self.type != "owner" or self.other_owners:
            return "leaves"
        if self.tenant_status == "closed":
            return "stays"
        return "blocks" if self.other_members or self.other_end_users else "closes"


def places(identity_id: UUID, *, now: datetime) -> list[Place]:
    """The tenants that know a person, in the order of their ids. One statement."""
    with connection.cursor() as cursor:
        cursor.execute("select * from departure_of(%s, %s)", [identity_id, now])
        return [Place(*row) for row in cursor.fetchall()]


def pseudonym(user_id: UUID) -> str:
    """What a tenant calls somebody who deleted their identity: other tenants know another one."""
    return f"Deleted user {user_id.hex[-6:]}"


def delete_identity(*, identity_id: UUID, actor: Actor, now: datetime, but: UUID | None = None) -> None:
    """Delete the identity of a person who confirmed it. ``but``: the sid of the session that asks, which its view ends.

    Raises StillNeeded while they are the last owner of a tenant that others use (Rule 6), or the installation's last
    administrator. Already deleted: nothing.
    """
    for attempt in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                return _delete(identity_id, actor, now, but)
        except _Grew:
            if attempt == TRIES:
                raise StillNeeded("You joined something at this very moment. Look again.") from None


def _delete(identity_id: UUID, actor: Actor, now: datetime, but: UUID | None) -> None:
    """Tenants' rows first, in one order, then the identity's: who consents or joins locks them in that order too."""
    known = places(identity_id, now=now)
    for place in known:
        with tenant_context(place.tenant_id, savepoint=False):
            tenants.take_turns(place.tenant_id)
    identity = Identity.objects.select_for_update().get(pk=identity_id)
    if not identity.is_active:
        return
    now_known = places(identity_id, now=now)
    if [place.tenant_id for place in now_known] != [place.tenant_id for place in known]:
        raise _Grew
    _refuse(identity, now_known)
    for place in now_known:
        with tenant_context(place.tenant_id, savepoint=False):
            _leave(place, identity, actor, now)
    own_connections.revoke_api(identity_id=identity_id, client_id=None, actor=actor, now=now)
    end_sessions(identity_id=identity_id, but=but, reason=IDENTITY_DELETED, now=now)
    _empty(identity)
    # Who was here is forgotten; that somebody went is not, whether or not a tenant knew them.
    installation.forget(identity_id)
    installation.note(
        action="identity.deleted", identity_id=identity_id, actor=replace(actor, ip=None), now=now
    )


def _refuse(identity: Identity, known: list[Place]) -> None:
    blocking = [place.name for place in known if place.fate == "blocks"]
    if blocking:
        raise StillNeeded(f"You are the last owner of {', '.join(blocking)}. Hand it over or close it first.")
    if not identity.is_installation_admin:
        return
    with connection.cursor() as cursor:  # else of two who go at once each would see the other one there
        cursor.execute("select pg_advisory_xact_lock(hashtext('authsec administrators'))")
    others = Identity.objects.filter(is_installation_admin=True, is_active=True).exclude(pk=identity.pk)
    if not others.exists():
        raise StillNeeded("You are the only administrator of this installation. Name another one first.")


def _leave(place: Place, identity: Identity, actor: Actor, now: datetime) -> None:
    """One tenant: a pseudonym first, so that what is written down of the rest says no name."""
    name = pseudonym(place.user_id)
    address = f"{place.user_id.hex}@{NO_ADDRESS}"
    Profile.objects.filter(tenant_id=place.tenant_id, user_id=place.user_id).update(
        email=address, display_name=name, updated_at=now
    )
    invitations = Invitation.objects.filter(tenant_id=place.tenant_id)
    invitations.filter(accepted_by=place.user_id).update(email=address)
    invitations.filter(sent_by=place.user_id).update(sent_by_name=name)
    own = own_connections.as_end_user(actor, place.user_id, name)
    told: dict[str, Any] = {"tenant_id": place.tenant_id, "now": now}
    if place.fate == "leaves":
        member = Actor("member", place.user_id, name, place.type or "", own.ip, own.via, own.request_id)
        try:
            tenants.leave_tenant(**told, user_id=place.user_id, actor=member)
        except tenants.LastOwner as error:
            raise StillNeeded(
                f"Nobody else at {place.name} can do what an owner does. Hand it over first."
            ) from error
    elif place.fate == "closes":
        tenants.close_tenant(**told, actor=own, reason="Its only person deleted their identity.")
    connections.withdraw_all(tenant_id=place.tenant_id, user_id=place.user_id, actor=own, now=now)
    tokens.revoke_held(tokens.held_by(tenant_id=place.tenant_id, subject=place.user_id), now=now)
    if place.fate == "ends":
        take_everything(place.tenant_id, place.user_id, own.consequence(), now)
    record(
        **told,
        actor=own,
        action="identity.deleted",
        target_kind="end_user" if place.end_user_status else "member",
        target_id=place.user_id,
        target_name=name,
        after={"membership": place.fate if place.status else None},
    )


def _empty(identity: Identity) -> None:
    """The row stays, because tenants' rows refer to it; nothing in it says whose it was."""
    IdentityLink.objects.filter(identity=identity).delete()
    EmailAddress.objects.filter(user=identity).delete()
    Authenticator.objects.filter(user=identity).delete()
    trusted_browsers.forget(identity_id=identity.pk)
    data_exports.delete_of(identity.pk)
    identity.email = f"{identity.pk.hex}@{NO_ADDRESS}"
    identity.name = ""
    identity.password = make_password(None)
    identity.password_changed_at = identity.last_login = None
    identity.is_active = identity.is_installation_admin = False
    identity.save()
