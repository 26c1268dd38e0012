"""What follows from signing in: profiles in every tenant of the person, and a new key for the session."""

from typing import Any

from allauth.account.signals import authentication_step_completed, email_changed
from django.contrib.auth.signals import user_logged_in
from django.db import connection
from django.dispatch import receiver

from tenants.signals import identity_renamed


@receiver([user_logged_in, email_changed, identity_renamed], dispatch_uid="tenants.refresh_profiles")
def refresh_profiles(sender: Any, user: Any, **_: Any) -> None:
    """Copy the identity's e-mail and name into its profile in every tenant, where they differ. One statement."""
    with connection.cursor() as cursor:
        cursor.execute("select refresh_profiles(%s)", [user.pk])


@receiver(authentication_step_completed, dispatch_uid="tenants.new_session_key")
def new_session_key(sender: Any, request: Any, reauthenticated: bool = False, **_: Any) -> None:
    """A session that has just proved more gets a new key, so that an older copy of its cookie proves nothing."""
    if reauthenticated:
        request.session.cycle_key()
