"""The user row of an identity in a tenant, and the profile that goes with it."""

from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection

from tenants.models import Identity, Profile, TenantUser


def ensure_user(*, tenant_id: UUID, identity: Identity, now: datetime) -> TenantUser:
    """The identity's user row in this tenant, made when missing, with its profile brought up to date.

    Safe against a second caller: the loser of the race finds the winner's row. Raises PermissionDenied for an identity
    that is deleted; one that is there is not deleted before the transaction ends, and then from this tenant, too.
    """
    _hold(identity)
    rows = TenantUser.objects.filter(tenant_id=tenant_id, identity=identity)
    user = rows.first()
    if user is None:
        TenantUser.objects.bulk_create(
            [TenantUser(tenant_id=tenant_id, identity=identity)], ignore_conflicts=True
        )
        user = rows.get()
    Profile.objects.bulk_create(
        [
            Profile(
                tenant_id=tenant_id,
                user=user,
                email=identity.email,
                display_name=identity.name,
                updated_at=now,
            )
        ],
        update_conflicts=True,
        unique_fields=["tenant", "user"],
        update_fields=["email", "display_name", "updated_at"],
    )
    return user


def _hold(identity: Identity) -> None:
    """Many may hold it at once; who deletes it waits, and sees the tenants that got to know it meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select from tenants_identity where id = %s and is_active for key share", [identity.pk]
        )
        if cursor.rowcount == 0:
            raise PermissionDenied("This account is closed.")
