"""Identity × tenant for an operator: a type, which is a label, and a status."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import TenantForeignKey
from tenants.models.base import TenantRow, same_tenant_target


class MemberType(models.TextChoices):
    """Lifecycle labels. What a member may do comes from role bindings, never from the type."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    MEMBER = "member", "Member"
    CONTRACTOR = "contractor", "Contractor"
    SERVICE_OPERATOR = "service_operator", "Service operator"
    READONLY_AUDITOR = "readonly_auditor", "Read-only auditor"


class Membership(TenantRow):
    """One operator's place in a tenant's Team."""

    class Status(models.TextChoices):
        INVITED = "invited", "Invited"
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"
        LEFT = "left", "Left"

    class Source(models.TextChoices):
        SIGNUP = "signup", "signed up"
        INVITE = "invite", "invited"
        SCIM = "scim", "SCIM"
        OIDC_JIT = "oidc_jit", "sign-in with a provider"
        API = "api", "API"

    user = TenantForeignKey("tenants.TenantUser", related_name="memberships")
    type = models.CharField(max_length=20, choices=MemberType.choices, default=MemberType.MEMBER)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.INVITE)
    external_id = models.CharField(max_length=255, blank=True)
    invited_by = models.UUIDField(null=True, blank=True)
    joined_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_by = models.UUIDField(null=True, blank=True)
    suspended_reason = models.CharField(max_length=500, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            same_tenant_target("tenants_membership"),
            models.UniqueConstraint(fields=["tenant", "user"], name="tenants_membership_user_uniq"),
            models.CheckConstraint(
                condition=~models.Q(status="suspended") | models.Q(suspended_at__isnull=False),
                name="tenants_membership_suspended_when",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "status", "type"], name="tenants_membership_status_idx"),
            models.Index(
                "tenant",
                models.F("joined_at").desc(),
                models.F("id").desc(),
                name="tenants_membership_joined_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} ({self.status})"
