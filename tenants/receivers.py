"""What follows from signing in: profiles in every tenant of the person, and a new key for the session."""

from typing import Any

from allauth.account.signals import authentication_step_completed, email_changed
from django.contrib.auth.signals import user_logged_in
from django.db import connection
from django.dispatch import receiver

from authsec.sessions import SIGNED_IN_AT
from tenants.signals import identity_renamed


@receiver([user_logged_in, email_changed, identity_renamed], dispatch_uid="tenants.refresh_profiles")
def refresh_profiles(sender: Any, user: Any, **_: Any) -> None:
    """Copy the identity's e-mail and name into its profile in every tenant, where they differ. One statement."""
    with connection.cursor() as cursor:
        cursor.execute("select refresh_profiles(%s)", [user.pk])


@receiver(user_logged_in, dispatch_uid="tenants.begin_session")
def begin_session(sender: Any, request: Any, **_: Any) -> None:
    """A new sign-in begins the session's absolute life anew, also where a session of the same person went before."""
    request.session.pop(SIGNED_IN_AT, None)


@receiver(authentication_step_completed, dispatch_uid="tenants.new_session_key")
def new_session_key(sender: Any, request: Any, reauthenticated: bool = False, **_: Any) -> None:
    """A session that has just proved more gets a new key, so that an older copy of its cookie proves nothing."""
    if reauthenticated:
        request.session.cycle_key()
