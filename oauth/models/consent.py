"""A person's yes, and why a token got its scopes."""

from django.db import models
from django.utils import timezone

from authsec.database.fields import TenantForeignKey
from oauth.models.client import Client
from oauth.models.columns import text_array
from tenants.models import TenantRow, same_tenant_target


class Consent(TenantRow):
    """A person's recorded yes to one client, for one Application and a set of scopes."""

    user = TenantForeignKey("tenants.TenantUser", related_name="consents")
    client = models.ForeignKey(Client, models.CASCADE, db_index=False, related_name="consents")
    application = TenantForeignKey("authz.Application", related_name="consents")
    scopes = text_array()
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When a token was given on it last; it may be used for ten minutes more.",
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            same_tenant_target("oauth_consent"),
            models.UniqueConstraint(
                fields=["tenant", "user", "client", "application"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="oauth_consent_live_uniq",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "user", "client", "application"], name="oauth_consent_user_idx"),
            models.Index(fields=["tenant", "application", "user"], name="oauth_consent_app_idx"),
            models.Index(
                "tenant",
                "client",
                models.F("created_at").desc(),
                models.F("id").desc(),
                condition=models.Q(withdrawn_at__isnull=True),
                name="oauth_consent_live_idx",
            ),
            # Of all tenants: whether anybody ever consented to a client decides whether it may be cleaned up.
            models.Index(fields=["client"], name="oauth_consent_client_idx"),
        ]


class Decision(TenantRow):
    """Why a token got its scopes. By value, no reference to the token: it outlives it."""

    token_id = models.UUIDField(help_text="The access token's jti.")
    subject = models.UUIDField()
    subject_kind = models.CharField(max_length=16, default="user")
    client_id = models.UUIDField()
    client_name = models.CharField(max_length=255, blank=True)
    application_id = models.UUIDField()
    grant_type = models.CharField(max_length=60)
    at = models.DateTimeField(default=timezone.now)
    requested = text_array()
    entitled = text_array()
    supported = text_array()
    granted = text_array()
    pending = text_array()
    act = models.JSONField(null=True, blank=True, help_text="Who acted for the subject (RFC 8693 §4.1).")
    first_used_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the Application asked about the token first and was answered active.",
    )
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="And last, to within two minutes.")

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "token_id"], name="oauth_decision_token_idx"),
            models.Index(fields=["tenant", "application_id", "at", "id"], name="oauth_decision_app_idx"),
            models.Index(fields=["tenant", "subject", "at"], name="oauth_decision_subject_idx"),
            models.Index(fields=["at"], name="oauth_decision_at_idx"),
        ]
