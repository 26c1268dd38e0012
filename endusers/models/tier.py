"""Plan tiers, who held which one from when to when, and what a billing system asked for."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import TenantForeignKey
from tenants.models import TenantRow, same_tenant_target


class PlanTier(TenantRow):
    """What a consumer buys from a tenant. A binding subject: its roles reach everybody who holds the tier.

    ``key`` is for programs: it never changes, and no other tier ever gets it. One with ``ended_at`` is retired: nobody
    comes to it any more, and whoever holds it keeps what it gives until they are moved.
    """

    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=100)
    rate_limit = models.PositiveIntegerField(null=True, blank=True, help_text="Calls per window.")
    rate_window_s = models.PositiveIntegerField(default=60, help_text="Seconds.")
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            same_tenant_target("endusers_plantier"),
            models.UniqueConstraint(fields=["tenant", "key"], name="endusers_plantier_key_uniq"),
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(is_default=True), name="endusers_plantier_one_default"
            ),
            models.CheckConstraint(
                condition=models.Q(is_default=False) | models.Q(ended_at=None),
                name="endusers_plantier_default_stands",
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
            # How many came to a tier day by day.
            models.Index(fields=["tenant", "plan_tier", "from_at"], name="endusers_tier_came_idx"),
        ]


class TierMove(TenantRow):
    """One change of a consumer's tier that a billing system asked for under a ``reference`` of its own, and what came
    of it: a repeated call is answered from here. ``effective_at`` is the moment that the billing system names, ``at``
    the moment at which it was decided.
    """

    class Outcome(models.TextChoices):
        MOVED = "moved"
        ALREADY = "already"  # on that tier before
        SUPERSEDED = "superseded"  # something that took effect later was known already

    user = TenantForeignKey("tenants.TenantUser")
    reference = models.CharField(max_length=200)
    plan_tier = TenantForeignKey(PlanTier, help_text="Asked for.")
    was = TenantForeignKey(PlanTier, help_text="Held until then.")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    effective_at = models.DateTimeField()
    at = models.DateTimeField()
    by = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="endusers_tiermove_reference_uniq")
        ]
        indexes = [
            models.Index(fields=["tenant", "user", "effective_at"], name="endusers_tiermove_user_idx"),
            models.Index(fields=["at"], name="endusers_tiermove_at_idx"),
        ]
