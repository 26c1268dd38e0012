"""A named set of scopes and of power in the console."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import TenantForeignKey
from tenants.models import TenantRow, same_tenant_target


class Role(TenantRow):
    """What a binding gives. System roles (with a ``system_key``) are read-only and stand in every tenant; what they
    give is their table's (``authz.system_roles``), not rows.
    """

    name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True)
    system_key = models.SlugField(
        max_length=40, blank=True, help_text="tenant-owner, tenant-admin, …; empty for own"
    )
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.UUIDField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            same_tenant_target("authz_role"),
            models.UniqueConstraint(
                fields=["tenant", "name"],
                condition=models.Q(ended_at__isnull=True),
                name="authz_role_name_uniq",
            ),
            models.UniqueConstraint(
                fields=["tenant", "system_key"],
                condition=~models.Q(system_key=""),
                name="authz_role_system_key_uniq",
            ),
        ]
        indexes = [
            models.Index(
                "tenant", models.F("created_at").desc(), models.F("id").desc(), name="authz_role_created_idx"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RoleScope(TenantRow):
    """One thing that a role gives, by name: a scope, a console permission such as ``audit:read``, or what the policies
    give to a tenant group such as ``admins``.

    A scope's name counts on the binding's Application or, for a tenant-wide binding, on every Application of the
    tenant that has it.
    """

    class Kind(models.TextChoices):
        SCOPE = "scope", "Scope"
        CONSOLE = "console", "Console permission"
        TENANT_GROUP = "group", "Tenant group"

    role = TenantForeignKey(Role, related_name="role_scopes")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.SCOPE)
    name = models.CharField(max_length=128)
    added_at = models.DateTimeField(default=timezone.now)
    added_by = models.UUIDField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "role", "kind", "name"],
                condition=models.Q(ended_at__isnull=True),
                name="authz_rolescope_name_uniq",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "role", "kind", "name"], name="authz_rolescope_role_idx"),
            models.Index(
                fields=["ended_at"],
                condition=models.Q(ended_at__isnull=False),
                name="authz_rolescope_closed_idx",
            ),
        ]

    def __str__(self) -> str:
        return self.name
