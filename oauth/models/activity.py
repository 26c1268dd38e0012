"""How often an Application asked about tokens, and what it was answered."""

from django.db import models

from authsec.database.fields import TenantForeignKey
from tenants.models import TenantRow


class CallCount(TenantRow):
    """Calls of one Application by one person or service account, in a minute or a day (UTC) that began at ``start``.

    Of the busiest alone (:mod:`oauth.usage.calls`).
    """

    application = TenantForeignKey("authz.Application")
    subject = models.UUIDField(help_text="A TenantUser's or a service account's id.")
    daily = models.BooleanField(help_text="Of a day; else of a minute.")
    start = models.DateTimeField()
    calls = models.BigIntegerField()
    refused = models.BigIntegerField(help_text="Of them, those that were answered 429.")
    kept_until = models.DateTimeField(help_text="A minute is kept for an hour, a day for two days.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "application", "daily", "start", "subject"], name="oauth_callcount_uniq"
            )
        ]
        indexes = [models.Index(fields=["kept_until"], name="oauth_callcount_kept_idx")]


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
        # What is old goes, whoever it is of.
        indexes = [models.Index(fields=["hour"], name="oauth_count_hour_idx")]
