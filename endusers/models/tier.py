"""Plan tiers, and who held which one from when to when."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import TenantForeignKey
from tenants.models import TenantRow, same_tenant_target


class PlanTier(TenantRow):
    """What a consumer buys from a tenant. A binding subject: its roles reach everybody who holds the tier."""

    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=100)
    rate_limit = models.PositiveIntegerField(null=True, blank=True, help_text="Calls per window.")
    rate_window_s = models.PositiveIntegerField(default=60, help_text="Seconds.")
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            same_tenant_target("endusers_plantier"),
            models.UniqueConstraint(fields=["tenant", "key"], name="endusers_plantier_key_uniq"),
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(is_default=True), name="endusers_plantier_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class EndUserTier(TenantRow):
    """From when to when a consumer held a tier."""

    user = TenantForeignKey("tenants.TenantUser")
    plan_tier = TenantForeignKey(PlanTier)
    from_at = models.DateTimeField(default=timezone.now)
    to_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user"],
                condition=models.Q(to_at__isnull=True),
                name="endusers_tier_one_open",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "user", "from_at"], name="endusers_tier_history_idx"),
            # Who held a tier once: few, beside those who hold it.
            models.Index(
                fields=["tenant", "plan_tier", "user"],
                condition=models.Q(to_at__isnull=False),
                name="endusers_tier_former_idx",
            ),
            models.Index(
                fields=["to_at"], condition=models.Q(to_at__isnull=False), name="endusers_tier_closed_idx"
            ),
        ]
