"""A list of users kept in one place; what the group is bound to reaches everybody in it."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import TenantForeignKey
from tenants.models import TenantRow, same_tenant_target


class Group(TenantRow):
    """A named list of users."""

    name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True)
    external_id = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.UUIDField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            same_tenant_target("authz_group"),
            models.UniqueConstraint(
                fields=["tenant", "name"],
                condition=models.Q(ended_at__isnull=True),
                name="authz_group_name_uniq",
            ),
        ]
        indexes = [
            models.Index(
                "tenant", models.F("created_at").desc(), models.F("id").desc(), name="authz_group_created_idx"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class GroupMember(TenantRow):
    """One user in one group, from when to when, and by which hand."""

    class Source(models.TextChoices):
        MANUAL = "manual", "by hand"
        SCIM = "scim", "SCIM"
        OIDC = "oidc", "OIDC"
        API = "api", "API"

    group = TenantForeignKey(Group, related_name="group_members")
    user = TenantForeignKey("tenants.TenantUser", related_name="group_memberships")
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.MANUAL)
    added_at = models.DateTimeField(default=timezone.now)
    added_by = models.UUIDField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "group", "user"],
                condition=models.Q(ended_at__isnull=True),
                name="authz_groupmember_uniq",
            )
        ]
        # Full, not partial on ended_at: questions about a past moment use the same index.
        indexes = [
            models.Index(fields=["tenant", "user", "group"], name="authz_groupmember_user_idx"),
            models.Index(fields=["tenant", "group", "user"], name="authz_groupmember_group_idx"),
            # The page of a group with ten thousand people in it, the latest first.
            models.Index(
                "tenant",
                "group",
                models.F("added_at").desc(),
                models.F("id").desc(),
                name="authz_groupmember_added_idx",
            ),
            models.Index(
                fields=["ended_at"],
                condition=models.Q(ended_at__isnull=False),
                name="authz_groupmember_closed_idx",
            ),
        ]
