"""A member-to-be: an address, a type, and the digest of a link that works once.

The row is the pending state itself: a membership appears when it is accepted, never before (docs/decisions.md).
"""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tenants.models.base import TenantRow, same_tenant_target
from tenants.models.membership import MemberType


class Invitation(TenantRow):
    """An invitation by e-mail. Only the SHA-256 of its token is kept.

    ``created_by`` made it; ``sent_by`` (a users.id, or a service account's by ``sent_by_kind``) sent the present link
    and answers for what it gives. ``sent_at`` stays empty until a mail server took the message.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        EXPIRED = "expired", "Expired"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        REVOKED = "revoked", "Revoked"

    email = models.EmailField(max_length=254)
    type = models.CharField(max_length=20, choices=MemberType.choices, default=MemberType.MEMBER)
    token_digest = models.CharField(max_length=64, unique=True)
    message = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.UUIDField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_by = models.UUIDField(null=True, blank=True)
    sent_by_kind = models.CharField(max_length=20, blank=True)
    sent_by_name = models.CharField(max_length=255, blank=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.UUIDField(null=True, blank=True)
    declined_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            same_tenant_target("tenants_invitation"),
            models.UniqueConstraint(
                fields=["tenant", "email"],
                condition=Q(accepted_at=None, declined_at=None, revoked_at=None),
                name="tenants_invitation_open_uniq",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "email"], name="tenants_invitation_email_idx"),
            models.Index(
                "tenant",
                models.F("created_at").desc(),
                models.F("id").desc(),
                name="tenants_invitation_at_idx",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    def state(self, now: datetime) -> "Invitation.State":
        """Where the invitation stands at ``now``."""
        if self.accepted_at:
            return self.State.ACCEPTED
        if self.revoked_at:
            return self.State.REVOKED
        if self.declined_at:
            return self.State.DECLINED
        return self.State.EXPIRED if self.expires_at <= now else self.State.PENDING
