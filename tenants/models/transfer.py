"""Handing a tenant over: offered by an owner, accepted by another active member."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import TenantForeignKey
from tenants.models.base import TenantRow


class OwnershipTransfer(TenantRow):
    """One offer. Both sides are signed-in members who proved it again, so there is no link and no secret."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        CANCELLED = "cancelled", "Cancelled"
        EXPIRED = "expired", "Expired"

    from_user = TenantForeignKey("tenants.TenantUser")
    to_user = TenantForeignKey("tenants.TenantUser")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"],
                condition=models.Q(status="pending"),
                name="tenants_ownershiptransfer_one_pending",
            ),
            models.CheckConstraint(
                condition=~models.Q(from_user=models.F("to_user")),
                name="tenants_ownershiptransfer_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_user_id} → {self.to_user_id} ({self.status})"
