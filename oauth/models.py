"""Clients, codes, tokens, consents and keys: django-oauth-toolkit's six models swapped, and our own beside them.

Token models carry the tenant, the Application (``audience``), the subject that Applications see, and how the person
signed in. A token of the management API (the resource ``{issuer}/api``) has neither tenant nor audience.
"""

from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractApplication,
    AbstractDeviceGrant,
    AbstractGrant,
    AbstractIDToken,
    AbstractRefreshToken,
)

from authsec.database.fields import TenantForeignKey, uuid7
from authsec.database.scope import ScopedManager
from oauth.documents.location import host_of
from tenants.models import TenantRow, same_tenant_target


def text_array() -> ArrayField:
    """A ``text[]`` that is empty by default."""
    return ArrayField(models.TextField(), default=list, blank=True)


def identity_reference() -> models.ForeignKey:
    """The toolkit's ``user``: the identity; no index of its own, nobody looks tokens up by it alone."""
    return models.ForeignKey(
        "tenants.Identity", models.CASCADE, null=True, blank=True, db_index=False, related_name="+"
    )


class Client(AbstractApplication):
    """What asks for tokens. Without a tenant it belongs to the installation (registered by itself or by document)."""

    class AuthMethod(models.TextChoices):
        NONE = "none", "none (public)"
        BASIC = "client_secret_basic", "client_secret_basic"
        POST = "client_secret_post", "client_secret_post"
        PRIVATE_KEY_JWT = "private_key_jwt", "private_key_jwt"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(
        "tenants.Tenant", models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    user = identity_reference()
    service_account = TenantForeignKey("authz.ServiceAccount", null=True, blank=True)
    token_endpoint_auth_method = models.CharField(
        max_length=30, choices=AuthMethod.choices, default=AuthMethod.NONE
    )
    grant_types = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    api_access = models.BooleanField(default=False, help_text="May ask for the management API's scopes.")
    client_uri = models.CharField(max_length=500, blank=True)
    metadata = models.JSONField(
        default=dict, blank=True, help_text="What the client said when it registered."
    )
    document_fetched_at = models.DateTimeField(
        null=True, blank=True, help_text="When the document that is this client's id was read last."
    )
    last_used_at = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)

    class Meta(AbstractApplication.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(service_account__isnull=True) | models.Q(tenant__isnull=False),
                name="oauth_client_account_has_tenant",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "created"], name="oauth_client_tenant_idx"),
            models.Index(
                fields=["created"],
                condition=models.Q(tenant__isnull=True, last_used_at__isnull=True),
                name="oauth_client_unused_idx",
            ),
        ]

    @property
    def document_host(self) -> str:
        """The host that this client's document was fetched from, the one thing proved of it; '' without a document."""
        by_document = self.registration_source == self.RegistrationSource.CIMD
        return host_of(self.client_id) if by_document else ""

    @property
    def known_as(self) -> str:
        """The name, with the checked host where there is one, for what is written down for later."""
        return f"{self.name} ({host})"[:255] if (host := self.document_host) else self.name


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


def client_reference() -> models.ForeignKey:
    """The toolkit's ``application``, which here is the OAuth client."""
    return models.ForeignKey(Client, models.CASCADE, null=True, blank=True, db_index=False, related_name="+")


class Grant(Issued, AbstractGrant):
    """An authorization code (RFC 6749 §4.1.2). ``code`` holds its SHA-256, never the code."""

    user = identity_reference()
    application = client_reference()
    token_family = models.UUIDField(default=uuid7, editable=False)
    consumed_at = models.DateTimeField(null=True, blank=True)

    class Meta(AbstractGrant.Meta):
        constraints = [tenant_with_audience("oauth_grant")]
        indexes = [models.Index(fields=["expires"], name="oauth_grant_expires_idx")]


class AccessToken(Issued, AbstractAccessToken):
    """An access token. The row's id is its ``jti``; only the SHA-256 of the token is kept."""

    user = identity_reference()
    application = client_reference()
    source_refresh_token = models.ForeignKey(
        "oauth.RefreshToken", models.SET_NULL, null=True, blank=True, db_index=False, related_name="+"
    )
    id_token = models.ForeignKey(
        "oauth.IDToken", models.SET_NULL, null=True, blank=True, db_index=False, related_name="+"
    )
    token_family = models.UUIDField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

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
    """A device authorization in progress (RFC 8628). Codes are kept as digests."""

    user = identity_reference()
    subject = models.UUIDField(null=True, blank=True)  # type: ignore[assignment]  # known once somebody says yes

    class Meta:
        constraints = [models.UniqueConstraint(fields=["device_code"], name="oauth_devicegrant_code_uniq")]
        indexes = [models.Index(fields=["expires"], name="oauth_devicegrant_expires_idx")]


class ClientApproval(TenantRow):
    """The tenant's word on a client. Without a row the tenant's policy decides."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        APPROVED = "approved", "Approved"
        DENIED = "denied", "Denied"

    client = models.ForeignKey(Client, models.CASCADE, db_index=False, related_name="approvals")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.UUIDField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "client"], name="oauth_clientapproval_uniq"),
        ]
        indexes = [
            models.Index(
                "tenant",
                models.F("last_seen_at").desc(),
                models.F("id").desc(),
                name="oauth_clientapproval_seen_idx",
            )
        ]


class ClientPolicy(TenantRow):
    """Which clients of the installation a tenant lets in, by how they came. Without a row: open."""

    class Policy(models.TextChoices):
        OPEN = "open", "Any client; consent and entitlement still decide"
        REVIEW = "review", "Each new client waits for review"
        ALLOW_LIST = "allow_list", "Only clients of listed hosts"

    metadata_policy = models.CharField(max_length=10, choices=Policy.choices, default=Policy.OPEN)
    registration_policy = models.CharField(max_length=10, choices=Policy.choices, default=Policy.OPEN)
    allowed_hosts = ArrayField(models.CharField(max_length=255), default=list, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="oauth_clientpolicy_uniq")]


class ClientApplication(TenantRow):
    """An Application that a pre-registered client is limited to. Exactly one makes ``resource`` optional."""

    client = models.ForeignKey(Client, models.CASCADE, db_index=False, related_name="applications")
    application = TenantForeignKey("authz.Application")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "client", "application"], name="oauth_clientapplication_uniq"
            )
        ]


class Consent(TenantRow):
    """A person's recorded yes to one client, for one Application and a set of scopes."""

    user = TenantForeignKey("tenants.TenantUser", related_name="consents")
    client = models.ForeignKey(Client, models.CASCADE, db_index=False, related_name="consents")
    application = TenantForeignKey("authz.Application", related_name="consents")
    scopes = text_array()
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
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
            models.Index(fields=["tenant", "client", "user"], name="oauth_consent_client_idx"),
        ]


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

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "token_id"], name="oauth_decision_token_idx"),
            models.Index(fields=["tenant", "subject", "at"], name="oauth_decision_subject_idx"),
        ]
