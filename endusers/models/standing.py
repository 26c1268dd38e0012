"""How the standing of a person changed: the history that a past moment is read from."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import TenantForeignKey, uuid7
from authsec.database.scope import ScopedManager


class StandingChange(models.Model):
    """One change of a person's status in a tenant, as member or as end user, or of a member's type.

    A past moment is answered by the first change after it: by what it changed ``from`` (an empty status: nothing was
    there), and where none came by what stands now. So the changes of one person and capacity stand in the order in
    which they were made (``endusers.standing``).
    """

    class Capacity(models.TextChoices):
        MEMBER = "member", "Member"
        END_USER = "end_user", "End user"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(
        "tenants.Tenant", models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    user = TenantForeignKey("tenants.TenantUser")
    capacity = models.CharField(max_length=10, choices=Capacity.choices)
    from_status = models.CharField(max_length=10, blank=True)
    to_status = models.CharField(max_length=10)
    from_type = models.CharField(max_length=20, blank=True)
    to_type = models.CharField(max_length=20, blank=True)
    at = models.DateTimeField(default=timezone.now)
    by = models.UUIDField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    objects = ScopedManager()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "user", "at"], name="endusers_standing_idx"),
            models.Index(fields=["at"], name="endusers_standing_at_idx"),
            # Every end user who was ever suspended: few, and the list's way to those who are (``EndUser`` has no index
            # of its status).
            models.Index(
                fields=["tenant", "user"],
                condition=models.Q(capacity="end_user", to_status="suspended"),
                name="endusers_suspensions_idx",
            ),
        ]
