"""One isolated customer: a workspace, an organization."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import uuid7
from authsec.database.scope import ScopedManager
from tenants.models.base import TenantRow


class Tenant(models.Model):
    """The isolated customer. Its policy compares its own id with the tenant in force."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

    class Plan(models.TextChoices):
        FREE = "free", "Free"
        PRO = "pro", "Pro"
        BUSINESS = "business", "Business"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=100)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    plan = models.CharField(max_length=20, choices=Plan.choices, default=Plan.FREE)
    stripe_customer_id = models.CharField(max_length=64, blank=True)
    personal = models.BooleanField(default=False)
    # Since when the team must have a second factor (nothing: need not), and how long each of them has to set one up.
    second_factor_since = models.DateTimeField(null=True, blank=True)
    second_factor_grace_days = models.PositiveSmallIntegerField(default=14)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager()

    def __str__(self) -> str:
        return self.slug


class TenantClosure(TenantRow):
    """A time in which the tenant was closed, written when it is reopened. The present one is the tenant's own."""

    closed_at = models.DateTimeField()
    reopened_at = models.DateTimeField()
    reopened_by = models.UUIDField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "reopened_at"], name="tenants_closure_idx"),
            models.Index(fields=["reopened_at"], name="tenants_closure_reopened_idx"),
        ]
