"""What the tenants hear of sign-in: a person's name and address as every tenant of theirs sees it."""

from typing import Any

from allauth.account.signals import email_changed
from django.contrib.auth.signals import user_logged_in
from django.db import connection
from django.dispatch import receiver

from tenants.signals import identity_renamed


@receiver([user_logged_in, email_changed, identity_renamed], dispatch_uid="tenants.refresh_profiles")
def refresh_profiles(sender: Any, user: Any, **_: Any) -> None:
    """Copy the identity's e-mail and name into its profile in every tenant, where they differ. One statement."""
    with connection.cursor() as cursor:
        cursor.execute("select refresh_profiles(%s)", [user.pk])
