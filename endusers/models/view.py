"""Filters of the End Users list that a member keeps under a name."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import TenantForeignKey
from tenants.models import TenantRow


class SavedView(TenantRow):
    """One member's own view of the list: ``query`` is the address's query string, nothing but filters and order."""

    user = TenantForeignKey("tenants.TenantUser")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=1000)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user", "name"], name="endusers_savedview_name_uniq")
        ]
