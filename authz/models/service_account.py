"""A non-human subject, and the users who may operate it."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import TenantForeignKey
from tenants.models import TenantRow, same_tenant_target


class ServiceAccount(TenantRow):
    """A CI job or an agent. Its own OAuth client uses client credentials (RFC 6749 §4.4)."""

    name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.UUIDField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            same_tenant_target("authz_serviceaccount"),
            models.UniqueConstraint(
                fields=["tenant", "name"],
                condition=models.Q(ended_at__isnull=True),
                name="authz_serviceaccount_name_uniq",
            ),
        ]
        indexes = [
            models.Index(
                "tenant",
                models.F("created_at").desc(),
                models.F("id").desc(),
                name="authz_account_created_idx",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ServiceAccountOperator(TenantRow):
    """A user who may operate a service account: its bindings reach them, tagged ``service-account``."""

    service_account = TenantForeignKey(ServiceAccount, related_name="operators")
    user = TenantForeignKey("tenants.TenantUser")
    added_at = models.DateTimeField(default=timezone.now)
    added_by = models.UUIDField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "service_account", "user"],
                condition=models.Q(ended_at__isnull=True),
                name="authz_operator_uniq",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "user", "service_account"], name="authz_operator_user_idx"),
            models.Index(fields=["tenant", "service_account", "user"], name="authz_operator_account_idx"),
            models.Index(
                fields=["ended_at"],
                condition=models.Q(ended_at__isnull=False),
                name="authz_operator_closed_idx",
            ),
        ]
