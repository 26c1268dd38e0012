"""Every slug that a tenant ever had: the present one, and those that still lead to it."""

from django.db import models
from django.utils import timezone

from tenants.models.base import TenantRow


class SlugHistory(TenantRow):
    """A slug and the tenant that it belongs to, for good: one row a slug, whether in use or left behind.

    Written by the trigger ``claim_slug`` on the tenants' table (sql/slugs.sql), which is what makes a slug unique
    among those in use and those left behind at once.
    """

    slug = models.SlugField(max_length=63, unique=True)
    claimed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["tenant", "claimed_at"], name="tenants_slughistory_tenant_idx")]

    def __str__(self) -> str:
        return self.slug
