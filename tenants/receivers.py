"""What follows from signing in (profiles in every tenant of the person, the link of our own issuer, a new key for the
session), from a new password (the end of the other sessions), and from losing one's place in a team (an offer of
ownership on either side is over).
"""

from datetime import datetime
from typing import Any

from allauth.account.signals import (
    authentication_step_completed,
    email_changed,
    password_changed,
    password_reset,
    password_set,
)
from django.contrib.auth.signals import user_logged_in
from django.db import connection
from django.dispatch import receiver
from django.utils import timezone

from authsec.audit.actor import Actor
from authsec.sessions import CREDENTIALS_CHANGED, SIGNED_IN_AT, end_sessions, sid_of
from tenants.models import Membership, MemberType
from tenants.operations.transfer import cancel_pending
from tenants.provisioning import note_local_sign_in
from tenants.sessions import note_device
from tenants.signals import identity_renamed, membership_changed


@receiver([user_logged_in, email_changed, identity_renamed], dispatch_uid="tenants.refresh_profiles")
def refresh_profiles(sender: Any, user: Any, **_: Any) -> None:
    """Copy the identity's e-mail and name into its profile in every tenant, where they differ. One statement."""
    with connection.cursor() as cursor:
        cursor.execute("select refresh_profiles(%s)", [user.pk])


@receiver([user_logged_in, email_changed, identity_renamed], dispatch_uid="tenants.note_own_link")
def note_own_link(sender: Any, user: Any, signal: Any, **_: Any) -> None:
    """Signing in here is the way of our own issuer: made at the first time, with the last time, address and name."""
    note_local_sign_in(identity=user, now=timezone.now(), at_sign_in=signal is user_logged_in)


@receiver(user_logged_in, dispatch_uid="tenants.begin_session")
def begin_session(sender: Any, request: Any, **_: Any) -> None:
    """A new sign-in begins the session's absolute life anew, also where a session of the same person went before."""
    request.session.pop(SIGNED_IN_AT, None)
    note_device(request)


@receiver([password_changed, password_set, password_reset], dispatch_uid="tenants.end_other_sessions")
def end_other_sessions(sender: Any, request: Any, user: Any, **_: Any) -> None:
    """A new password ends every other session at once, not at its next request: nothing dead is listed as alive."""
    end_sessions(
        identity_id=user.pk, but=sid_of(request.session), reason=CREDENTIALS_CHANGED, now=timezone.now()
    )


@receiver(authentication_step_completed, dispatch_uid="tenants.new_session_key")
def new_session_key(sender: Any, request: Any, reauthenticated: bool = False, **_: Any) -> None:
    """A session that has just proved more gets a new key, so that an older copy of its cookie proves nothing."""
    if reauthenticated:
        request.session.cycle_key()


@receiver(membership_changed, dispatch_uid="tenants.end_offers")
def end_offers(
    sender: Any, membership: Membership, before: dict[str, str] | None, actor: Actor, now: datetime, **_: Any
) -> None:
    """Whoever is no active member any more can neither hand the tenant over nor take it; offering takes an owner."""
    active = membership.status == Membership.Status.ACTIVE
    if before is None or (active and membership.type == MemberType.OWNER):
        return
    end: dict[str, Any] = {"tenant_id": membership.tenant_id, "actor": actor, "now": now}
    reason = "One of the two has no such place in the team any more."
    cancel_pending(**end, reason=reason, from_user_id=membership.user_id)
    if not active:
        cancel_pending(**end, reason=reason, to_user_id=membership.user_id)
