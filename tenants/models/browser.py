"""A browser in which somebody said that it need not be asked for the second factor."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import uuid7
from tenants.models.identity import Identity


class TrustedBrowser(models.Model):
    """One person's trust in one browser. Its cookie is kept as a digest; trust ends with every change of how the
    person signs in, of which ``fingerprint`` is the digest.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    identity = models.ForeignKey(Identity, models.CASCADE, db_index=False, related_name="+")
    cookie_digest = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    agent = models.CharField(max_length=400, blank=True, help_text="What the browser said of itself.")
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["identity", "cookie_digest"], name="tenants_trusted_uniq")
        ]
        indexes = [
            models.Index(fields=["cookie_digest"], name="tenants_trusted_cookie_idx"),
            models.Index(fields=["expires_at"], name="tenants_trusted_expires_idx"),
        ]
