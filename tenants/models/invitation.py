"""A member-to-be: an address, a type, and the digest of a link that works once."""

from django.db import models
from django.utils import timezone

from tenants.models.base import TenantRow, same_tenant_target
from tenants.models.membership import MemberType


class Invitation(TenantRow):
    """An invitation by e-mail. Only the SHA-256 of its token is kept."""

    email = models.EmailField(max_length=254)
    type = models.CharField(max_length=20, choices=MemberType.choices, default=MemberType.MEMBER)
    token_digest = models.CharField(max_length=64, unique=True)
    message = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.UUIDField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [same_tenant_target("tenants_invitation")]
        indexes = [models.Index(fields=["tenant", "email"], name="tenants_invitation_email_idx")]

    def __str__(self) -> str:
        return self.email
