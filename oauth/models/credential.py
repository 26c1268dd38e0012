"""What proves and what signs: an Application's own secret, the server's keys."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import TenantForeignKey
from tenants.models import TenantRow


class ResourceCredential(TenantRow):
    """An Application's own id and secret, with which it introspects. Only the secret's SHA-256 is kept."""

    application = TenantForeignKey("authz.Application", related_name="credentials")
    credential_id = models.CharField(max_length=64, unique=True)
    secret_digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.UUIDField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.UUIDField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "application"], name="oauth_credential_app_idx")]


class SigningKey(models.Model):
    """A key that signs tokens. The private part is encrypted with a key from the environment."""

    kid = models.CharField(max_length=64, primary_key=True)
    algorithm = models.CharField(max_length=10)
    public_jwk = models.JSONField()
    private_encrypted = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)
    active_from = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)


class UsedAssertion(models.Model):
    """An assertion by which a client proved itself (RFC 7523 §3, rule 7): kept until it would be over anyway.

    ``digest``: the SHA-256 of the client's key and the ``jti``.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="oauth_usedassertion_exp_idx")]
