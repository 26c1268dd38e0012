"""Codes and tokens: the toolkit's models with tenant, Application (``audience``), subject and sign-in.

A token of the management API (the resource ``{issuer}/api``) has neither tenant nor audience.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractDeviceGrant,
    AbstractGrant,
    AbstractIDToken,
    AbstractRefreshToken,
)

from authsec.database.fields import TenantForeignKey, uuid7
from authsec.database.scope import ScopedManager
from oauth.models.client import Client
from oauth.models.columns import identity_reference, text_array


class Issued(models.Model):
    """What every code and token carries besides the toolkit's columns."""

    user_id: UUID | None  # the toolkit's reference to the identity, in each concrete model

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(
        "tenants.Tenant", models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    audience = TenantForeignKey("authz.Application", null=True, blank=True)
    subject = models.UUIDField(
        help_text="users.id, service account id, or identity id for the management API."
    )
    subject_kind = models.CharField(
        max_length=16, default="user", help_text="user, service_account, identity"
    )
    acr = models.CharField(max_length=60, blank=True)
    amr = text_array()
    auth_time = models.DateTimeField(null=True, blank=True)
    mfa_at = models.DateTimeField(null=True, blank=True, help_text="When the second factor was completed.")
    auth_ip = models.GenericIPAddressField(null=True, blank=True)
    requested = ArrayField(
        models.TextField(), default=list, blank=True, help_text="Asked for, whether given or not."
    )
    openid = ArrayField(
        models.TextField(),
        default=list,
        blank=True,
        db_default=models.Value([], output_field=ArrayField(models.TextField())),
        help_text="OpenID Connect scopes that the person allowed: no entitlements.",
    )

    objects = ScopedManager()

    class Meta:
        abstract = True


def tenant_with_audience(table: str) -> models.CheckConstraint:
    """Both set (an Application's token) or neither (the management API's)."""
    return models.CheckConstraint(
        condition=models.Q(tenant__isnull=True, audience__isnull=True)
        | models.Q(tenant__isnull=False, audience__isnull=False),
        name=f"{table}_tenant_with_audience",
    )


def client_reference(*, checked: bool = False) -> models.ForeignKey:
    """The toolkit's ``application``, which here is the OAuth client.

    Not ``checked`` by the database: for each client that is deleted it would read every token, as no index leads from
    one to the other. Only clients that never got a token are deleted, and a consent, which is checked, comes before
    every token (``oauth.cleanup``).
    """
    return models.ForeignKey(
        Client,
        models.CASCADE,
        null=True,
        blank=True,
        db_index=False,
        db_constraint=checked,
        related_name="+",
    )


def session_id() -> models.UUIDField:
    """The ``sid`` of the id_tokens that descend from here, by value: tokens outlive sessions."""
    return models.UUIDField(null=True, blank=True, help_text="An oauth_clientsession, while there is one.")


class Grant(Issued, AbstractGrant):
    """An authorization code (RFC 6749 §4.1.2). ``code`` holds its SHA-256, never the code."""

    user = identity_reference()
    application = client_reference()
    token_family = models.UUIDField(default=uuid7, editable=False)
    consumed_at = models.DateTimeField(null=True, blank=True)
    sid = session_id()

    class Meta(AbstractGrant.Meta):
        constraints = [tenant_with_audience("oauth_grant")]
        indexes = [models.Index(fields=["expires"], name="oauth_grant_expires_idx")]


class AccessToken(Issued, AbstractAccessToken):
    """An access token. The row's id is its ``jti``; only the SHA-256 of the token is kept."""

    user = identity_reference()
    application = client_reference()
    # The toolkit's column, which nothing here fills. A constraint would read all access tokens for each refresh token
    # that the cleanup deletes.
    source_refresh_token = models.ForeignKey(
        "oauth.RefreshToken",
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
        related_name="+",
    )
    id_token = models.ForeignKey(
        "oauth.IDToken", models.SET_NULL, null=True, blank=True, db_index=False, related_name="+"
    )
    token_family = models.UUIDField(null=True, blank=True)
    source_token_id = models.UUIDField(
        null=True, blank=True, help_text="The token it was exchanged for (RFC 8693): it dies with that one."
    )
    act = models.JSONField(
        null=True, blank=True, help_text="Who acts for the subject, the last one outermost (RFC 8693 §4.1)."
    )

    class Meta(AbstractAccessToken.Meta):
        constraints = [tenant_with_audience("oauth_accesstoken")]
        indexes = [
            models.Index(fields=["expires"], name="oauth_accesstoken_expires_idx"),
            models.Index(fields=["tenant", "subject"], name="oauth_accesstoken_subject_idx"),
            models.Index(fields=["token_family"], name="oauth_accesstoken_family_idx"),
        ]


class RefreshToken(Issued, AbstractRefreshToken):
    """A refresh token. ``scope`` is what consent gave: every refresh starts from it and never exceeds it."""

    user = identity_reference()
    application = client_reference()
    access_token = models.OneToOneField(
        "oauth.AccessToken", models.SET_NULL, null=True, blank=True, related_name="refresh_token"
    )
    scope = models.TextField(blank=True)
    expires = models.DateTimeField(help_text="Slides with each use.")
    family_expires = models.DateTimeField(help_text="The end of the whole family, however often it is used.")
    sid = session_id()

    class Meta:
        constraints = [
            tenant_with_audience("oauth_refreshtoken"),
            models.UniqueConstraint(fields=["token_checksum"], name="oauth_refreshtoken_checksum_uniq"),
        ]
        indexes = [
            models.Index(fields=["token_family"], name="oauth_refreshtoken_family_idx"),
            models.Index(fields=["family_expires"], name="oauth_refreshtoken_family_end"),
            models.Index(fields=["tenant", "subject"], name="oauth_refreshtoken_subject_idx"),
        ]


class IDToken(Issued, AbstractIDToken):
    """An OpenID Connect id_token that was issued."""

    user = identity_reference()
    application = client_reference()

    class Meta(AbstractIDToken.Meta):
        indexes = [models.Index(fields=["expires"], name="oauth_idtoken_expires_idx")]


class DeviceGrant(Issued, AbstractDeviceGrant):
    """A device authorization in progress (RFC 8628). ``device_code`` and ``user_code`` hold digests, never the codes.

    Until somebody says yes there is no tenant and no subject: the resource may be known to its own members only.
    """

    client_id: Any = None  # the toolkit's text; ours is the reference below
    sid: Any = None  # a device is signed in on its own, not as long as the browser that said yes
    user = identity_reference()
    application = client_reference(checked=True)
    subject: Any = models.UUIDField(null=True, blank=True)  # known once somebody says yes
    resource = models.JSONField(default=list, blank=True, help_text="The one resource that it is about.")
    token_family = models.UUIDField(default=uuid7, editable=False)
    created = models.DateTimeField(default=timezone.now)
    asked_ip = models.GenericIPAddressField(null=True, blank=True, help_text="Where the device is.")
    # Kept by the token endpoint alone: the toolkit would renew it at every save.
    last_checked = models.DateTimeField(null=True, blank=True)
    consumed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            tenant_with_audience("oauth_devicegrant"),
            models.UniqueConstraint(fields=["device_code"], name="oauth_devicegrant_code_uniq"),
            models.UniqueConstraint(fields=["user_code"], name="oauth_devicegrant_user_code_uniq"),
        ]
        indexes = [models.Index(fields=["expires"], name="oauth_devicegrant_expires_idx")]

    def awaits_its_poll(self, now: datetime) -> bool:
        """Whether somebody said yes and the device has not heard of it."""
        return self.status == self.AUTHORIZED and self.consumed_at is None and self.expires > now
