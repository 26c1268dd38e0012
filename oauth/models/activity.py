"""How often an Application asked about tokens, and what it was answered."""

from django.db import models

from authsec.database.fields import TenantForeignKey
from tenants.models import TenantRow


class IntrospectionCount(TenantRow):
    """Introspections of one Application in one hour that ended the same way."""

    application = TenantForeignKey("authz.Application")
    hour = models.DateTimeField(help_text="When the hour began.")
    active = models.BooleanField(help_text="What was answered.")
    reason = models.CharField(max_length=24, blank=True, help_text="A key of oauth.reasons.")
    number = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "application", "hour", "active", "reason"],
                name="oauth_introspectioncount_uniq",
            )
        ]
        # What is old goes, whose ever it is.
        indexes = [models.Index(fields=["hour"], name="oauth_count_hour_idx")]
