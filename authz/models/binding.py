"""One role for one subject, on one Application or tenant-wide, under conditions."""

from datetime import timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from authsec.database.fields import CidrField, TenantForeignKey
from authsec.database.scope import ScopedManager
from tenants.models import TenantRow, same_tenant_target

MFA_MAX_AGE = timedelta(days=30)
SUBJECTS = ("user", "group", "service_account", "plan_tier")


def exactly_one_subject() -> models.Q:
    """The CHECK: one of the four subject columns is set, the other three are not."""
    condition = models.Q()
    for subject in SUBJECTS:
        condition |= models.Q(**{f"{name}__isnull": name != subject for name in SUBJECTS})
    return condition


class BindingManager(ScopedManager["Binding"]):
    """Bindings, each once: without the closed copies of terms that were changed."""

    def get_queryset(self) -> models.QuerySet["Binding"]:
        return super().get_queryset().filter(superseded_by=None)


class Binding(TenantRow):
    """What gives access. Never deleted: ending it keeps the history. ``application`` NULL means tenant-wide.

    A change of terms (``authz.binding_changes``) keeps the row and its id, and inserts a closed copy of what it said
    until then, which names the row as ``superseded_by``. ``since``: from when the row's terms are in force; None: since
    it was made. ``objects`` are the bindings, ``terms`` also the copies.
    """

    role = TenantForeignKey("authz.Role", related_name="bindings")
    user = TenantForeignKey("tenants.TenantUser", null=True, blank=True)
    group = TenantForeignKey("authz.Group", null=True, blank=True, related_name="bindings")
    service_account = TenantForeignKey("authz.ServiceAccount", null=True, blank=True, related_name="bindings")
    plan_tier = TenantForeignKey("endusers.PlanTier", null=True, blank=True, related_name="bindings")
    application = TenantForeignKey("authz.Application", null=True, blank=True, related_name="bindings")
    requires_mfa = models.BooleanField(default=False)
    mfa_max_age = models.DurationField(default=MFA_MAX_AGE)
    ip_ranges = ArrayField(CidrField(), null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.UUIDField(null=True, blank=True)
    since = models.DateTimeField(null=True, blank=True)
    superseded_by = TenantForeignKey("self", null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.UUIDField(null=True, blank=True)

    objects: ClassVar[BindingManager] = BindingManager()
    terms: ClassVar[ScopedManager["Binding"]] = ScopedManager()

    class Meta:
        constraints = [
            same_tenant_target("authz_binding"),
            models.CheckConstraint(condition=exactly_one_subject(), name="authz_binding_one_subject"),
            models.CheckConstraint(
                condition=models.Q(superseded_by=None) | models.Q(ended_at__isnull=False),
                name="authz_binding_superseded_is_closed",
            ),
        ]
        indexes = [
            models.Index(
                "tenant",
                models.F("created_at").desc(),
                models.F("id").desc(),
                name="authz_binding_created_idx",
            ),
            models.Index(
                fields=["tenant", "expires_at", "id"],
                condition=models.Q(ended_at__isnull=True, expires_at__isnull=False),
                name="authz_binding_ends_idx",
            ),
            models.Index(fields=["tenant", "user"], name="authz_binding_user_idx"),
            models.Index(fields=["tenant", "group"], name="authz_binding_group_idx"),
            models.Index(fields=["tenant", "service_account"], name="authz_binding_account_idx"),
            models.Index(fields=["tenant", "plan_tier"], name="authz_binding_tier_idx"),
            models.Index(fields=["tenant", "role", "user"], name="authz_binding_role_idx"),
            models.Index(fields=["tenant", "application"], name="authz_binding_app_idx"),
            models.Index(
                fields=["tenant", "superseded_by", "since"],
                condition=models.Q(superseded_by__isnull=False),
                name="authz_binding_superseded_idx",
            ),
            models.Index(
                fields=["ended_at"],
                condition=models.Q(ended_at__isnull=False),
                name="authz_binding_closed_idx",
            ),
        ]
