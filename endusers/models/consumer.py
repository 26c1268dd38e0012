"""A consumer's state in one tenant: kept narrow, because it changes often and there may be millions."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import TenantForeignKey
from authsec.database.scope import ScopedManager
from endusers.models.tier import PlanTier


class EndUser(models.Model):
    """A consumer's row: status, plan tier, rate-limit override, first consent, last seen. Never invited."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"

    user = models.OneToOneField(
        "tenants.TenantUser", models.PROTECT, primary_key=True, db_constraint=False, related_name="end_user"
    )
    tenant = models.ForeignKey("tenants.Tenant", models.PROTECT, db_index=False, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    plan_tier = TenantForeignKey(PlanTier)
    rate_limit_override = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    first_consent_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_by = models.UUIDField(null=True, blank=True)
    suspended_reason = models.CharField(max_length=500, blank=True)

    objects = ScopedManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user"], name="endusers_enduser_tenant_user_uniq"),
            models.CheckConstraint(
                condition=~models.Q(status="suspended") | models.Q(suspended_at__isnull=False),
                name="endusers_enduser_suspended_when",
            ),
        ]
        # One per sort of the list, the key breaking ties so that a page boundary is a point. None knows the status, and
        # more than half of every page is left empty (migration 0019): so a row whose status changes stays on its page,
        # and no index hears of it. Who was ever suspended is found in the index of ``StandingChange``.
        indexes = [
            models.Index(
                "tenant",
                models.F("last_seen_at").desc(nulls_last=True),
                models.F("user").desc(),
                name="endusers_seen_idx",
            ),
            models.Index(
                "tenant",
                models.F("first_consent_at").desc(nulls_last=True),
                models.F("user").desc(),
                name="endusers_consent_idx",
            ),
            models.Index(fields=["tenant", "plan_tier", "user"], name="endusers_tier_idx"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
